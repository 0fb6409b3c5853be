import { performance } from 'node:perf_hooks';
import type { Retention } from '../types.ts';
import type { Database } from './database.ts';
import { sweepShape } from './runs.ts';

/** How long one slice works before it lets others have their turn; its commit comes on top. Milliseconds. */
const SLICE_MS = 20;
const BATCH = 50;
/** Rows of other tables that one statement deletes. */
const ROWS = 500;
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
  const kept = keptRuns(database, now - settings.failingMs);
  const runs = database.atomically(() => {
    const oldest = new Candidates(database, kept, settings, now);
    let deleted = 0;
    while (hasTime()) {
      const run = oldest.expired() ?? (isTooMuch(database, settings, deleted) ? oldest.next() : undefined);
      if (run === undefined) return { deleted, state: 'done' as const };
      oldest.take(run);
      database.run('DELETE FROM runs WHERE seq = ?', [run.seq]);
      sweepShape(database, run.shape);
      deleted += 1;
    }
    return { deleted, state: 'more' as const };
  });
  if (runs.state === 'more') return { runs: runs.deleted, state: 'more' };
  const isEmptied = deleteOldRows(database, now - settings.failingMs);
  const isShrunk = isEmptied && shrink(database, hasTime);
  return { runs: runs.deleted, state: isShrunk ? 'done' : 'more' };
}

interface Candidate {
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

  constructor(database: Database, kept: ReadonlySet<number>, settings: Retention, now: number) {
    this.#database = database;
    this.#kept = kept;
    this.#allowance = { passing: settings.passingMs, failing: settings.failingMs };
    this.#now = now;
  }

  expired(): Candidate | undefined {
    return KINDS.map((kind) => this.#front(kind)).find((one, index) => {
      return one !== undefined && this.#now - one.finished_at > this.#allowance[KINDS[index]!];
    });
  }

  /** The one that has used up most of the time that its kind is allowed. */
  next(): Candidate | undefined {
    const fronts = KINDS.flatMap((kind) => {
      const run = this.#front(kind);
      return run === undefined
        ? []
        : [{ run, used: (this.#now - run.finished_at) / Math.max(1, this.#allowance[kind]) }];
    });
    return fronts.sort((a, b) => b.used - a.used)[0]?.run;
  }

  take(run: Candidate): void {
    for (const kind of KINDS) if (this.#queues[kind][0] === run) this.#queues[kind].shift();
  }

  #front(kind: Kind): Candidate | undefined {
    const queue = this.#queues[kind];
    for (let after = this.#after[kind]; queue.length === 0 && after !== undefined; after = this.#after[kind]) {
      const rows = this.#database.all<Candidate>(
        'SELECT seq, shape, finished_at FROM runs WHERE passing = ? AND seq > ? ORDER BY seq LIMIT ?',
        [kind === 'passing' ? 1 : 0, after, BATCH],
      );
      this.#after[kind] = rows.at(-1)?.seq;
      queue.push(...rows.filter(({ seq }) => !this.#kept.has(seq)));
    }
    return queue[0];
  }
}

const KINDS: readonly Kind[] = ['passing', 'failing'];

function keptRuns(database: Database, since: number): ReadonlySet<number> {
  const rows = database.all<{ seq: number | null }>(
    `SELECT max(seq) AS seq FROM runs GROUP BY cluster
     UNION SELECT max(seq) FROM runs WHERE good = 1 GROUP BY cluster
     UNION SELECT first_run FROM findings WHERE state = 'open' OR resolved_at >= ?
     UNION SELECT last_run FROM findings WHERE state = 'open' OR resolved_at >= ?`,
    [since, since],
  );
  return new Set(rows.flatMap(({ seq }) => (seq === null ? [] : [seq])));
}

/** Pages in use are counted anew only now and then. */
function isTooMuch(database: Database, { bytes }: Retention, deleted: number): boolean {
  if (deleted % BATCH !== 0) return true;
  return usedBytes(database) > bytes;
}

function usedBytes(database: Database): number {
  const pages = database.number('PRAGMA page_count') - database.number('PRAGMA freelist_count');
  return pages * database.number('PRAGMA page_size');
}

/** True where nothing is left to delete. */
function deleteOldRows(database: Database, before: number): boolean {
  const statements = [
    'DELETE FROM transitions WHERE seq IN (SELECT seq FROM transitions WHERE at < ? LIMIT ?)',
    'DELETE FROM happenings WHERE seq IN (SELECT seq FROM happenings WHERE at < ? LIMIT ?)',
    'DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE resolved_at < ? LIMIT ?)',
    'DELETE FROM certificates WHERE id IN (SELECT id FROM certificates WHERE gone_at < ? LIMIT ?)',
  ];
  return database.atomically(() => {
    const counts = statements.map((sql) => database.run(sql, [before, ROWS]).changed);
    if (counts[2]! > 0) database.run('DELETE FROM finding_texts WHERE finding NOT IN (SELECT id FROM findings)');
    if (counts[3]! > 0) {
      database.run('DELETE FROM certificate_texts WHERE certificate NOT IN (SELECT id FROM certificates)');
    }
    return counts.every((count) => count < ROWS);
  });
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
  // The file is cut only when the log is written into it.
  if (freed > 0) database.all('PRAGMA wal_checkpoint(TRUNCATE)');
  return true;
}
