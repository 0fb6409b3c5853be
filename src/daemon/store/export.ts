import type { Database } from './database.ts';
import { listFindings } from './findings.ts';
import { reportOf, rowSummary, runsAfter } from './runs.ts';
import { type HappeningRow, happeningOf } from './timeline.ts';

/** Rows that are read at once: between two batches others may write. */
const BATCH = 16;

/**
 * One JSON object a line, without its end: `{"record":"run",…,"report":{…}}` in the order in which they were kept, then
 * `finding`, then `happening`.
 */
export function* exportLines(use: <T>(work: (database: Database) => T) => T, path: string): Generator<string> {
  for (let seq = 0, more = true; more; ) {
    const rows = use((database) =>
      runsAfter(database, seq, BATCH).map((row) => ({ row, report: reportOf(database, row, path) })),
    );
    for (const { row, report } of rows) yield line({ record: 'run', ...rowSummary(row), report });
    seq = rows.at(-1)?.row.seq ?? seq;
    more = rows.length === BATCH;
  }
  for (const finding of use((database) => listFindings(database, {}))) yield line({ record: 'finding', ...finding });
  for (let seq = 0, more = true; more; ) {
    const rows = use((database) =>
      database.all<HappeningRow>(
        `SELECT happenings.*, clusters.name FROM happenings LEFT JOIN clusters ON clusters.id = happenings.cluster
         WHERE seq > ? ORDER BY seq LIMIT ?`,
        [seq, BATCH],
      ),
    );
    for (const row of rows) yield line({ record: 'happening', ...happeningOf(row) });
    seq = rows.at(-1)?.seq ?? seq;
    more = rows.length === BATCH;
  }
}

/** U+2028, U+2029 and U+0085 are legal in JSON but end a line for some readers. */
function line(record: object): string {
  return JSON.stringify(record).replace(
    /[\u2028\u2029\u0085]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
