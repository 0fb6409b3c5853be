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
  #figures: (Figures & { readonly at: number }) | undefined;
  /** What is said where the store cannot be read: what it held when it last could. */
  #lastFigures: Figures = { bytes: 0, outbox: 0 };

  constructor(store: Store, writer: StoreWriter, clock: () => number) {
    this.#store = store;
    this.#writer = writer;
    this.#clock = clock;
  }

  /** A run of it was kept, or it is in the settings no longer. */
  forget(cluster: string): void {
    this.#clusters.delete(cluster);
    this.#writer.forget(keyOf(cluster));
    this.#figures = undefined;
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
    const known = this.#figures;
    if (known !== undefined && Math.abs(at - known.at) < FIGURES_MS) return known;
    const bytes = this.#writer.read('size', () => this.#store.size(), this.#lastFigures.bytes);
    const outbox = this.#writer.read('outbox', () => this.#store.outbox.size(), this.#lastFigures.outbox);
    this.#lastFigures = { bytes, outbox };
    this.#figures = { at, bytes, outbox };
    return this.#figures;
  }
}

function keyOf(cluster: string): string {
  return `cluster ${cluster}`;
}
