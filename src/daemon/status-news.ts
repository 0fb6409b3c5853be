import type { DaemonStatus } from './types.ts';

/** What no other live event tells is looked at so often. */
const LOOK_EVERY_MS = 5_000;
/** A run that is later than this is news, and one that is late no longer. */
const LATE_MS = 60_000;

/**
 * Publishes the status when something of it changed that no other live event tells: settings that were reloaded or
 * refused, a store that fails or works again, sinks that do not listen, clusters that came or went, runs that could not
 * be made or were missed.
 */
export class StatusNews {
  readonly #status: () => DaemonStatus;
  readonly #publish: (status: DaemonStatus) => void;
  #timer: NodeJS.Timeout | undefined;
  #told: string | undefined;

  constructor(status: () => DaemonStatus, publish: (status: DaemonStatus) => void) {
    this.#status = status;
    this.#publish = publish;
  }

  /** What is so at the start is no news: whoever reads the events has read the status. */
  start(): void {
    this.#told = gistOf(this.#status());
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  look(): void {
    if (this.#timer === undefined) return;
    const status = this.#status();
    const gist = gistOf(status);
    if (gist === this.#told) return;
    this.#told = gist;
    this.#publish(status);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function gistOf({ lastReload, configuration, store, clusters, notifications }: DaemonStatus): string {
  return JSON.stringify([
    lastReload,
    configuration?.sha256,
    store.state,
    store.problem,
    notifications?.down?.map(({ name, problem }) => [name, problem]),
    clusters.map(({ cluster, lateMs, missedRuns, problem }) => [cluster, lateMs > LATE_MS, missedRuns, problem]),
  ]);
}
