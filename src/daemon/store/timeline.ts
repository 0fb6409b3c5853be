import type { Happening, HappeningKind, Page } from '../types.ts';
import { clusterNumber, limitOf, ofCluster, timeText } from './clusters.ts';
import type { Database } from './database.ts';

/**
 * Rows of a table that have a time, newest first; of one time, the last one that was kept first. A page ends with all
 * rows of its last time, so that the time is where the next one begins: nothing is left out between them.
 */
export function inTimeOrder<R>(
  database: Database,
  table: 'transitions' | 'happenings',
  cluster: string | undefined,
  page: Page,
): readonly R[] {
  const scope = ofCluster(database, table, cluster);
  const limit = limitOf(page.limit);
  if (scope === undefined || limit === 0) return [];
  const before = page.before === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(page.before);
  if (Number.isNaN(before)) return [];
  const where = `at < ? ${scope.where}`;
  const last = database.get<{ at: number }>(
    `SELECT at FROM ${table} WHERE ${where} ORDER BY at DESC, seq DESC LIMIT 1 OFFSET ?`,
    [before, ...scope.values, limit - 1],
  );
  return database.all<R>(
    `SELECT ${table}.*, clusters.name FROM ${table} LEFT JOIN clusters ON clusters.id = ${table}.cluster
     WHERE ${where} AND at >= ? ORDER BY at DESC, seq DESC`,
    [before, ...scope.values, last?.at ?? Number.MIN_SAFE_INTEGER],
  );
}

export function insertHappening(database: Database, { cluster, kind, at, member, text }: Happening): void {
  database.run('INSERT INTO happenings (cluster, kind, at, member, text) VALUES (?, ?, ?, ?, ?)', [
    cluster === null ? null : clusterNumber(database, cluster),
    kind,
    Date.parse(at),
    member ?? null,
    text,
  ]);
}

export interface HappeningRow {
  readonly seq: number;
  readonly name: string | null;
  readonly kind: string;
  readonly at: number;
  readonly member: string | null;
  readonly text: string;
}

export function listHappenings(database: Database, cluster: string | undefined, page: Page): readonly Happening[] {
  return inTimeOrder<HappeningRow>(database, 'happenings', cluster, page).map(happeningOf);
}

export function happeningOf({ name, kind, at, member, text }: HappeningRow): Happening {
  return {
    cluster: name,
    kind: kind as HappeningKind,
    at: timeText(at),
    ...(member === null ? {} : { member }),
    text,
  };
}
