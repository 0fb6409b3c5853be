import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Observation, type Report, SEVERITIES, type Severity } from '../../model/report.ts';
import { failedCounts } from '../open-counts.ts';
import type { Page, Run, RunSummary, Trigger } from '../types.ts';
import { limitOf, ofCluster, timeText } from './clusters.ts';
import type { Database, Value } from './database.ts';
import { StoreFailure } from './failure.ts';
import { type Pieces, putTogether, takeApart } from './pieces.ts';

/** Observations of one report that are kept; those that a finding cites come first. */
export const MAX_OBSERVATIONS = 5_000;
const HASH_BYTES = 16;
/**
 * zlib writes into buffers of this size. Pieces are small, and read by the hundred: its own 16 KiB each would be megabytes
 * of garbage a run, outside of the heap, which Node's pool of small buffers is not.
 */
const CHUNK_BYTES = 4000;

/** A run, ready to be written: all that takes time is done before the transaction begins. */
export interface PackedRun {
  readonly summary: RunSummary;
  readonly parts: readonly { readonly hash: Uint8Array; readonly text: string }[];
  readonly shapeHash: Uint8Array;
  readonly head: string;
  readonly counts: Pieces['counts'];
  readonly varying: Uint8Array;
}

export function pack(run: Run): PackedRun {
  const { kept, leftOut } = limited(run.report);
  const { parts, head, counts, varying } = takeApart(kept);
  const hashed = parts.map((text) => ({ hash: hashOf(text), text }));
  const shape = createHash('sha256').update(head).update(JSON.stringify(counts));
  for (const { hash } of hashed) shape.update(hash);
  return {
    summary: { ...summaryOf(run), ...(leftOut === 0 ? {} : { leftOut }) },
    parts: hashed,
    shapeHash: shape.digest().subarray(0, HASH_BYTES),
    head,
    counts,
    varying: deflated(varying),
  };
}

function deflated(text: string): Uint8Array {
  return deflateRawSync(text, { chunkSize: CHUNK_BYTES });
}

function inflated(bytes: Uint8Array): string {
  return inflateRawSync(bytes, { chunkSize: CHUNK_BYTES }).toString();
}

