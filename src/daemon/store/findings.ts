import type { Finding } from '../../model/report.ts';
import type { Sights } from '../sights.ts';
import type { Track } from '../transitions.ts';
import type { FindingQuery, FindingRecord, Page, Transition, TransitionKind } from '../types.ts';
import { limitOf, ofCluster, timeText } from './clusters.ts';
import type { Database, Value } from './database.ts';
import { inTimeOrder } from './timeline.ts';

interface FindingRow {
  readonly id: number;
  readonly cluster: string;
  readonly fingerprint: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly last_run_id: string;
  readonly resolved_at: number | null;
  readonly openings: number;
  readonly misses: number;
  readonly hits: number;
  readonly body: string;
  readonly sights: string;
}

/** A track with its row, so that only what changed is written. */
export interface StoredTrack {
  readonly row: number;
  readonly body: string;
  readonly track: Track;
}

const SELECT = `SELECT findings.id, clusters.name AS cluster, fingerprint, first_seen, last_seen, last_run_id, resolved_at,
  openings, misses, hits, body, sights FROM findings JOIN clusters ON clusters.id = findings.cluster
  JOIN finding_texts ON finding_texts.finding = findings.id`;

/** Findings of a cluster that are open, and those of these fingerprints. */
export function tracksOf(
  database: Database,
  cluster: number,
  told: readonly Finding[],
): ReadonlyMap<string, StoredTrack> {
  const rows = [...database.all<FindingRow>(`${SELECT} WHERE findings.cluster = ? AND state = 'open'`, [cluster])];
  // Resolved ones matter too while they are seen again: a run that does not see them ends that.
  rows.push(
    ...database.all<FindingRow>(`${SELECT} WHERE findings.cluster = ? AND state = 'resolved' AND hits > 0`, [cluster]),
  );
  const known = new Set(rows.map(({ fingerprint }) => fingerprint));
  for (const { fingerprint } of told) {
    if (known.has(fingerprint)) continue;
    known.add(fingerprint);
    const row = database.get<FindingRow>(`${SELECT} WHERE findings.cluster = ? AND fingerprint = ?`, [
      cluster,
      fingerprint,
    ]);
    if (row !== undefined) rows.push(row);
  }
  return new Map(rows.map((row) => [row.fingerprint, { row: row.id, body: row.body, track: trackOf(row) }]));
}

function trackOf(row: FindingRow): Track {
  return {
    finding: JSON.parse(row.body) as Finding,
    firstSeenAt: timeText(row.first_seen),
    lastSeenAt: timeText(row.last_seen),
    lastRun: row.last_run_id,
    openings: row.openings,
    ...(row.resolved_at === null ? {} : { resolvedAt: timeText(row.resolved_at) }),
    misses: row.misses,
    hits: row.hits,
    sights: JSON.parse(row.sights) as Sights,
  };
}

