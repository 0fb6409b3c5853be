import { openCounts } from './open-counts.ts';
import type { StoreWriter } from './store-writer.ts';
import type { ClusterStatus, Store } from './types.ts';

/** What the history says of a cluster, until its next run. */
export type OfCluster = Pick<ClusterStatus, 'lastRun' | 'open'>;

export interface Figures {
  readonly bytes: number;
  readonly outbox: number;
}

/** Figures that nobody needs to the second, however many ask. */
const FIGURES_MS = 2000;

/** What the status tells of the history: asked of the store once a run, however many ask us. */
export class Remembered {
  readonly #store: Store;
  readonly #writer: StoreWriter;
  readonly #clock: () => number;
  readonly #clusters = new Map<string, OfCluster>();
  /** Said also where the store cannot be read: what it held when it last could. */
  #figures: Figures = { bytes: 0, outbox: 0 };
  #figuresAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store, writer: StoreWriter, clock: () => number) {
    this.#store = store;
    this.#writer = writer;
    this.#clock = clock;
  }

  /** A run of it was kept, or it is in the settings no longer. */
  forget(cluster: string): void {
    this.#clusters.delete(cluster);
    this.#writer.forget(keyOf(cluster));
    this.#figuresAt = Number.NEGATIVE_INFINITY;
  }

  cluster(name: string): OfCluster {
    const known = this.#clusters.get(name);
    if (known !== undefined) return known;
    const read = this.#writer.read<OfCluster | undefined>(
      keyOf(name),
      () => {
        const [lastRun] = this.#store.runs(name, { limit: 1 });
        const open = openCounts(this.#store.findings({ cluster: name, state: 'open' }));
        return { ...(lastRun === undefined ? {} : { lastRun }), open };
      },
      undefined,
    );
    if (read !== undefined) this.#clusters.set(name, read);
    return read ?? { open: openCounts([]) };
  }

  figures(): Figures {
    const at = this.#clock();
    if (Math.abs(at - this.#figuresAt) < FIGURES_MS) return this.#figures;
    const bytes = this.#writer.read('size', () => this.#store.size(), this.#figures.bytes);
    const outbox = this.#writer.read('outbox', () => this.#store.outbox.size(), this.#figures.outbox);
    this.#figures = { bytes, outbox };
    this.#figuresAt = at;
    return this.#figures;
  }
}

function keyOf(cluster: string): string {
  return `cluster ${cluster}`;
}
