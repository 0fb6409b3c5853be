import type { Database } from './database.ts';

/** Number of a cluster, which is given one where it has none yet. */
export function clusterNumber(database: Database, name: string): number {
  const known = database.get<{ id: number }>('SELECT id FROM clusters WHERE name = ?', [name]);
  return known?.id ?? database.run('INSERT INTO clusters (name) VALUES (?)', [name]).id;
}

/** `AND TABLE.cluster = ?` for a query over one cluster, nothing for one over all. Undefined: there is no such cluster. */
export function ofCluster(
  database: Database,
  table: string,
  name: string | undefined,
): { readonly where: string; readonly values: readonly number[] } | undefined {
  if (name === undefined) return { where: '', values: [] };
  const known = database.get<{ id: number }>('SELECT id FROM clusters WHERE name = ?', [name]);
  return known === undefined ? undefined : { where: `AND ${table}.cluster = ?`, values: [known.id] };
}

export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Rows that one page holds at most, whatever is asked for. */
const MAX_ROWS = 10_000;

export function limitOf(limit: number): number {
  if (Number.isNaN(limit)) return MAX_ROWS;
  return Math.min(Math.max(0, Math.trunc(limit)), MAX_ROWS);
}
