import { setTimeout as pause } from 'node:timers/promises';
import { KubernetesFailure, type PodEvent, type PodList, type PodSource } from '../net/kubernetes-types.ts';

/** Who is told what the feed brings. */
export interface PodTaker {
  /** All that there are; comes again after the server kept no more of what was watched from. */
  listed(pods: PodList['pods']): void;
  changed(event: Extract<PodEvent, { kind: 'applied' | 'deleted' }>): void;
  /** `following`: what was told is so. `lost`: it may be old. Told when it becomes so, or comes of another fault. */
  state(state: 'following' | 'lost', why?: string): void;
}

export interface FeedPauses {
  readonly firstMs: number;
  readonly mostMs: number;
  /** A stream that ended sooner counts as one that was dropped. */
  readonly shortMs: number;
}

const PAUSES: FeedPauses = { firstMs: 1000, mostMs: 30_000, shortMs: 5000 };
/** Doublings that are counted: no pause is longer than `mostMs`. */
const FAILURES_MAX = 16;

/**
 * Lists pods, then watches what becomes of them, as clients of Kubernetes do ("Efficient detection of changes"): a stream
 * that ends is taken up where it ended, one whose version is no longer kept begins with a list, and after failures there
 * are pauses that double.
 */
export class PodFeed {
  readonly #source: PodSource;
  readonly #taker: PodTaker;
  readonly #pauses: FeedPauses;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  readonly #working: Promise<void>;
  #version: string | undefined;
  /** Of the stream that goes on. */
  #openedAt: number | undefined;
  #failures = 0;
  /** What was told last, with the kind of fault. */
  #told: string | undefined;

  constructor(source: PodSource, taker: PodTaker, pauses: FeedPauses = PAUSES, random: () => number = Math.random) {
    this.#source = source;
    this.#taker = taker;
    this.#pauses = pauses;
    this.#random = random;
    this.#working = this.#work();
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.#working;
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  get #isShort(): boolean {
    return this.#openedAt === undefined || performance.now() - this.#openedAt < this.#pauses.shortMs;
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#version ??= await this.#list();
        await this.#follow();
        // Servers end each watch after some minutes; one that ends them at once is not asked without end.
        this.#failures = this.#isShort ? Math.min(this.#failures + 1, FAILURES_MAX) : 0;
      } catch (error) {
        if (!this.#isStopped) this.#failed(error);
      }
      this.#openedAt = undefined;
      await this.#pause();
    }
  }

  async #list(): Promise<string> {
    const { pods, resourceVersion } = await this.#source.list(this.#stop.signal);
    if (!this.#isStopped) this.#taker.listed(pods);
    return resourceVersion;
  }

  async #follow(): Promise<void> {
    for await (const event of this.#source.watch(this.#version!, this.#stop.signal)) {
      if (this.#isStopped) return;
      if (event.kind === 'opened') {
        this.#openedAt = performance.now();
        this.#tell('following');
        continue;
      }
      if (event.resourceVersion !== '') this.#version = event.resourceVersion;
      if (event.kind !== 'bookmark') this.#taker.changed(event);
    }
  }

  #failed(error: unknown): void {
    const isExpired = error instanceof KubernetesFailure && error.fault === 'expired';
    // What cannot be understood is not asked for again from the same place.
    const isBroken =
      error instanceof KubernetesFailure && ['malformed', 'too-large', 'http-status'].includes(error.fault);
    if (isExpired || isBroken) this.#version = undefined;
    this.#failures = this.#isShort ? Math.min(this.#failures + 1, FAILURES_MAX) : 1;
    // A list follows at once: nothing is lost yet.
    if (isExpired && this.#failures === 1) return;
    this.#tell('lost', (error as Error).message, error instanceof KubernetesFailure ? error.fault : 'other');
  }

  #tell(state: 'following' | 'lost', why?: string, fault?: string): void {
    const what = fault === undefined ? state : `${state} ${fault}`;
    if (this.#told === what) return;
    this.#told = what;
    this.#taker.state(state, why);
  }

  async #pause(): Promise<void> {
    const { firstMs, mostMs } = this.#pauses;
    if (this.#failures === 0) return;
    const most = Math.min(firstMs * 2 ** (this.#failures - 1), mostMs);
    // Not all daemons at once, where an API server comes back.
    const wait = most * (0.5 + this.#random() / 2);
    await pause(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
