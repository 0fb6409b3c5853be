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
  const runs = batches(
    (after) =>
      use((database) =>
        runsAfter(database, after, BATCH).map((row) => ({ row, report: reportOf(database, row, path) })),
      ),
    ({ row }) => row.seq,
  );
  for (const { row, report } of runs) yield jsonLine({ record: 'run', ...rowSummary(row), report });
  const findings = batches(
    (after) => use((database) => findingsAfter(database, after, BATCH)),
    ({ id }) => id,
  );
  for (const { record } of findings) yield jsonLine({ record: 'finding', ...record });
  const happenings = batches(
    (after) =>
      use((database) =>
        database.all<HappeningRow>(
          `SELECT happenings.*, clusters.name FROM happenings LEFT JOIN clusters ON clusters.id = happenings.cluster
           WHERE seq > ? ORDER BY seq LIMIT ?`,
          [after, BATCH],
        ),
      ),
    ({ seq }) => seq,
  );
  for (const row of happenings) yield jsonLine({ record: 'happening', ...happeningOf(row) });
}

/** Rows in the order of their places, each batch behind the last place of the one before. */
function* batches<T>(read: (after: number) => readonly T[], placeOf: (row: T) => number): Generator<T> {
  for (let rows = read(0); ; rows = read(placeOf(rows.at(-1)!))) {
    yield* rows;
    if (rows.length < BATCH) return;
  }
}
