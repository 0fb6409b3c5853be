import type { StoreWriter } from './store-writer.ts';
import type { Happening, Store } from './types.ts';

export interface DeparturesMeans {
  readonly store: Pick<Store, 'leave'>;
  readonly writer: Pick<StoreWriter, 'write'>;
  /** Names of the clusters of the settings. */
  readonly clusters: () => readonly string[];
  readonly note: (happening: Happening) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** What is open of clusters that left the settings would stand for ever: nobody looks at them any more. */
export class Departures {
  readonly #means: DeparturesMeans;
  #state: 'due' | 'done' = 'due';

  constructor(means: DeparturesMeans) {
    this.#means = means;
  }

  /** Settings came into force, or the last run of a cluster that left has ended. */
  changed(): void {
    this.#state = 'due';
    this.look();
  }

  /** Also to be called now and then, for a store that failed. Does not throw. */
  look(): void {
    if (this.#state === 'done') return;
    const { store, writer, clusters, note, clock } = this.#means;
    const at = new Date(clock()).toISOString();
    const left = writer.write(() => store.leave(clusters(), at), undefined);
    if (left === undefined) return;
    this.#state = 'done';
    for (const { cluster, findings } of left) {
      const what = findings === 1 ? '1 finding that was open counts' : `${findings} findings that were open count`;
      note({ cluster, kind: 'cluster-left', at, text: `left the settings: ${what} as resolved, nobody looks` });
    }
  }
}
