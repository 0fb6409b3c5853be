import { TAGS } from '../web/html-text.ts';
import { type Mark, shape } from '../web/shapes.ts';
import type { Fragment } from '../web/template.ts';
import type { Result } from './endpoint-rows.ts';

const MARKS: Readonly<Record<Result | 'INFO', Mark>> = {
  PASS: 'pass',
  FAIL: 'fail',
  WARN: 'warn',
  INFO: 'not-seen',
  INCONCLUSIVE: 'inconclusive',
  ERROR: 'inconclusive',
  'NOT SEEN': 'not-seen',
  WAIVED: 'waived',
};

/** Mark of a result as the text report words it. */
export function markOf(result: string): Mark {
  return MARKS[result as Result] ?? 'not-seen';
}

/** Shape and word: neither needs colour. */
export function word(mark: Mark, text: string): Fragment {
  return TAGS.html`<span class="sign ${mark}">${shape(TAGS, mark)}<span>${text}</span></span>`;
}
