import { realpathSync } from 'node:fs';
import type { Report } from '../../model/report.ts';
import { follow } from '../transitions.ts';
import type {
  CertificateRecord,
  CommitSettings,
  FindingQuery,
  FindingRecord,
  Happening,
  Kept,
  Memory,
  Outbox,
  Page,
  Retention,
  Run,
  RunSummary,
  Store,
  Transition,
} from '../types.ts';
import { certificateHappenings } from './certificate-changes.ts';
import { certificatesOf } from './certificate-sightings.ts';
import { listCertificates, writeCertificates } from './certificates.ts';
import { clusterNumber } from './clusters.ts';
import { connect, type Database } from './database.ts';
import { exportLines } from './export.ts';
import { StoreFailure, storeFailure } from './failure.ts';
import { bytesOf, createFolder, createPrivate, identityOf } from './files.ts';
import { listFindings, listTransitions, tracksOf, writeTrack, writeTransitions } from './findings.ts';
import { leaveClusters } from './leave.ts';
import { takeLock } from './lock.ts';
import { LogSync } from './log-sync.ts';
import { memoryOf } from './memory.ts';
import { migrate } from './migrations.ts';
import { outboxOf } from './outbox.ts';
import { type Pass, retainSlice } from './retention.ts';
import { insertRun, listRuns, newestRun, pack, runById, runOf } from './runs.ts';
import { insertHappening, listHappenings } from './timeline.ts';

export { StoreFailure } from './failure.ts';

/**
 * Opens the history, which is this process' until it is closed. The file and its folder are made where they are missing,
 * for the owner alone; a damaged file is refused, and stays as it is.
 *
 * @throws StoreFailure
 */
export function openStore({ path }: { readonly path: string }): Store {
  const file = guarded(path, () => {
    createFolder(path);
    createPrivate(path);
    return realpathSync(path);
  });
  const lock = guarded(file, () => takeLock(file));
  try {
    return new SqliteStore(path, file, openFile(file), lock);
  } catch (error) {
    lock.close();
    throw storeFailure(error, path);
  }
}

/**
 * Connections to files that could not be used. Were they collected, SQLite would delete the log that lies beside the
 * path of theirs, which is another file's by then.
 */
const abandoned: Database[] = [];

function openFile(file: string): Database {
  const database = connect(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    migrate(database, file);
    const [mode] = database.all<{ journal_mode: string }>('PRAGMA journal_mode = WAL');
    // What FULL does more is done by `log-sync.ts`, without making anybody wait; where a file system cannot have a log,
    // SQLite stays with its journal, which needs FULL.
    database.exec(`PRAGMA synchronous = ${mode?.journal_mode === 'wal' ? 'NORMAL' : 'FULL'}`);
    database.exec(`PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`);
    return database;
  } catch (error) {
    abandoned.push(database);
    throw error;
  }
}

/** How long an operation waits for another program that writes; the daemon stands still meanwhile. */
const BUSY_MS = 250;
const MAX_LOG_BYTES = 8 * 1024 * 1024;

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeFailure(error, path);
  }
}

const NOTHING: Kept = { transitions: [], happenings: [] };

class SqliteStore implements Store {
  readonly path: string;
  readonly outbox: Outbox;
  readonly memory: Memory;
  readonly #file: string;
  readonly #identity: string | undefined;
  readonly #database: Database;
  readonly #lock: Pick<Database, 'close'>;
  readonly #log: LogSync;
  #state: 'open' | 'closed' = 'open';
  /** Undefined: what was to be deleted is. */
  #retaining: Pass | undefined;

