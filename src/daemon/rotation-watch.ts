import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { Companion, CompanionMeans } from './companion.ts';
import { Rotations } from './rotations.ts';
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

/** What outlives the watch. */
interface Remembered {
  readonly rotations: string;
  /** SHA-256 of each file, as it was last. */
  readonly contents: Readonly<Record<string, string>>;
}

/**
 * Watches key store files, also behind the `..data` links of Kubernetes volumes: where one is written, it says who has
 * to be restarted and has the cluster verified; when nobody serves another certificate any more, the rotation is closed.
 *
 * A file that is written with the content that it had is no rotation, nor is one that is away for a while. The store
 * remembers what is open, and what files held, while the daemon is down or has new settings.
 */
export class RotationWatch implements Companion {
  readonly #means: RotationWatchMeans;
  readonly #known = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #looks = 0;
  #state: 'running' | 'stopped' = 'running';
  #rotations = new Rotations();
  /** Contents of files before this watch began. */
  #before: Remembered['contents'] = {};
  #remembered = '';

  constructor(means: RotationWatchMeans) {
    this.#means = means;
    this.#recall();
    this.#next(0);
  }

  stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    return this.#looking;
  }

  /** Live runs read no key stores: they cannot tell. */
  committed({ report, trigger }: Run): void {
    if (this.#rotations.files.length === 0 || trigger === 'live' || !report.complete) return;
    for (const file of this.#rotations.take(report)) {
      this.#note('rotation-served', `${file}: no process that was seen serves another certificate than those on disk`);
    }
    const { members } = this.#rotations;
    const { log, settings } = this.#means;
    if (members.length > 0) log('info', { cluster: settings.name, members }, 'to be restarted after a rotation');
    this.#remember();
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
      this.#rotations.written(file, this.#means.clock());
      this.#note(
        'rotation-written',
        `${file} was written; Flink reads it when a process starts: restart every process that uses it`,
      );
    }
    this.#remember();
    if (written.length > 0) this.#means.trigger('rotation');
  }

  /** Files that are no longer named are forgotten; new ones are as they are found. */
  async #findFiles(): Promise<void> {
    let files: readonly string[];
    try {
      files = await this.#means.files();
    } catch (error) {
      this.#warn('which key stores there are is not known', error);
      return;
    }
    for (const file of [...this.#known.keys(), ...this.#rotations.files]) {
      if (files.includes(file)) continue;
      this.#known.delete(file);
      this.#rotations.forget(file);
    }
    for (const file of files) {
      if (!this.#known.has(file)) this.#known.set(file, { settled: this.#firstEdition(file) });
    }
    this.#before = {};
  }

  /** As it was before this watch began, so that one that was written meanwhile is a rotation. */
  #firstEdition(file: string): Edition | undefined {
    const now = editionOf(file, stampOf(file));
    const content = this.#before[file];
    return content === undefined || content === now?.content ? now : { stamp: '', content };
  }

  #recall(): void {
    try {
      const text = this.#means.store.memory.recall(this.#key);
      if (text === undefined) return;
      const { rotations, contents } = JSON.parse(text) as Remembered;
      this.#rotations = Rotations.parse(rotations);
      this.#before = contents;
      this.#remembered = text;
    } catch (error) {
      this.#warn('rotations of earlier are not known', error);
    }
  }

  /** What the store does not take now is tried again with the next look. */
  #remember(): void {
    const contents = [...this.#known].flatMap(([file, { settled }]) =>
      settled === undefined ? [] : [[file, settled.content] as const],
    );
    const remembered: Remembered = {
      rotations: String(this.#rotations),
      contents: { ...this.#before, ...Object.fromEntries(contents) },
    };
    const text = JSON.stringify(remembered);
    if (text === this.#remembered) return;
    try {
      this.#means.store.memory.remember(this.#key, text);
      this.#remembered = text;
    } catch (error) {
      this.#warn('rotations cannot be remembered', error);
    }
  }

  get #key(): string {
    return `rotations ${this.#means.settings.name}`;
  }

  #warn(text: string, error: unknown): void {
    this.#means.log('warn', { cluster: this.#means.settings.name, problem: (error as Error).message }, text);
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
