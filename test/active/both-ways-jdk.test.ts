import t from 'tap';
import { ALL_TARGETS, missingFor } from '../support/targets/start.ts';
import { readTargetsAgain } from './both-ways.ts';

const IDS = ALL_TARGETS.filter((id) => /^[AB]/.test(id));

t.test('a capture of the survey of a JDK server gives what the survey says', { skip: missingFor(...IDS) }, (t) =>
  readTargetsAgain(t, IDS),
);
