import type { ChannelCell, FindingRecord } from '../daemon/types.ts';
import { type Coverage, type Finding, SEVERITIES, type Severity } from '../model/report.ts';
import type { Fragment, Tags } from './template.ts';

/** Verdicts as the page says them: word, colour and shape, so that none of the three has to be seen. */
export type Mark = ChannelCell['verdict'];

export const MARK_WORDS: Readonly<Record<Mark, string>> = {
  fail: 'FAIL',
  warn: 'WARN',
  inconclusive: 'UNKNOWN',
  'not-seen': 'NOT SEEN',
  waived: 'WAIVED',
  pass: 'PASS',
};

/** Worst first: the order in which they are counted. */
export const MARKS: readonly Mark[] = ['fail', 'warn', 'inconclusive', 'not-seen', 'waived', 'pass'];

/** Filled is bad, hollow is open, a line is fine. On a grid of 16. */
const PATHS: Readonly<Record<Mark, string>> = {
  fail: 'M5 1h6l4 4v6l-4 4H5l-4-4V5zm.6 3.2L4.2 5.6 6.6 8l-2.4 2.4 1.4 1.4L8 9.4l2.4 2.4 1.4-1.4L9.4 8l2.4-2.4-1.4-1.4L8 6.6z',
  warn: 'M8 1.2 15.4 14.8H.6zM7.1 6v4.4h1.8V6zm0 5.5v1.8h1.8v-1.8z',
  inconclusive:
    'M8 .8A7.2 7.2 0 1 1 8 15.2 7.2 7.2 0 0 1 8 .8zm0 1.5a5.7 5.7 0 1 0 0 11.4A5.7 5.7 0 0 0 8 2.3zM7.2 11h1.6v1.5H7.2zM5.4 6.4C5.4 4.8 6.5 3.9 8.05 3.9s2.6.9 2.6 2.3c0 1.9-1.9 1.9-1.9 3.3v.5H7.2v-.7c0-2 1.8-2 1.8-3 0-.6-.4-.95-1-.95-.65 0-1.05.4-1.05 1.05z',
  'not-seen': 'M2 7.2h3v1.6H2zm4.5 0h3v1.6h-3zm4.5 0h3v1.6h-3z',
  waived: 'M1.5 1.5h13v13h-13zM3 3v8.9L11.9 3zm10 1.1L4.1 13H13z',
  pass: 'M13.3 3.3 14.5 4.5 6.3 12.7 1.7 8.1l1.2-1.2 3.4 3.4z',
};

export function shape({ html }: Tags, mark: Mark): Fragment {
  return html`<svg class="shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path fill-rule="evenodd" d="${PATHS[mark] ?? ''}" /></svg>`;
}

/** Shape and word. */
export function sign(tags: Tags, mark: Mark): Fragment {
  return tags.html`<span class="sign ${mark}">${shape(tags, mark)}<span>${MARK_WORDS[mark] ?? mark}</span></span>`;
}

/** As the verdict of a cell would be: what is less than `failOn` is a warning. */
export function findingMark({ finding, resolvedAt }: FindingRecord, failOn: Severity = 'medium'): Mark {
  if (resolvedAt !== undefined) return 'pass';
  if (finding.waived !== null) return 'waived';
  if (finding.verdict !== 'fail') return 'inconclusive';
  return SEVERITIES.indexOf(finding.severity) > SEVERITIES.indexOf(failOn) ? 'warn' : 'fail';
}

/** In the order in which they are shown. */
export const WITNESSES = ['wire', 'handshake', 'promise', 'record'] as const;

export function verdictMark(verdict: Coverage['verdict'] | Finding['witnesses']['wire']): Mark {
  switch (verdict) {
    case 'pass':
    case 'fail':
    case 'inconclusive':
      return verdict;
    case 'not-seen':
    case 'not-heard':
    case 'not-applicable':
      return 'not-seen';
  }
}
