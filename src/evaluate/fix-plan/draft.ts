import type { Finding, Setting } from '../../model/report.ts';
import type { ConfigurationSubject, StoreFamily } from '../../model/rule.ts';

/** What a change of a setting touches: `nothing` reads a dead key; `process`: whatever else Flink reads at its start. */
export type Effect = 'nothing' | 'internal' | 'rest' | 'process';

/** One setting of one file that has to be another. Values of secrets are placeholders. */
export interface DraftChange {
  readonly change: 'set' | 'add' | 'remove' | 'rename';
  readonly key: string;
  readonly to?: string;
  /** As it stands in the file. */
  readonly setting?: Setting;
  readonly effect: Effect;
  /** Environment variable with the value of a placeholder, or of a secret that takes the place of another. */
  readonly variable?: string;
}

export interface DraftFile {
  readonly path: string;
  readonly subjects: readonly ConfigurationSubject[];
  readonly changes: ReadonlyMap<string, DraftChange>;
}

/** What is to become of the two stores of a family. */
export interface StoreWork {
  /** `renew`: there is one that works, and another takes its place. `ask-authority`: as that, signed by who signed the old one. */
  pair: 'keep' | 'make' | 'renew' | 'ask-authority';
  /** `own`: a new one with the own certificate alone. `add-own`: it goes into the one that is there. */
  truststore: 'keep' | 'own' | 'add-own';
  keyType: 'RSA' | 'EC';
  /** Old passwords that everybody knows. */
  passwords: 'keep' | 'change';
}

/** Lines for one file or directory, that no restart needs. */
export interface FileCommand {
  readonly line: string;
  readonly member?: string;
}

/**
 * Collects what the findings ask for. The first to ask for a value of a key gets it: findings come in the order of the
 * report, the most severe first; what another wanted is told as a decision.
 */
export class Draft {
  readonly stores: Readonly<Record<StoreFamily, StoreWork>> = {
    internal: { pair: 'keep', truststore: 'keep', keyType: 'RSA', passwords: 'keep' },
    rest: { pair: 'keep', truststore: 'keep', keyType: 'RSA', passwords: 'keep' },
  };
  readonly fileCommands: FileCommand[] = [];
  readonly #subjects: readonly ConfigurationSubject[];
  readonly #files = new Map<string, Map<string, DraftChange>>();
  readonly #decisions = new Set<string>();
  readonly #byHand = new Map<string, string>();

  constructor(subjects: readonly ConfigurationSubject[]) {
    this.#subjects = subjects;
  }

  get subjects(): readonly ConfigurationSubject[] {
    return this.#subjects;
  }

  get decisions(): readonly string[] {
    return [...this.#decisions];
  }

  /** Files with changes, in the order of the configurations. */
  get files(): readonly DraftFile[] {
    const paths = [...new Set(this.#subjects.map(({ path }) => path))];
    return paths.flatMap((path): DraftFile[] => {
      const changes = this.#files.get(path);
      if (changes === undefined || changes.size === 0) return [];
      return [{ path, subjects: this.#subjects.filter((one) => one.path === path), changes }];
    });
  }

  /** The value as the plan leaves it; `undefined`: not set, or removed. */
  value(subject: ConfigurationSubject, ...keys: readonly string[]): string | undefined {
    const changes = this.#files.get(subject.path);
    const renamed = [...(changes?.values() ?? [])].filter((one) => one.change === 'rename');
    for (const key of keys) {
      const source = renamed.find(({ to }) => to === key);
      if (source !== undefined) return source.setting?.value;
      const own = changes?.get(key);
      if (own === undefined) {
        const found = subject.configuration.setting(key);
        if (found !== undefined) return found.value;
      } else if (own.change === 'set' || own.change === 'add') return own.to;
    }
    return undefined;
  }

  set(subject: ConfigurationSubject, key: string, to: string, effect: Effect, variable?: string): void {
    const source = [...this.#of(subject).values()].find((one) => one.change === 'rename' && one.to === key);
    if (source?.setting?.value === to) return;
    if (source !== undefined) this.#of(subject).set(source.key, { ...source, change: 'remove' });
    const known = this.#of(subject).get(key);
    if (known !== undefined) {
      if (known.to !== to && known.change !== 'rename')
        this.decide(
          `${subject.path}: ${key} becomes ${known.to ?? 'unset'}, which the more severe finding asks for; another asked for ${to}.`,
        );
      return;
    }
    const setting = subject.configuration.setting(key);
    if (setting?.value === to) return;
    this.#of(subject).set(key, {
      change: setting === undefined ? 'add' : 'set',
      key,
      to,
      effect,
      ...(setting === undefined ? {} : { setting }),
      ...(variable === undefined ? {} : { variable }),
    });
  }

  remove(subject: ConfigurationSubject, key: string, effect: Effect): void {
    const setting = subject.configuration.setting(key);
    const known = this.#of(subject).get(key);
    if (known !== undefined && known.change !== 'remove') return;
    if (setting !== undefined) this.#of(subject).set(key, { change: 'remove', key, setting, effect });
  }

  rename(subject: ConfigurationSubject, key: string, to: string, effect: Effect): void {
    const setting = subject.configuration.setting(key);
    if (setting !== undefined) this.#of(subject).set(key, { change: 'rename', key, to, setting, effect });
  }

  /** Said once. */
  decide(text: string): void {
    this.#decisions.add(text);
  }

  byHand(finding: Finding, text: string): void {
    this.#byHand.set(finding.fingerprint, text);
  }

  handworkOf(finding: Finding): string | undefined {
    return this.#byHand.get(finding.fingerprint);
  }

  #of(subject: ConfigurationSubject): Map<string, DraftChange> {
    const known = this.#files.get(subject.path) ?? new Map<string, DraftChange>();
    this.#files.set(subject.path, known);
    return known;
  }
}
