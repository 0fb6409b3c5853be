import { type ResourceLimits, Worker } from 'node:worker_threads';
import { Backoff } from '../daemon/backoff.ts';
import type { CompanionMeans } from '../daemon/companion.ts';
import type { Publish } from '../daemon/live-events.ts';
import type { WireStatus } from '../daemon/types.ts';
import { notWatched } from '../daemon/wire-companion.ts';
import type { Waiver } from '../model/waiver.ts';
import type { FolderNews, FolderOrder } from './folder-worker.ts';
import { keepYoungGenerationBeside } from './heap.ts';

/** What V8 may take in the thread for all folders together, MiB. */
const THREAD_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
/** So long a folder may take to end: a file is judged before. */
const END_WITHIN_MS = 5000;

export type FolderMeans = Pick<CompanionMeans, 'settings' | 'publish' | 'keep' | 'log'> & {
  readonly waivers: () => readonly Waiver[];
};

/** A folder that is watched in the thread. */
export interface FolderWatch {
  readonly wire: WireStatus;
  /** The files that its settings name may say something else now. */
  reloaded(): void;
  /** What was seen until then is judged and kept. */
  stop(): Promise<void>;
}

interface Watched {
  readonly means: FolderMeans;
  wire: WireStatus;
  waivers: readonly Waiver[];
  ended: (() => void) | undefined;
}

/**
 * The thread that reads all watched folders: captures of any size are read and judged while the daemon goes on. It is
 * there while a folder is watched, and is begun anew when it breaks off.
 */
export class FolderThread {
  readonly #program: URL;
  readonly #limits: ResourceLimits;
  readonly #watched = new Map<number, Watched>();
  #worker: Worker | undefined;
  #begunAt = 0;
  readonly #backoff = new Backoff();
  #again: NodeJS.Timeout | undefined;
  #numbers = 0;

  /** Tests give their own program and limits. */
  constructor(program: URL = PROGRAM, limits: ResourceLimits = THREAD_LIMITS) {
    this.#program = program;
    this.#limits = limits;
  }

  watch(means: FolderMeans): FolderWatch {
    const number = ++this.#numbers;
    const { name, capture } = means.settings;
    const wire = notWatched(name, capture ?? { interfaces: [] }, new Date().toISOString());
    const one: Watched = { means, wire, waivers: means.waivers(), ended: undefined };
    this.#watched.set(number, one);
    if (this.#worker !== undefined) this.#begin(number, one);
    else if (this.#again === undefined) this.#open();
    return {
      get wire() {
        return one.wire;
      },
      reloaded: () => this.#tell({ kind: 'reloaded', cluster: number }),
      stop: () => this.#stop(number, one),
    };
  }

  #open(): void {
    this.#again = undefined;
    this.#begunAt = performance.now();
    const worker = new Worker(this.#program, { resourceLimits: this.#limits });
    this.#worker = worker;
    keepYoungGenerationBeside(worker);
    worker.on('message', (news: FolderNews) => this.#take(news));
    worker.on('messageerror', (error) => this.#broken(worker, error.message));
    worker.on('error', (error) => this.#broken(worker, error.message));
    worker.on('exit', (code) => this.#broken(worker, `the thread ended (code ${code})`));
    for (const [number, one] of this.#watched) this.#begin(number, one);
  }

  #begin(cluster: number, { means, waivers }: Watched): void {
    this.#tell({ kind: 'begin', cluster, settings: means.settings, waivers });
  }

  #tell(order: FolderOrder): void {
    this.#worker?.postMessage(order);
  }

  #take(news: FolderNews): void {
    const one = this.#watched.get(news.cluster);
    if (one === undefined) return;
    const { publish, keep, log } = one.means;
    switch (news.kind) {
      case 'log':
        log(news.level, news.fields, news.text);
        break;
      case 'kept':
        keep(news.report);
        break;
      case 'ended':
        one.ended?.();
        break;
      case 'published':
        if (news.event === 'wire') this.#takeStatus(news.cluster, one, news.data as WireStatus);
        (publish as (...told: Parameters<Publish>) => void)(news.event, news.data);
    }
  }

  /** It comes every second: a time to hand over waivers that are new. */
  #takeStatus(cluster: number, one: Watched, status: WireStatus): void {
    one.wire = status;
    const waivers = one.means.waivers();
    if (waivers === one.waivers) return;
    one.waivers = waivers;
    this.#tell({ kind: 'waivers', cluster, waivers });
  }

  #broken(worker: Worker, how: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    void worker.terminate();
    const problem = `reading captures broke off: ${how}`;
    for (const one of this.#watched.values()) {
      one.means.log('error', { cluster: one.means.settings.name, problem }, 'live wire: restarting');
      one.wire = { ...one.wire, state: 'restarting', problem };
      one.means.publish('wire', one.wire);
      one.ended?.();
    }
    this.#again = setTimeout(() => this.#open(), this.#backoff.next(performance.now() - this.#begunAt));
  }

  async #stop(cluster: number, one: Watched): Promise<void> {
    if (!this.#watched.has(cluster)) return;
    if (this.#worker !== undefined) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, END_WITHIN_MS);
        one.ended = () => {
          clearTimeout(late);
          resolve();
        };
        this.#tell({ kind: 'end', cluster });
      });
    }
    this.#watched.delete(cluster);
    if (this.#watched.size === 0) this.#close();
  }

  #close(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }
}

/** Beside this file, compiled and bundled alike. */
const PROGRAM = new URL('./folder-worker.js', import.meta.url);
