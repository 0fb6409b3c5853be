import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { Retention } from '../types.ts';
import type { Database } from './database.ts';
import { sweepShape } from './runs.ts';

/**
 * How long one slice works before it lets others have their turn, milliseconds; what it began, and its commit, come on
 * top. No step below takes more than a millisecond or two.
 */
const SLICE_MS = 8;
const BATCH = 50;
/** Runs that are deleted before the size is asked for again. */
const SIZE_BATCH = 16;
/** Rows of every other table that go at once, and beside one run that is too much. */
const ROWS = 50;
const ROWS_BESIDE = 50;
/** Free pages are kept for what comes next, up to this part of the file. */
const MAX_FREE_PART = 0.05;
const MIN_FREE_PAGES = 64;
const VACUUM_PAGES = 50;

export interface Retained {
  readonly runs: number;
  /** What the next slice goes on with; undefined: there is no more to do. */
  readonly rest: Pass | undefined;
}

/** One walk through the history, in slices. */
export interface Pass {
  readonly settings: Retention;
  readonly oldest: Candidates;
}

/**
 * Deletes a slice of what is too old or too much. `now`: milliseconds since the epoch. `before`: the rest of the slice
 * before; every slice gets on, however little time it has.
 *
 * Never deleted: of each cluster the last run and the last good one; the first and the last run that told a finding,
 * while it is open and `failingMs` longer.
 */
export function retainSlice(database: Database, settings: Retention, now: number, before: Pass | undefined): Retained {
  const end = performance.now() + SLICE_MS;
  const hasTime = (): boolean => performance.now() < end;
  const isSame = before !== undefined && isDeepStrictEqual(before.settings, settings);
  const pass = isSame ? before : { settings, oldest: new Candidates(database, settings) };
  const { runs, state } = database.atomically(() => deleteRuns(database, pass, now, hasTime));
  if (state === 'more') return { runs, rest: pass };
  const isEmptied = database.atomically(() => empty(database, now - settings.failingMs, hasTime));
  const isShrunk = isEmptied && shrink(database, hasTime);
  return { runs, rest: isShrunk ? undefined : pass };
}

function deleteRuns(
  database: Database,
  { settings, oldest }: Pass,
  now: number,
  hasTime: () => boolean,
): { readonly runs: number; readonly state: 'done' | 'more' } {
  const isTooMuch = surplus(database, settings.bytes);
  let runs = 0;
  do {
    const expired = oldest.expired(now);
    const run = expired ?? (isTooMuch() ? oldest.next(now) : undefined);
    if (run === undefined) return { runs, state: 'done' };
    oldest.take(run);
    if (isKept(database, run, now - settings.failingMs)) continue;
    // What there is too much of loses of everything: the rest is allowed to be as old, in its measure, as this run.
    if (expired === undefined) deleteRows(database, now - settings.failingMs * oldest.used(run, now), ROWS_BESIDE);
    database.run('DELETE FROM runs WHERE seq = ?', [run.seq]);
    sweepShape(database, run.shape);
    runs += 1;
  } while (hasTime());
  return { runs, state: 'more' };
}

interface Candidate {
  readonly kind: Kind;
  readonly seq: number;
  readonly cluster: number;
  readonly shape: number;
  readonly finished_at: number;
}

type Kind = 'passing' | 'failing';

/** All runs, oldest first, of each kind. */
class Candidates {
  readonly #database: Database;
  readonly #allowance: Readonly<Record<Kind, number>>;
  readonly #queues: Record<Kind, Candidate[]> = { passing: [], failing: [] };
  /** Undefined: there are no more. */
  readonly #after: Record<Kind, number | undefined> = { passing: 0, failing: 0 };

  constructor(database: Database, { passingMs, failingMs }: Retention) {
    this.#database = database;
    this.#allowance = { passing: Math.max(1, passingMs), failing: Math.max(1, failingMs) };
  }

  expired(now: number): Candidate | undefined {
    return this.#fronts().find((run) => this.used(run, now) > 1);
  }

  /** The one that has used up most of the time that its kind is allowed. */
  next(now: number): Candidate | undefined {
    return this.#fronts().sort((a, b) => this.used(b, now) - this.used(a, now))[0];
  }

  /** Part of the time that its kind is allowed. */
  used({ kind, finished_at }: Candidate, now: number): number {
    return (now - finished_at) / this.#allowance[kind];
  }

