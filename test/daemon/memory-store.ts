import { StoreFailure, type StoreFault } from '../../src/daemon/store/failure.ts';
import type { Happening, Kept, Run, Store } from '../../src/daemon/types.ts';

/** A history in memory that can be made to fail; it keeps nothing but what the scheduler reads again. */
export class MemoryStore implements Pick<Store, 'path' | 'commit' | 'note' | 'runs' | 'last' | 'lastGood'> {
  readonly path = '/state/history.db';
  readonly kept: Run[] = [];
  readonly values: Map<string, string> = new Map();
  readonly happened: Happening[] = [];
  /** What every write, or the reading of earlier runs, meets. */
  writing: StoreFault | undefined;
  remembering: StoreFault | undefined;
  /** Operations asked for. */
  asked = 0;
  retained = 0;
  moreToRetain = false;
  /** What a run shows to have happened. */
  shows: (id: string) => readonly Happening[] = () => [];
  state: 'open' | 'closed' = 'open';
  readonly outbox: Store['outbox'] = {
    add: () => undefined,
    due: () => [],
    delivered: () => undefined,
    failed: () => undefined,
    rename: () => undefined,
    size: (): number => this.#read(0),
  };
  readonly memory: Store['memory'] = {
    recall: (key) => this.values.get(key),
    remember: (key, value): void => {
      this.#write();
      this.values.set(key, value);
    },
  };

  commit(run: Run): Kept {
    this.#write();
    this.kept.push(run);
    return { transitions: [], happenings: this.shows(run.id) };
  }

  note(happening: Happening): void {
    this.#write();
    this.happened.push(happening);
  }

  runs(): [] {
    return this.#read([]);
  }

  findings(): [] {
    return this.#read([]);
  }

  size(): number {
    return this.#read(4096);
  }

  /** Clusters that were there when it was asked which are not. */
  readonly stayed: (readonly string[])[] = [];

  leave(clusters: readonly string[]): { readonly cluster: string; readonly findings: number }[] {
    this.stayed.push(clusters);
    const kept = new Set(this.kept.map(({ cluster }) => cluster));
    return [...kept].filter((one) => !clusters.includes(one)).map((cluster) => ({ cluster, findings: 1 }));
  }

  retain(): number {
    this.#write();
    this.retained += 1;
    return 0;
  }

  last(cluster: string): Run | undefined {
    if (this.remembering !== undefined) throw new StoreFailure(this.remembering, `${this.path}: ${this.remembering}`);
    return this.kept.findLast((one) => one.cluster === cluster);
  }

  lastGood(cluster: string): Run | undefined {
    return this.last(cluster);
  }

  close(): void {
    this.state = 'closed';
  }

  /** As the daemon takes it. */
  get asStore(): Store {
    return this as unknown as Store;
  }

  #write(): void {
    this.asked += 1;
    if (this.state === 'closed') throw new StoreFailure('failed', 'the store is closed');
    if (this.writing !== undefined) throw new StoreFailure(this.writing, `${this.path}: ${this.writing}`);
  }

  #read<T>(value: T): T {
    this.asked += 1;
    return value;
  }
}
