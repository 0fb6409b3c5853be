import { Backoff, type BackoffPauses } from './backoff.ts';
import type { Companion } from './companion.ts';
import type { Publish } from './live-events.ts';
import type { Log } from './log.ts';
import type { CaptureSettings } from './settings.ts';
import type { WireStatus } from './types.ts';

/** A wire as it was opened by the files of that time. */
export interface OpenedWire {
  /** Not started yet. */
  readonly wire: { readonly status: WireStatus; start(): void; stop(): Promise<void> };
  /** Whether the files now say something else. Rejects where they cannot be read. */
  readonly isOutdated: () => Promise<boolean>;
}

export interface WireCompanionMeans {
  readonly cluster: string;
  readonly settings: CaptureSettings;
  /** Rejects where the settings name something that cannot be used now. */
  readonly open: () => Promise<OpenedWire>;
  readonly publish: Publish;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Tests have less patience. */
  readonly pauses?: WirePauses;
}

/** Before a wire that could not be opened is opened again. */
export interface WirePauses extends BackoffPauses {
  /** Between two looks at the files by which it was opened. */
  readonly outdatedMs: number;
}

const PAUSES: WirePauses = { firstMs: 1000, longestMs: 60_000, outdatedMs: 60_000 };
/** So long the wire before goes on, until the one that takes its place runs. */
const OVERLAP_MS = 5000;
const OVERLAP_LOOK_MS = 50;

/**
 * Keeps the live wire of a cluster open: opens it again and again where that fails, and anew where the files say something
 * else than before. A wire that cannot be watched costs the wire only.
 */
export class WireCompanion implements Companion {
  readonly #means: WireCompanionMeans;
  readonly #since: string;
  readonly #working: Promise<void>;
  #opened: OpenedWire | undefined;
  #problem: string | undefined;
  #state: 'open' | 'stopped' = 'open';
  #reloads = 0;
  #wake: () => void = () => undefined;

  constructor(means: WireCompanionMeans) {
    this.#means = means;
    this.#since = new Date(means.clock()).toISOString();
    this.#working = this.#work();
  }

  get wire(): WireStatus {
    const { cluster, settings } = this.#means;
    return this.#opened?.wire.status ?? notWatched(cluster, settings, this.#since, this.#problem);
  }

  /** The files may say something else now. */
  reloaded(): void {
    this.#reloads++;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#wake();
    await this.#working;
    await this.#opened?.wire.stop();
  }

  async #work(): Promise<void> {
    const pauses = this.#means.pauses ?? PAUSES;
    const backoff = new Backoff(pauses);
    while (this.#state === 'open') {
      const reloads = this.#reloads;
      if (this.#opened === undefined || (await this.#isOutdated(this.#opened))) await this.#open();
      // What was read may be what the files said before.
      if (reloads !== this.#reloads) continue;
      await this.#pause(this.#opened === undefined ? backoff.next() : pauses.outdatedMs);
    }
  }

  /** Files that cannot be read change nothing: what is open goes on by what they said. */
  async #isOutdated({ isOutdated }: OpenedWire): Promise<boolean> {
    const { cluster, log } = this.#means;
    try {
      const is = await isOutdated();
      this.#problem = undefined;
      if (!is) return false;
    } catch (error) {
      this.#tell((error as Error).message);
      return false;
    }
    log('info', { cluster }, 'the files say something else than before: the wire is opened anew');
    return true;
  }

  async #open(): Promise<void> {
    const before = this.#opened;
    try {
      const opened = await this.#means.open();
      if (this.#state === 'stopped') return;
      opened.wire.start();
      if (before !== undefined) await this.#until(() => opened.wire.status.state === 'running', OVERLAP_MS);
      this.#opened = opened;
      this.#problem = undefined;
    } catch (error) {
      this.#tell((error as Error).message);
      return;
    }
    await before?.wire.stop();
  }

  #tell(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { cluster, log, publish } = this.#means;
    const text =
      this.#opened === undefined ? 'the wire is not watched' : 'the wire is watched by what files said before';
    log('error', { cluster, problem }, text);
    publish('wire', this.wire);
  }

  async #until(isSo: () => boolean, withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    while (!isSo() && this.#state === 'open' && performance.now() < end) await this.#pause(OVERLAP_LOOK_MS);
  }

  /** Ends early where it is woken. */
  #pause(milliseconds: number): Promise<void> {
    if (this.#state === 'stopped') return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Status of a wire that was not opened; `problem` absent: not yet. */
export function notWatched(
  cluster: string,
  { interfaces, folder }: Pick<CaptureSettings, 'interfaces' | 'folder'>,
  since: string,
  problem?: string,
): WireStatus {
  return {
    cluster,
    interfaces: folder === undefined ? interfaces : [folder],
    state: problem === undefined ? 'restarting' : 'failed',
    ...(problem === undefined ? {} : { problem }),
    since,
    packets: 0,
    drops: 0,
    clearBytes: 0,
    tlsBytes: 0,
    connections: 0,
  };
}
