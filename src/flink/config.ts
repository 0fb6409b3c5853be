import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting, SettingOrigin } from '../model/report.ts';
import type { Exposure } from '../model/rule.ts';
import { readFlinkProperties } from './properties.ts';
import { type ConfigurationLayer, lineOf, type PlacedText } from './source.ts';
import { withoutUserInfo } from './user-info.ts';
import { isAtLeast, parseFlinkVersion } from './version.ts';
import { parseLegacyYaml, parseStandardYaml } from './yaml-flat.ts';

export interface ConfigurationFile {
  /** Path or name; it stands in reports as given. */
  readonly name: string;
  readonly text: string;
  /** Where the file is part of another one, as in a ConfigMap: what it is called there, and how it got there. */
  readonly within?: {
    readonly as: string;
    readonly origin: SettingOrigin;
    readonly firstLine: number;
    readonly spread: PlacedText['spread'];
  };
}

export interface ConfigurationProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface ConfigurationOptions {
  /** Process whose configuration this is; `null`: all of them. */
  readonly member: string | null;
  readonly flinkVersion?: string;
  /** What wins over the file; later layers over earlier ones. */
  readonly layers?: readonly ConfigurationLayer[];
  /** Problems of the source, which come first. */
  readonly problems?: readonly ConfigurationProblem[];
  /** What cannot be known from the source: no fault of the configuration. */
  readonly notes?: readonly ConfigurationProblem[];
  /** What the source shows besides settings. */
  readonly exposed?: readonly Exposure[];
}

/** The settings of one process as Flink would read them, each with file and line. */
export interface ParsedConfiguration extends EffectiveConfiguration {
  readonly problems: readonly ConfigurationProblem[];
  readonly notes: readonly ConfigurationProblem[];
  /** The file that is in force; absent where there was none. */
  readonly file?: string;
  /** Values in plain text beside the process: environment, arguments, manifests. */
  readonly exposed: readonly Exposure[];
  /** Values of this key that something else won over, the last one first. */
  overridden(key: string): readonly Setting[];
}

/** Newest version that reads `flink-conf.yaml`. */
const NEWEST_LEGACY = '1.20.999';

/**
 * Reads the configuration of one process. Never throws: what is wrong stands in `problems`, with file and line.
 *
 * Which file counts (`GlobalConfiguration`): up to 1.18 `flink-conf.yaml` alone; in 1.19 and 1.20 `flink-conf.yaml`
 * where it exists, else `config.yaml`; from 2.0 on `config.yaml` alone.
 */
export function parseFlinkConfiguration(
  files: readonly ConfigurationFile[],
  options: ConfigurationOptions,
): ParsedConfiguration {
  const flinkVersion = options.flinkVersion ?? versionOfNames(files);
  return new Configuration(chooseFile(files, flinkVersion), flinkVersion, options);
}

/** `flink-conf.yaml`, in whatever folder. */
export function isLegacyName(name: string): boolean {
  return /(?:^|[/\\])flink-conf\.ya?ml$/.test(name);
}

function isLegacy({ name, within }: ConfigurationFile): boolean {
  return isLegacyName(within?.as ?? name);
}

/** `config.yaml of k8s.yaml` */
function nameOf({ name, within }: ConfigurationFile): string {
  return within === undefined ? name : `${within.as} of ${name}`;
}

/** `/opt/flink-1.20.3/conf/config.yaml` names its version. */
function versionOfNames(files: readonly ConfigurationFile[]): string | undefined {
  const found = files.map((file) => /(?:^|[/\\])flink-(\d+\.\d+\.\d+)(?=[/\\-])/.exec(file.name)?.[1]);
  return found.find((version) => version !== undefined);
}

interface Choice {
  readonly file: ConfigurationFile | undefined;
  readonly problems: readonly ConfigurationProblem[];
}

function chooseFile(files: readonly ConfigurationFile[], version: string | undefined): Choice {
  const legacy = files.find((file) => isLegacy(file));
  const standard = files.find((file) => !isLegacy(file));
  const known = version !== undefined && parseFlinkVersion(version) !== undefined;
  if (legacy === undefined || standard === undefined) {
    const file = legacy ?? standard;
    return { file, problems: known && file !== undefined ? unreadByVersion(file, version) : [] };
  }
  if (known && isAtLeast(version, '2.0')) {
    return { file: standard, problems: [at(legacy, `not read by Flink ${version}: ${nameOf(standard)} counts`)] };
  }
  if (known) {
    return { file: legacy, problems: [at(standard, `not read by Flink ${version} beside ${nameOf(legacy)}`)] };
  }
  const message = `${nameOf(legacy)} stands beside it and counts in Flink 1.20 and before; Flink 2.0 and later read this file alone, and the version is not known`;
  return { file: legacy, problems: [at(standard, message)] };
}

/** The only file there is one that this version does not read: the process would not start with it. */
function unreadByVersion(file: ConfigurationFile, version: string): readonly ConfigurationProblem[] {
  const legacy = isLegacy(file);
  const unread = legacy ? isAtLeast(version, '2.0') : !isAtLeast(version, '1.19');
  return unread ? [at(file, `Flink ${version} does not read this file; taken as if it did`)] : [];
}