  constructor(path: string, file: string, database: Database, lock: Pick<Database, 'close'>) {
    this.path = path;
    this.#file = file;
    this.#database = database;
    this.#lock = lock;
    this.#log = new LogSync(file);
    this.#identity = identityOf(file);
    const ways = [(work) => this.#use(work), (work) => this.#write(work)] satisfies Parameters<typeof outboxOf>;
    this.outbox = outboxOf(...ways);
    this.memory = memoryOf(...ways);
  }

  get moreToRetain(): boolean {
    return this.#retaining !== undefined;
  }

  commit(run: Run, settings: CommitSettings): Kept {
    const packed = pack(run);
    const sightings = certificatesOf(run);
    return this.#write((database) =>
      database.atomically(() => {
        // Who did not hear that it was kept may say it again.
        if (database.get('SELECT 1 FROM runs WHERE id = ?', [run.id]) !== undefined) return NOTHING;
        const cluster = clusterNumber(database, run.cluster);
        const seq = insertRun(database, cluster, packed);
        const known = tracksOf(database, cluster, run.report.findings);
        const { tracks, transitions } = follow(
          run,
          [...known.values()].map(({ track }) => track),
          settings,
        );
        for (const track of tracks) {
          writeTrack(database, { cluster, run: run.id, seq }, track, known.get(track.finding.fingerprint));
        }
        writeTransitions(database, cluster, transitions);
        const changes = writeCertificates(database, cluster, sightings, Date.parse(run.report.finishedAt));
        const happenings = certificateHappenings(run, changes);
        for (const happening of happenings) insertHappening(database, happening);
        return { transitions, happenings };
      }),
    );
  }

  note(happening: Happening): void {
    this.#write((database) => database.atomically(() => insertHappening(database, happening)));
  }

  runs(cluster: string | undefined, page: Page): readonly RunSummary[] {
    return this.#use((database) => listRuns(database, cluster, page));
  }

  report(id: string): Report | undefined {
    return this.run(id)?.report;
  }

  run(id: string): Run | undefined {
    return this.#use((database) => {
      const row = runById(database, id);
      return row === undefined ? undefined : runOf(database, row, this.path);
    });
  }

  lastGood(cluster: string): Run | undefined {
    return this.#newest(cluster, 'good');
  }

  last(cluster: string): Run | undefined {
    return this.#newest(cluster, 'any');
  }

  #newest(cluster: string, which: 'any' | 'good'): Run | undefined {
    return this.#use((database) => {
      const row = newestRun(database, cluster, which);
      return row === undefined ? undefined : runOf(database, row, this.path);
    });
  }

  findings(query: FindingQuery): readonly FindingRecord[] {
    return this.#use((database) => listFindings(database, query));
  }

  certificates(cluster: string | undefined): readonly CertificateRecord[] {
    return this.#use((database) => listCertificates(database, cluster));
  }

  happenings(cluster: string | undefined, page: Page): readonly Happening[] {
    return this.#use((database) => listHappenings(database, cluster, page));
  }

  transitions(cluster: string | undefined, page: Page): readonly Transition[] {
    return this.#use((database) => listTransitions(database, cluster, page));
  }

  retain(settings: Retention, now: string): number {
    return this.#write((database) => {
      const { runs, rest } = retainSlice(database, settings, Date.parse(now), this.#retaining);
      this.#retaining = rest;
      return runs;
    });
  }

  leave(clusters: readonly string[], at: string): readonly { readonly cluster: string; readonly findings: number }[] {
    return this.#write((database) => database.atomically(() => leaveClusters(database, clusters, Date.parse(at))));
  }

  exportLines(): Iterable<string> {
    return exportLines((work) => this.#use(work), this.path);
  }

  size(): number {
    return bytesOf(this.#file);
  }

  /** Leaves one file, without a log beside it. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    try {
      if (identityOf(this.#file) === this.#identity) this.#database.all('PRAGMA journal_mode = DELETE');
      else abandoned.push(this.#database);
    } catch {
      // Somebody reads it, or the disk is full: the log stays, and is read when the file is opened again.
    }
    this.#database.close();
    this.#lock.close();
  }

  #write<T>(work: (database: Database) => T): T {
    const result = this.#use(work);
    this.#log.touch();
    return result;
  }

  #use<T>(work: (database: Database) => T): T {
    if (this.#state === 'closed') throw new StoreFailure('failed', `${this.path}: the store is closed`);
    if (identityOf(this.#file) !== this.#identity) {
      throw new StoreFailure(
        'gone',
        `${this.path}: the file was removed or replaced while it was in use; put it back, or start the daemon again`,
      );
    }
    return guarded(this.path, () => work(this.#database));
  }
}
