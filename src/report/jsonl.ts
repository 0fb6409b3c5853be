import type { Finding, Observation, Report } from '../model/report.ts';

/** One line of `jsonl`. `summary` is the last one and holds the rest of the report. */
export type JsonlRecord =
  | ({ readonly record: 'observation' } & Observation)
  | ({ readonly record: 'finding' } & Finding)
  | ({ readonly record: 'summary' } & Omit<Report, 'observations' | 'findings'> & {
        readonly counts: { readonly observations: number; readonly findings: number };
      });

/** The records of a report in the order of the lines: observations, findings, summary. */
export function jsonlRecords(report: Report): JsonlRecord[] {
  const { observations, findings, ...rest } = report;
  return [
    ...observations.map((observation) => ({ record: 'observation', ...observation }) as const),
    ...findings.map((finding) => ({ record: 'finding', ...finding }) as const),
    { record: 'summary', ...rest, counts: { observations: observations.length, findings: findings.length } },
  ];
}

/** One JSON object a line; JSON escapes every line break, so that a line is always whole. */
export function formatJsonl(report: Report): string {
  return [...jsonlPieces(report)].join('');
}

/** The same text line by line. */
export function* jsonlPieces(report: Report): Generator<string> {
  for (const record of jsonlRecords(report)) yield `${jsonLine(record)}\n`;
}

/** JSON on one line, without its end: U+2028, U+2029 and U+0085 are legal in JSON but end a line for some readers. */
export function jsonLine(record: object): string {
  return JSON.stringify(record).replace(
    /[\u2028\u2029\u0085]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
