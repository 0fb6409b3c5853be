import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { Companion, CompanionMeans } from './companion.ts';
import type { Run } from './types.ts';

export interface RotationWatchMeans extends CompanionMeans {
  /** Paths of the key stores that processes of the cluster read; asked again and again, since configurations change. */
  readonly files: () => Promise<readonly string[]>;
}

/** Certificates are seldom written: looking is cheap, and some seconds of delay do no harm. */
const EVERY_MS = 10_000;
/** Looks after which it is asked anew which files there are. */
const FILES_EVERY = 6;
/** Larger files are no key stores: they are told apart by size and time. */
const HASHED_MAX = 8 * 1024 * 1024;
/** The rule that holds what is served against what is on disk. */
const RULE = 'served-certificate-is-not-the-one-on-disk';

interface Edition {
  /** Which file it is and when it was written. */
  readonly stamp: string;
  readonly content: string;
}

interface Watched {
  /** The last that was there, and stayed for two looks. */
  settled: Edition | undefined;
  /** Seen once, and another than before: it may still be being written. */
  pending?: string;
}

/**
 * Watches key store files, also behind the `..data` links of Kubernetes volumes: where one is written, it says who has
 * to be restarted and has the cluster verified; when nobody serves another certificate any more, the rotation is closed.
 *
 * A file that is written with the content that it had is no rotation, nor is one that is away for a while.
 */
export class RotationWatch implements Companion {
  readonly #means: RotationWatchMeans;
  readonly #known = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #looks = 0;
  #state: 'running' | 'stopped' = 'running';
  /** Stores that were written and may not be served by everybody yet: when that was. */
  readonly #open = new Map<string, number>();

  constructor(means: RotationWatchMeans) {
    this.#means = means;
    this.#next(0);
  }

  stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    return this.#looking;
  }

  committed({ report }: Run): void {
    if (this.#open.size === 0 || !report.complete) return;
    const told = report.findings.filter(({ ruleId }) => ruleId === RULE);
    const members = [...new Set(told.flatMap(({ endpoint }) => endpoint?.member ?? endpoint?.host ?? []))];
    if (told.length > 0) {
      this.#means.log('info', { cluster: this.#means.settings.name, members }, 'to be restarted after a rotation');
      return;
    }
    // Where nobody could see what is served, nothing is closed.
    const isSeen = report.observations.some(({ tls }) => tls?.serverCertificate.seen === 'present');
    if (!isSeen || report.verdict === 'inconclusive') return;
    for (const [file, writtenAt] of [...this.#open]) {
      if (Date.parse(report.startedAt) < writtenAt) continue;
      this.#open.delete(file);
      this.#note('rotation-served', `${file}: no process that was seen serves another certificate than those on disk`);
    }
  }

  #next(afterMs: number): void {
    if (this.#state === 'stopped') return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().then(() => this.#next(EVERY_MS));
    }, afterMs);
  }

  async #look(): Promise<void> {
    if (this.#looks++ % FILES_EVERY === 0) await this.#findFiles();
    if (this.#state === 'stopped') return;
    const written = [...this.#known].filter(([file, watched]) => isWritten(file, watched)).map(([file]) => file);
    for (const file of written) {
      this.#open.set(file, this.#means.clock());
      this.#note(
        'rotation-written',
        `${file} was written; Flink reads it when a process starts: restart every process that uses it`,
      );
    }
    if (written.length > 0) this.#means.trigger('rotation');
  }

  /** Files that are no longer named are forgotten; new ones are as they are found. */
  async #findFiles(): Promise<void> {
    let files: readonly string[];
    try {
      files = await this.#means.files();
    } catch (error) {
      const fields = { cluster: this.#means.settings.name, problem: (error as Error).message };
      this.#means.log('warn', fields, 'which key stores there are is not known');
      return;
    }
    for (const file of [...this.#known.keys()]) if (!files.includes(file)) this.#known.delete(file);
    for (const file of files) {
      if (!this.#known.has(file)) this.#known.set(file, { settled: editionOf(file, stampOf(file)) });
    }
  }

  #note(kind: 'rotation-written' | 'rotation-served', text: string): void {
    const { settings, note, clock } = this.#means;
    note({ cluster: settings.name, kind, at: new Date(clock()).toISOString(), text });
  }
}

/** Whether there is another content than before, which stayed the same for two looks. */
function isWritten(file: string, watched: Watched): boolean {
  const stamp = stampOf(file);
  if (stamp === undefined || stamp === watched.settled?.stamp) {
    delete watched.pending;
    return false;
  }
  if (watched.pending !== stamp) {
    watched.pending = stamp;
    return false;
  }
  delete watched.pending;
  const edition = editionOf(file, stamp);
  if (edition === undefined) return false;
  const before = watched.settled;
  watched.settled = edition;
  return before?.content !== edition.content;
}

function stampOf(file: string): string | undefined {
  try {
    const real = realpathSync(file);
    const { ino, mtimeMs, size } = statSync(real);
    return [real, ino, mtimeMs, size].join(' ');
  } catch {
    return undefined;
  }
}

function editionOf(file: string, stamp: string | undefined): Edition | undefined {
  if (stamp === undefined) return undefined;
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > HASHED_MAX) return { stamp, content: stamp };
    return { stamp, content: createHash('sha256').update(readFileSync(file)).digest('hex') };
  } catch {
    return undefined;
  }
}