/** `seq`: place of the run that is being kept. */
export function writeTrack(
  database: Database,
  place: { readonly cluster: number; readonly run: string; readonly seq: number },
  track: Track,
  known: StoredTrack | undefined,
): void {
  const { finding, openings, misses, hits } = track;
  const body = JSON.stringify(finding);
  const sights = JSON.stringify(track.sights);
  const values: readonly Value[] = [
    finding.severity,
    finding.channel,
    track.resolvedAt === undefined ? 'open' : 'resolved',
    finding.change ?? 'unchanged',
    Date.parse(track.lastSeenAt),
    track.lastRun,
    track.resolvedAt === undefined ? null : Date.parse(track.resolvedAt),
    openings,
    misses,
    hits,
  ];
  if (known === undefined) {
    const { id } = database.run(
      `INSERT INTO findings (severity, channel, state, change, last_seen, last_run_id, resolved_at, openings, misses, hits,
         cluster, fingerprint, first_seen, first_run, last_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [...values, place.cluster, finding.fingerprint, Date.parse(track.firstSeenAt), place.seq, place.seq],
    );
    database.run('INSERT INTO finding_texts (finding, body, sights) VALUES (?, ?, ?)', [id, body, sights]);
    return;
  }
  const last = track.lastRun === place.run ? ', last_run = ?' : '';
  database.run(
    `UPDATE findings SET severity = ?, channel = ?, state = ?, change = ?, last_seen = ?, last_run_id = ?, resolved_at = ?,
       openings = ?, misses = ?, hits = ?${last} WHERE id = ?`,
    [...values, ...(last === '' ? [] : [place.seq]), known.row],
  );
  if (body !== known.body || sights !== JSON.stringify(known.track.sights)) {
    database.run('UPDATE finding_texts SET body = ?, sights = ? WHERE finding = ?', [body, sights, known.row]);
  }
}

/** What SQLite takes for no limit. */
const ALL = -1;

/** Open ones before resolved ones, the worst and then the newest first. */
export function listFindings(database: Database, query: FindingQuery): readonly FindingRecord[] {
  const scope = ofCluster(database, 'findings', query.cluster);
  if (scope === undefined) return [];
  const { state = 'all', severity, channel } = query;
  const conditions = [
    ...(state === 'all' ? [] : ['state = ?']),
    ...(severity === undefined ? [] : [`severity IN (${severity.map(() => '?').join(', ')})`]),
    ...(channel === undefined ? [] : ['channel = ?']),
  ];
  const rows = database.all<FindingRow>(
    `${SELECT} WHERE 1 ${scope.where} ${conditions.map((one) => `AND ${one}`).join(' ')}
     ORDER BY state = 'resolved', ${SEVERITY_ORDER}, first_seen DESC, findings.id DESC LIMIT ? OFFSET ?`,
    [
      ...scope.values,
      ...(state === 'all' ? [] : [state]),
      ...(severity ?? []),
      ...(channel === undefined ? [] : [channel]),
      query.limit === undefined ? ALL : limitOf(query.limit),
      query.skip ?? 0,
    ],
  );
  return rows.map(recordOf);
}

/** All, in the order in which they were first told, from behind one on. */
export function findingsAfter(
  database: Database,
  id: number,
  limit: number,
): readonly { readonly id: number; readonly record: FindingRecord }[] {
  const rows = database.all<FindingRow>(`${SELECT} WHERE findings.id > ? ORDER BY findings.id LIMIT ?`, [id, limit]);
  return rows.map((row) => ({ id: row.id, record: recordOf(row) }));
}

const SEVERITY_ORDER =
  "CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END";

function recordOf(row: FindingRow): FindingRecord {
  return {
    cluster: row.cluster,
    finding: JSON.parse(row.body) as Finding,
    firstSeenAt: timeText(row.first_seen),
    lastSeenAt: timeText(row.last_seen),
    lastRun: row.last_run_id,
    ...(row.resolved_at === null ? {} : { resolvedAt: timeText(row.resolved_at) }),
    openings: row.openings,
  };
}

/** `still` is not kept: it would be one row a finding and run, and says nothing that the finding does not. */
export function writeTransitions(database: Database, cluster: number, transitions: readonly Transition[]): void {
  for (const { run, at, kind, firstSeenAt, finding } of transitions) {
    if (kind === 'still') continue;
    database.run('INSERT INTO transitions (cluster, run, at, kind, first_seen, body) VALUES (?, ?, ?, ?, ?, ?)', [
      cluster,
      run,
      Date.parse(at),
      kind,
      Date.parse(firstSeenAt),
      JSON.stringify(finding),
    ]);
  }
}

export function listTransitions(database: Database, cluster: string | undefined, page: Page): readonly Transition[] {
  const rows = inTimeOrder<{
    name: string;
    run: string;
    at: number;
    kind: string;
    first_seen: number;
    body: string;
  }>(database, 'transitions', cluster, page);
  return rows.map((row) => ({
    cluster: row.name,
    run: row.run,
    at: timeText(row.at),
    kind: row.kind as TransitionKind,
    finding: JSON.parse(row.body) as Finding,
    firstSeenAt: timeText(row.first_seen),
  }));
}
