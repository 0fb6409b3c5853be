import { realpathSync, statSync } from 'node:fs';
import type { Finding } from '../model/report.ts';
import type { Companion, CompanionMeans } from './daemon.ts';
import type { Run } from './types.ts';

export interface RotationWatchMeans extends CompanionMeans {
  /** Paths of the key stores that the processes of the cluster read, as configurations name them. */
  readonly files: readonly string[];
}

/** Certificates are seldom written: looking is cheap, and a minute of delay does no harm. */
const EVERY_MS = 10_000;
/** The rule that holds what is served against what is on disk. */
const RULE = 'served-certificate-is-not-the-one-on-disk';

/**
 * Watches key store files, also behind the `..data` links of Kubernetes volumes: where one is written, it says who has
 * to be restarted and has the cluster verified; when every process serves what is on disk, the rotation is closed.
 */
export class RotationWatch implements Companion {
  readonly #means: RotationWatchMeans;
  readonly #known: Map<string, string | undefined>;
  readonly #timer: NodeJS.Timeout;
  /** Stores that were written and are not served by everybody yet. */
  readonly #open = new Set<string>();

  constructor(means: RotationWatchMeans) {
    this.#means = means;
    this.#known = new Map(means.files.map((file) => [file, signature(file)]));
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  committed({ report }: Run): void {
    if (this.#open.size === 0 || !report.complete) return;
    const told = report.findings.filter(({ ruleId }) => ruleId === RULE);
    // Where nobody could see what is served, nothing is closed.
    if (told.length > 0 || report.verdict === 'inconclusive') {
      this.#remind(told);
      return;
    }
    for (const file of this.#open)
      this.#note('rotation-served', `every process that was seen serves what ${file} holds`);
    this.#open.clear();
  }

  #remind(told: readonly Finding[]): void {
    const members = [...new Set(told.flatMap(({ endpoint }) => endpoint?.member ?? endpoint?.host ?? []))];
    if (members.length === 0) return;
    this.#means.log('info', { cluster: this.#means.settings.name, members }, 'still to be restarted after a rotation');
  }

  #look(): void {
    const written = [...this.#known].filter(([file, before]) => {
      const now = signature(file);
      if (now === before) return false;
      this.#known.set(file, now);
      // A file that is away for a moment is one that is being replaced.
      return now !== undefined;
    });
    if (written.length === 0) return;
    for (const [file] of written) {
      this.#open.add(file);
      this.#note(
        'rotation-written',
        `${file} was written; Flink reads it when a process starts: restart every process that uses it`,
      );
    }
    this.#means.trigger('rotation');
  }

  #note(kind: 'rotation-written' | 'rotation-served', text: string): void {
    const { settings, note, clock } = this.#means;
    note({ cluster: settings.name, kind, at: new Date(clock()).toISOString(), text });
  }
}

/** Which file it is and when it was written; undefined where there is none. */
function signature(file: string): string | undefined {
  try {
    const real = realpathSync(file);
    const { ino, mtimeMs, size } = statSync(real);
    return [real, ino, mtimeMs, size].join(' ');
  } catch {
    return undefined;
  }
}