  take({ kind }: Candidate): void {
    this.#queues[kind].shift();
  }

  #fronts(): Candidate[] {
    return KINDS.flatMap((kind) => this.#front(kind) ?? []);
  }

  #front(kind: Kind): Candidate | undefined {
    const [queue, after] = [this.#queues[kind], this.#after[kind]];
    if (queue.length === 0 && after !== undefined) {
      const rows = this.#database.all<Omit<Candidate, 'kind'>>(
        'SELECT seq, cluster, shape, finished_at FROM runs WHERE passing = ? AND seq > ? ORDER BY seq LIMIT ?',
        [kind === 'passing' ? 1 : 0, after, BATCH],
      );
      this.#after[kind] = rows.at(-1)?.seq;
      queue.push(...rows.map((row) => ({ ...row, kind })));
    }
    return queue[0];
  }
}

const KINDS: readonly Kind[] = ['passing', 'failing'];

/** Each question is one step in an index. `since`: findings that were resolved before keep nothing. */
function isKept(database: Database, { seq, cluster }: Candidate, since: number): boolean {
  const newest = database.number('SELECT max(seq) FROM runs WHERE cluster = ?', [cluster]);
  const newestGood = database.number('SELECT max(seq) FROM runs WHERE cluster = ? AND good = 1', [cluster]);
  if (seq === newest || seq === newestGood) return true;
  return ['first_run', 'last_run'].some(
    (column) =>
      database.get(`SELECT 1 FROM findings WHERE ${column} = ? AND (state = 'open' OR resolved_at >= ?) LIMIT 1`, [
        seq,
        since,
      ]) !== undefined,
  );
}

/** Whether more is kept than may be; counted anew after every few deletions. */
function surplus(database: Database, bytes: number): () => boolean {
  let trusted = 0;
  return () => {
    if (trusted === 0 && usedBytes(database) > bytes) trusted = SIZE_BATCH;
    if (trusted === 0) return false;
    trusted -= 1;
    return true;
  };
}

function usedBytes(database: Database): number {
  const pages = database.number('PRAGMA page_count') - database.number('PRAGMA freelist_count');
  return pages * database.number('PRAGMA page_size');
}

/** Deletes what ended before, until there is no time or nothing left. True: nothing is. */
function empty(database: Database, before: number, hasTime: () => boolean): boolean {
  do if (deleteRows(database, before, ROWS)) return true;
  while (hasTime());
  return false;
}

/** Deletes what ended before, at most so many rows of a kind. True where nothing is left of it. */
function deleteRows(database: Database, before: number, limit: number): boolean {
  const counts = [
    database.run('DELETE FROM transitions WHERE seq IN (SELECT seq FROM transitions WHERE at < ? LIMIT ?)', [
      before,
      limit,
    ]).changed,
    database.run('DELETE FROM happenings WHERE seq IN (SELECT seq FROM happenings WHERE at < ? LIMIT ?)', [
      before,
      limit,
    ]).changed,
    deleteWithText(database, 'findings', 'resolved_at', 'finding', before, limit),
    deleteWithText(database, 'certificates', 'gone_at', 'certificate', before, limit),
  ];
  return counts.every((count) => count < limit);
}

function deleteWithText(
  database: Database,
  table: 'findings' | 'certificates',
  column: 'resolved_at' | 'gone_at',
  one: 'finding' | 'certificate',
  before: number,
  limit: number,
): number {
  const rows = database.all<{ id: number }>(`SELECT id FROM ${table} WHERE ${column} < ? LIMIT ?`, [before, limit]);
  for (const { id } of rows) {
    database.run(`DELETE FROM ${one}_texts WHERE ${one} = ?`, [id]);
    database.run(`DELETE FROM ${table} WHERE id = ?`, [id]);
  }
  return rows.length;
}

/** Gives free pages back to the file system. True where no more than a reserve is left. */
function shrink(database: Database, hasTime: () => boolean): boolean {
  const reserve = Math.max(MIN_FREE_PAGES, database.number('PRAGMA page_count') * MAX_FREE_PART);
  let freed = 0;
  while (database.number('PRAGMA freelist_count') > reserve) {
    if (freed > 0 && !hasTime()) return false;
    database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    freed += VACUUM_PAGES;
  }
  // The file is cut when the log is written into it; this kind waits for nobody who reads.
  if (freed > 0) database.all('PRAGMA wal_checkpoint(PASSIVE)');
  return true;
}
