import { timeText } from './clusters.ts';
import type { Database } from './database.ts';
import { tracksOf, writeTransitions } from './findings.ts';

/** Resolves what is open of all clusters but these, with their certificates. `at`: milliseconds since the epoch. */
export function leaveClusters(
  database: Database,
  there: readonly string[],
  at: number,
): readonly { readonly cluster: string; readonly findings: number }[] {
  const known = database.all<{ id: number; name: string }>('SELECT id, name FROM clusters ORDER BY id');
  const left = known.filter(({ name }) => !there.includes(name));
  return left.flatMap(({ id, name }) => {
    database.run('UPDATE certificates SET gone_at = ? WHERE cluster = ? AND gone_at IS NULL', [at, id]);
    const open = [...tracksOf(database, id, []).values()].filter(({ track }) => track.resolvedAt === undefined);
    if (open.length === 0) return [];
    // As certificates, they come back with the first run that sees them.
    database.run(
      "UPDATE findings SET state = 'resolved', resolved_at = ?, misses = 0, hits = 0 WHERE cluster = ? AND state = 'open'",
      [at, id],
    );
    const transitions = open.map(({ track: { finding, firstSeenAt, lastRun } }) => ({
      ...{ cluster: name, run: lastRun, at: timeText(at), kind: 'resolved' as const },
      ...{ finding, firstSeenAt },
    }));
    writeTransitions(database, id, transitions);
    return [{ cluster: name, findings: open.length }];
  });
}
