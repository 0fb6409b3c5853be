import type { Log } from './log.ts';
import { StoreFailure } from './store/failure.ts';
import type { CommitSettings, Happening, Kept, Run, Store } from './types.ts';

export interface StoreWriterMeans {
  readonly store: Store;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** What waits to be kept. */
interface Entry {
  /** Entries of one cluster are kept in the order in which they came. */
  readonly cluster: string | null;
  readonly what: string;
  /** Returns what is told when it is kept. */
  readonly write: () => () => void;
}

/** What could not be read. */
interface Unread {
  readonly problem: string;
  readonly again: () => unknown;
}

/** A store that failed is tried again so often. */
const AGAIN_MS = 10_000;
/** What waits at most; a report of 20 TaskManagers takes about a megabyte of memory. */
export const WAITING_MAX = 64;

/**
 * The daemon's way to its history. What the store cannot take now (disk full, file locked) waits here and is tried
 * again; of too much the oldest is given up, and told. Never throws for a store that fails.
 */
export class StoreWriter {
  readonly #means: StoreWriterMeans;
  readonly #waiting: Entry[] = [];
  readonly #unread = new Map<string, Unread>();
  #unwritten: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #state: 'idle' | 'draining' | 'stopped' = 'idle';

  constructor(means: StoreWriterMeans) {
    this.#means = means;
  }

  /** What is wrong with the store, one sentence; undefined: nothing. */
  get problem(): string | undefined {
    const [unread] = this.#unread.values();
    return this.#unwritten ?? unread?.problem;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs and happenings that were given up. */
  get lost(): number {
    return this.#lost;
  }

  /** `kept` is told when the run is in the store, which may be later, or never. */
  commit(run: Run, settings: CommitSettings, kept: (kept: Kept) => void): void {
    const write = (): (() => void) => {
      const changed = this.#means.store.commit(run, settings);
      return () => kept(changed);
    };
    this.#keep({ cluster: run.cluster, what: `run ${run.id} of ${run.cluster}`, write });
  }

  note(happening: Happening): void {
    const write = (): (() => void) => {
      this.#means.store.note(happening);
      return () => undefined;
    };
    this.#keep({ cluster: happening.cluster, what: `what happened (${happening.kind})`, write });
  }

  /** Writes that are worth nothing later, as retention: not tried again. */
  write<T>(work: () => T, otherwise: T): T {
    try {
      const result = work();
      this.#unwritten = undefined;
      return result;
    } catch (error) {
      this.#fails(error);
      this.#later();
      return otherwise;
    }
  }

  /** `key` tells what is read: what can be read once more, by whoever asks or by the timer, is no problem any more. */
  read<T>(key: string, work: () => T, otherwise: T): T {
    try {
      const result = work();
      this.#unread.delete(key);
      return result;
    } catch (error) {
      if (!this.#unread.has(key)) this.#means.log('error', { err: error }, 'the store cannot be read');
      this.#unread.set(key, { problem: (error as Error).message, again: work });
      this.#later();
      return otherwise;
    }
  }

  /** Nobody wants to read this any more. */
  forget(key: string): void {
    this.#unread.delete(key);
  }

  /** A last try; what the store does not take then is told, and lost. */
  stop(): void {
    this.#drain();
    clearTimeout(this.#timer);
    this.#state = 'stopped';
    for (const entry of this.#waiting.splice(0)) this.#giveUp(entry, 'the daemon ends');
  }

  #keep(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#waiting.length > WAITING_MAX) this.#giveUp(this.#waiting.shift()!, 'too much waits for the store');
    // While it fails, it is asked by the timer only: each try may hold everything up.
    if (this.#unwritten === undefined || this.#timer === undefined) this.#drain();
  }

  #drain(): void {
    // Who is told that something was kept may want to keep something else.
    if (this.#state === 'draining') return;
    this.#state = 'draining';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drainAll();
    this.#readAgain();
    this.#state = 'idle';
    if (this.#unwritten !== undefined || this.#unread.size > 0) this.#later();
  }

  #drainAll(): void {
    const stuck = new Set<string | null>();
    const next = (): Entry | undefined => this.#waiting.find(({ cluster }) => !stuck.has(cluster));
    let failure: StoreFailure | undefined;
    for (let entry = next(); entry !== undefined; entry = next()) {
      const outcome = this.#attempt(entry);
      if (outcome instanceof StoreFailure) {
        failure = outcome;
        if (isGeneral(outcome)) break;
        stuck.add(entry.cluster);
        continue;
      }
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      if (outcome !== undefined) this.#tell(outcome);
    }
    if (failure !== undefined) this.#fails(failure);
    else if (this.#unwritten !== undefined) this.#probe();
  }

  /** Who asked first may ask seldom, or never again. */
  #readAgain(): void {
    for (const [key, { again }] of [...this.#unread]) {
      try {
        again();
        this.#unread.delete(key);
      } catch (error) {
        this.#unread.set(key, { problem: (error as Error).message, again });
        if (error instanceof StoreFailure && isGeneral(error)) return;
      }
    }
  }

  /** What there is to tell when it is kept; undefined: it never will be. */
  #attempt({ write, what }: Entry): (() => void) | StoreFailure | undefined {
    try {
      return write();
    } catch (error) {
      if (error instanceof StoreFailure) return error;
      // Not the store's fault: trying again would give the same.
      this.#lost += 1;
      this.#means.log('error', { err: error }, `a defect, please report it: ${what} is not kept`);
      return undefined;
    }
  }

  #tell(told: () => void): void {
    try {
      told();
    } catch (error) {
      this.#means.log('error', { err: error }, 'a defect, please report it');
    }
  }

  /** The last write failed, and nothing waits: a small one tells whether the store takes any again. */
  #probe(): void {
    const { store, clock } = this.#means;
    this.write(() => store.memory.remember('written', new Date(clock()).toISOString()), undefined);
  }

  #fails(error: unknown): void {
    const { message } = error as Error;
    if (this.#unwritten !== message) this.#means.log('error', { err: error }, 'the store cannot be written');
    this.#unwritten = message;
  }

  #later(): void {
    if (this.#state !== 'stopped') this.#timer ??= setTimeout(() => this.#drain(), AGAIN_MS);
  }

  #giveUp({ what }: Entry, why: string): void {
    this.#lost += 1;
    this.#means.log('error', { problem: this.#unwritten }, `${what} is lost: ${why}`);
  }
}

/** Whether a failure concerns everything that could be written, and not one place of the file. */
function isGeneral({ fault }: StoreFailure): boolean {
  return fault !== 'damaged' && fault !== 'failed';
}
