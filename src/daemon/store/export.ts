import { jsonLine } from '../../report/jsonl.ts';
import type { Database } from './database.ts';
import { findingsAfter } from './findings.ts';
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
    for (const { row, report } of rows) yield jsonLine({ record: 'run', ...rowSummary(row), report });
    seq = rows.at(-1)?.row.seq ?? seq;
    more = rows.length === BATCH;
  }
  for (let id = 0, more = true; more; ) {
    const rows = use((database) => findingsAfter(database, id, BATCH));
    for (const { record } of rows) yield jsonLine({ record: 'finding', ...record });
    id = rows.at(-1)?.id ?? id;
    more = rows.length === BATCH;
  }
  for (let seq = 0, more = true; more; ) {
    const rows = use((database) =>
      database.all<HappeningRow>(
        `SELECT happenings.*, clusters.name FROM happenings LEFT JOIN clusters ON clusters.id = happenings.cluster
         WHERE seq > ? ORDER BY seq LIMIT ?`,
        [seq, BATCH],
      ),
    );
    for (const row of rows) yield jsonLine({ record: 'happening', ...happeningOf(row) });
    seq = rows.at(-1)?.seq ?? seq;
    more = rows.length === BATCH;
  }
}