/** Returns the place of the run in the order in which runs were kept. */
export function insertRun(database: Database, cluster: number, packed: PackedRun): number {
  const { summary } = packed;
  const { id, trigger, startedAt, finishedAt, verdict, complete, failed, inconclusive, waived, leftOut } = summary;
  const isGood = complete && verdict === 'pass' && trigger !== 'live';
  return database.run(
    `INSERT INTO runs (id, cluster, cause, started_at, finished_at, verdict, complete, failed, inconclusive, waived,
       left_out, good, passing, shape, varying) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      id,
      cluster,
      trigger,
      Date.parse(startedAt),
      Date.parse(finishedAt),
      verdict,
      complete ? 1 : 0,
      JSON.stringify(SEVERITIES.map((severity) => failed[severity])),
      inconclusive,
      waived,
      leftOut ?? 0,
      isGood ? 1 : 0,
      verdict === 'pass' ? 1 : 0,
      shapeNumber(database, packed),
      packed.varying,
    ],
  ).id;
}

interface ShapeContent {
  readonly head: string;
  readonly counts: Pieces['counts'];
  readonly parts: readonly number[];
}

/** A shape that is there has all its parts. */
function shapeNumber(database: Database, { shapeHash, parts, head, counts }: PackedRun): number {
  const known = database.get<{ id: number }>('SELECT id FROM shapes WHERE hash = ?', [shapeHash]);
  if (known !== undefined) return known.id;
  const numbers = parts.map(({ hash, text }) => partNumber(database, hash, text));
  const content: ShapeContent = { head, counts, parts: numbers };
  const { id } = database.run('INSERT INTO shapes (hash, content) VALUES (?, ?)', [
    shapeHash,
    deflated(JSON.stringify(content)),
  ]);
  for (const part of new Set(numbers)) {
    database.run('INSERT INTO shape_parts (shape, part) VALUES (?, ?)', [id, part]);
  }
  return id;
}

function partNumber(database: Database, hash: Uint8Array, text: string): number {
  const known = database.get<{ id: number }>('SELECT id FROM parts WHERE hash = ?', [hash]);
  if (known !== undefined) return known.id;
  return database.run('INSERT INTO parts (hash, content) VALUES (?, ?)', [hash, deflated(text)]).id;
}

/** Deletes a shape that no run has any more, and the parts that no other shape has. */
export function sweepShape(database: Database, shape: number): void {
  if (database.get('SELECT 1 FROM runs WHERE shape = ? LIMIT 1', [shape]) !== undefined) return;
  const parts = database.all<{ part: number }>('SELECT part FROM shape_parts WHERE shape = ?', [shape]);
  database.run('DELETE FROM shape_parts WHERE shape = ?', [shape]);
  database.run('DELETE FROM shapes WHERE id = ?', [shape]);
  for (const { part } of parts) {
    if (database.get('SELECT 1 FROM shape_parts WHERE part = ? LIMIT 1', [part]) === undefined) {
      database.run('DELETE FROM parts WHERE id = ?', [part]);
    }
  }
}

const COLUMNS = `runs.seq, runs.id, clusters.name AS cluster, cause, started_at, finished_at, verdict, complete, failed,
  inconclusive, waived, left_out, shape, varying`;
const FROM = 'FROM runs JOIN clusters ON clusters.id = runs.cluster';

export interface RunRow {
  readonly seq: number;
  readonly id: string;
  readonly cluster: string;
  readonly cause: string;
  readonly started_at: number;
  readonly finished_at: number;
  readonly verdict: string;
  readonly complete: number;
  readonly failed: string;
  readonly inconclusive: number;
  readonly waived: number;
  readonly left_out: number;
  readonly shape: number;
  readonly varying: Uint8Array;
}

/** Newest first: in the order in which they were kept, so that a clock that was set back mixes nothing up. */
export function listRuns(database: Database, cluster: string | undefined, page: Page): readonly RunSummary[] {
  const scope = ofCluster(database, 'runs', cluster);
  if (scope === undefined) return [];
  const { where, values } = beforeOf(database, page.before);
  const rows = database.all<RunRow>(
    `SELECT ${COLUMNS} ${FROM} WHERE 1 ${scope.where} ${where}
     ORDER BY runs.seq DESC LIMIT ?`,
    [...scope.values, ...values, limitOf(page.limit)],
  );
  return rows.map(rowSummary);
}

/** A run that was deleted meanwhile still has its place among the others, by its id. */
function beforeOf(database: Database, before: string | undefined): { where: string; values: readonly Value[] } {
  if (before === undefined) return { where: '', values: [] };
  const known = database.get<{ seq: number }>('SELECT seq FROM runs WHERE id = ?', [before]);
  if (known !== undefined) return { where: 'AND runs.seq < ?', values: [known.seq] };
  const time = before.includes('-') ? Date.parse(before) : Number.NaN;
  if (!Number.isNaN(time)) return { where: 'AND started_at < ?', values: [time] };
  return { where: 'AND runs.id < ?', values: [before] };
}

export function runById(database: Database, id: string): RunRow | undefined {
  return database.get<RunRow>(`SELECT ${COLUMNS} ${FROM} WHERE runs.id = ?`, [id]);
}

export function newestRun(database: Database, cluster: string, which: 'any' | 'good'): RunRow | undefined {
  // A look at the wire sees less than a run that asks: nothing is held against it.
  const good = which === 'good' ? 'AND runs.good = 1' : '';
  return database.get<RunRow>(
    `SELECT ${COLUMNS} ${FROM} WHERE clusters.name = ? ${good} ORDER BY runs.seq DESC LIMIT 1`,
    [cluster],
  );
}

/** Runs behind one, in the order in which they were kept. */
export function runsAfter(database: Database, seq: number, limit: number): readonly RunRow[] {
  return database.all<RunRow>(`SELECT ${COLUMNS} ${FROM} WHERE runs.seq > ? ORDER BY runs.seq LIMIT ?`, [seq, limit]);
}

export function runOf(database: Database, row: RunRow, path: string): Run {
  return { id: row.id, cluster: row.cluster, trigger: row.cause as Trigger, report: reportOf(database, row, path) };
}

/** @throws StoreFailure `damaged` where a piece is missing or cannot be read */
export function reportOf(database: Database, { shape, varying, id }: RunRow, path: string): Report {
  const damaged = (cause?: unknown): StoreFailure =>
    new StoreFailure('damaged', `${path}: the report of run ${id} cannot be put together`, cause);
  const row = database.get<{ content: Uint8Array }>('SELECT content FROM shapes WHERE id = ?', [shape]);
  if (row === undefined) throw damaged();
  const texts = (numbers: readonly number[]): string[] =>
    numbers.map((number) => {
      const part = database.get<{ content: Uint8Array }>('SELECT content FROM parts WHERE id = ?', [number]);
      if (part === undefined) throw damaged();
      return inflated(part.content);
    });
  try {
    const { head, counts, parts } = JSON.parse(inflated(row.content)) as ShapeContent;
    return putTogether({ head, counts, parts: texts(parts), varying: inflated(varying) });
  } catch (error) {
    throw error instanceof StoreFailure ? error : damaged(error);
  }
}

export function rowSummary(row: RunRow): RunSummary {
  const counts = JSON.parse(row.failed) as readonly number[];
  const failed = Object.fromEntries(SEVERITIES.map((severity, index) => [severity, counts[index] ?? 0]));
  return {
    id: row.id,
    cluster: row.cluster,
    trigger: row.cause as Trigger,
    startedAt: timeText(row.started_at),
    finishedAt: timeText(row.finished_at),
    verdict: row.verdict as RunSummary['verdict'],
    complete: row.complete === 1,
    failed: failed as Record<Severity, number>,
    inconclusive: row.inconclusive,
    waived: row.waived,
    ...(row.left_out === 0 ? {} : { leftOut: row.left_out }),
  };
}

export function summaryOf({ id, cluster, trigger, report }: Run): RunSummary {
  const open = report.findings.filter(({ waived }) => waived === null);
  return {
    id,
    cluster,
    trigger,
    startedAt: report.startedAt,
    finishedAt: report.finishedAt,
    verdict: report.verdict,
    complete: report.complete,
    failed: failedCounts(open),
    inconclusive: open.filter(({ verdict }) => verdict !== 'fail').length,
    waived: report.findings.length - open.length,
  };
}

function limited(report: Report): { kept: Report; leftOut: number } {
  const { observations, findings } = report;
  const leftOut = Math.max(0, observations.length - MAX_OBSERVATIONS);
  if (leftOut === 0) return { kept: report, leftOut };
  const cited = new Set(findings.flatMap(({ evidence }) => evidence.map(({ observation }) => observation)));
  const isCited = ({ id }: Observation): boolean => cited.has(id);
  const chosen = new Set(
    [...observations.filter(isCited), ...observations.filter((one) => !isCited(one))].slice(0, MAX_OBSERVATIONS),
  );
  return { kept: { ...report, observations: observations.filter((one) => chosen.has(one)) }, leftOut };
}

function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest().subarray(0, HASH_BYTES);
}
