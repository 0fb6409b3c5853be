import t from 'tap';
import { ALL_TARGETS, available, missingFor } from '../support/targets/start.ts';
import { readTargetsAgain } from './both-ways.ts';

const IDS = ALL_TARGETS.filter((id) => /^[CD]/.test(id));

t.test(
  'a capture of the survey of an OpenSSL or GnuTLS server gives what the survey says',
  { skip: available(IDS).length > 0 ? false : missingFor(...IDS) },
  (t) => readTargetsAgain(t, available(IDS)),
);