function at(file: ConfigurationFile, message: string): ConfigurationProblem {
  return { file: file.name, line: file.within?.firstLine ?? 1, message };
}

class Configuration implements ParsedConfiguration {
  readonly member: string | null;
  declare readonly flinkVersion?: string;
  declare readonly file?: string;
  readonly problems: readonly ConfigurationProblem[];
  readonly notes: readonly ConfigurationProblem[];
  readonly exposed: readonly Exposure[];
  readonly #settings = new Map<string, Setting>();
  readonly #overridden = new Map<string, readonly Setting[]>();
  readonly #newest: string | undefined;

  constructor({ file, problems }: Choice, flinkVersion: string | undefined, options: ConfigurationOptions) {
    this.member = options.member;
    if (flinkVersion !== undefined) {
      this.flinkVersion = flinkVersion;
    }
    if (file !== undefined) {
      this.file = file.name;
    }
    this.#newest = file !== undefined && isLegacy(file) ? NEWEST_LEGACY : undefined;
    const found = [...(options.problems ?? []), ...problems];
    if (file !== undefined) this.#readFile(file, found);
    const written = [...this.#settings.values()].filter(
      (one) => one.origin === 'config-map' && !isReference(one.value),
    );
    const exposed = [...(options.exposed ?? []), ...written.map(exposureOf)];
    for (const layer of options.layers ?? []) {
      exposed.push(...this.#putOn(layer, found));
    }
    this.problems = found;
    this.notes = options.notes ?? [];
    this.exposed = exposed;
  }

  #readFile(file: ConfigurationFile, found: ConfigurationProblem[]): void {
    const { name, within } = file;
    const flat = isLegacy(file) ? parseLegacyYaml(file.text) : parseStandardYaml(file.text);
    const inFile = (line: number): number => (within === undefined ? line : lineOf(within, line));
    found.push(...flat.problems.map(({ line, message }) => ({ file: name, line: inFile(line), message })));
    const faulty = new Set(found.map((problem) => problem.line));
    for (const { key, value, line: own } of flat.entries) {
      const line = inFile(own);
      const known = this.#settings.get(key);
      if (known !== undefined && !faulty.has(line)) {
        faulty.add(line);
        found.push({ file: name, line, message: `duplicate key ${key}, also in line ${known.line}: this one counts` });
      }
      this.#settings.set(key, {
        key,
        value: withoutUserInfo(value),
        file: name,
        line,
        origin: within?.origin ?? 'file',
      });
    }
  }

  /** Puts a layer on top; returns what it shows to others. */
  #putOn(layer: ConfigurationLayer, found: ConfigurationProblem[]): readonly Exposure[] {
    const { file } = layer;
    const read =
      layer.kind === 'entries'
        ? { entries: layer.entries, problems: [] }
        : readFlinkProperties(layer, this.flinkVersion ?? this.#newest);
    const origin = layer.kind === 'entries' ? layer.origin : 'environment';
    found.push(...read.problems);
    return read.entries.flatMap(({ key, value, line }) => {
      const place = file === undefined ? {} : { file, line };
      const setting: Setting = { key, value: withoutUserInfo(value), ...place, origin };
      const known = this.#settings.get(key);
      if (known !== undefined) this.#overridden.set(key, [known, ...(this.#overridden.get(key) ?? [])]);
      this.#settings.set(key, setting);
      return EXPOSED[origin] === undefined || isReference(value) ? [] : [exposureOf(setting)];
    });
  }

  overridden(key: string): readonly Setting[] {
    return this.#overridden.get(key) ?? [];
  }

  atLeast(version: string): boolean {
    const own = this.flinkVersion ?? this.#newest;
    return own === undefined || isAtLeast(own, version);
  }

  setting(key: string, ...aliases: string[]): Setting | undefined {
    for (const name of [key, ...aliases]) {
      const found = this.#settings.get(name);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  settingOr(key: string, fallback: string, ...aliases: string[]): Setting {
    return this.setting(key, ...aliases) ?? { key, value: fallback, origin: 'default' };
  }

  keys(): readonly string[] {
    return [...this.#settings.keys()];
  }
}

/** Whom a value is shown to by the way it takes; the others are files, which have modes. */
const EXPOSED: Partial<Record<SettingOrigin, Exposure['kind']>> = {
  environment: 'variable',
  dynamic: 'argument',
  manifest: 'manifest',
  'config-map': 'manifest',
};

function exposureOf({ key, file, line, origin = 'file' }: Setting): Exposure {
  return {
    kind: EXPOSED[origin] ?? 'manifest',
    name: origin === 'environment' ? `FLINK_PROPERTIES ${key}` : key,
    ...(file === undefined || line === undefined ? {} : { file, line }),
  };
}

/** `${…}`: filled in from elsewhere, so that the secret does not stand here. */
export function isReference(value: string): boolean {
  return /^\s*\$(?:\{[^}]*\}|\([^)]*\)|[A-Za-z_]\w*)\s*$/.test(value);
}
