import { performance } from 'node:perf_hooks';
import type { Retention } from '../types.ts';
import type { Database } from './database.ts';
import { sweepShape } from './runs.ts';

/** How long one slice works before it lets others have their turn; its commit comes on top. Milliseconds. */
const SLICE_MS = 20;
const BATCH = 50;
/** Runs that are deleted before the size is asked for again. */
const SIZE_BATCH = 16;
/** Rows of every other table that go in one slice, and beside one run that is too much. */
const ROWS = 300;
const ROWS_BESIDE = 50;
/** Free pages are kept for what comes next, up to this part of the file. */
const MAX_FREE_PART = 0.05;
const MIN_FREE_PAGES = 64;
const VACUUM_PAGES = 100;

export interface Retained {
  readonly runs: number;
  readonly state: 'done' | 'more';
}

/**
 * Deletes a slice of what is too old or too much. `now`: milliseconds since the epoch.
 *
 * Never deleted: of each cluster the last run and the last good one; the first and the last run that told a finding,
 * while it is open and `failingMs` longer.
 */
export function retainSlice(database: Database, settings: Retention, now: number): Retained {
  const end = performance.now() + SLICE_MS;
  const hasTime = (): boolean => performance.now() < end;
  const runs = database.atomically(() => deleteRuns(database, settings, now, hasTime));
  if (runs.state === 'more') return runs;
  const isEmptied = database.atomically(() => deleteRows(database, now - settings.failingMs, ROWS));
  const isShrunk = isEmptied && shrink(database, hasTime);
  return { runs: runs.runs, state: isShrunk ? 'done' : 'more' };
}

function deleteRuns(database: Database, settings: Retention, now: number, hasTime: () => boolean): Retained {
  const oldest = new Candidates(database, settings, now);
  const isTooMuch = surplus(database, settings.bytes);
  let runs = 0;
  while (hasTime()) {
    const expired = oldest.expired();
    const run = expired ?? (isTooMuch() ? oldest.next() : undefined);
    if (run === undefined) return { runs, state: 'done' };
    // What there is too much of loses of everything: the rest is allowed to be as old, in its measure, as this run.
    if (expired === undefined) deleteRows(database, now - settings.failingMs * oldest.used(run), ROWS_BESIDE);
    oldest.take(run);
    database.run('DELETE FROM runs WHERE seq = ?', [run.seq]);
    sweepShape(database, run.shape);
    runs += 1;
  }
  return { runs, state: 'more' };
}

interface Candidate {
  readonly kind: Kind;
  readonly seq: number;
  readonly shape: number;
  readonly finished_at: number;
}

type Kind = 'passing' | 'failing';

/** Runs that may be deleted, oldest first, of each kind. */
class Candidates {
  readonly #database: Database;
  readonly #kept: ReadonlySet<number>;
  readonly #allowance: Readonly<Record<Kind, number>>;
  readonly #now: number;
  readonly #queues: Record<Kind, Candidate[]> = { passing: [], failing: [] };
  /** Undefined: there are no more. */
  readonly #after: Record<Kind, number | undefined> = { passing: 0, failing: 0 };

  constructor(database: Database, settings: Retention, now: number) {
    this.#database = database;
    this.#kept = keptRuns(database, now - settings.failingMs);
    this.#allowance = { passing: Math.max(1, settings.passingMs), failing: Math.max(1, settings.failingMs) };
    this.#now = now;
  }

  expired(): Candidate | undefined {
    return this.#fronts().find((run) => this.used(run) > 1);
  }

  /** The one that has used up most of the time that its kind is allowed. */
  next(): Candidate | undefined {
    return this.#fronts().sort((a, b) => this.used(b) - this.used(a))[0];
  }

  /** Part of the time that its kind is allowed. */
  used({ kind, finished_at }: Candidate): number {
    return (this.#now - finished_at) / this.#allowance[kind];
  }

  take({ kind }: Candidate): void {
    this.#queues[kind].shift();
  }

  #fronts(): Candidate[] {
    return KINDS.flatMap((kind) => this.#front(kind) ?? []);
  }

  #front(kind: Kind): Candidate | undefined {
    const queue = this.#queues[kind];
    for (let after = this.#after[kind]; queue.length === 0 && after !== undefined; after = this.#after[kind]) {
      const rows = this.#database.all<Omit<Candidate, 'kind'>>(
        'SELECT seq, shape, finished_at FROM runs WHERE passing = ? AND seq > ? ORDER BY seq LIMIT ?',
        [kind === 'passing' ? 1 : 0, after, BATCH],
      );
      this.#after[kind] = rows.at(-1)?.seq;
      queue.push(...rows.filter(({ seq }) => !this.#kept.has(seq)).map((row) => ({ ...row, kind })));
    }
    return queue[0];
  }
}

const KINDS: readonly Kind[] = ['passing', 'failing'];

function keptRuns(database: Database, since: number): ReadonlySet<number> {
  // One cluster at a time: each is one step in an index, where all at once would be a walk through all runs.
  const newest = database
    .all<{ id: number }>('SELECT id FROM clusters')
    .flatMap(({ id }) => [
      database.number('SELECT max(seq) FROM runs WHERE cluster = ?', [id]),
      database.number('SELECT max(seq) FROM runs WHERE cluster = ? AND good = 1', [id]),
    ]);
  const telling = database.all<{ first_run: number; last_run: number }>(
    "SELECT first_run, last_run FROM findings WHERE state = 'open' OR resolved_at >= ?",
    [since],
  );
  return new Set([...newest, ...telling.flatMap(({ first_run, last_run }) => [first_run, last_run])]);
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
    if (!hasTime()) return false;
    database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    freed += VACUUM_PAGES;
  }
  // The file is cut when the log is written into it; this kind waits for nobody who reads.
  if (freed > 0) database.all('PRAGMA wal_checkpoint(PASSIVE)');
  return true;
}
