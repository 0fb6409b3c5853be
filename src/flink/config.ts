import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';
import { isAtLeast, parseFlinkVersion } from './version.ts';
import { type FlatFile, parseLegacyYaml, parseStandardYaml } from './yaml-flat.ts';

export interface ConfigurationFile {
  /** Path or name; it stands in reports as given. */
  readonly name: string;
  readonly text: string;
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
}

/** The settings of one process as Flink would read them, each with file and line. */
export interface ParsedConfiguration extends EffectiveConfiguration {
  readonly problems: readonly ConfigurationProblem[];
  /** The file that is in force; absent where there was none. */
  readonly file?: string;
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
  const choice = chooseFile(files, flinkVersion);
  if (choice.file === undefined) {
    return new Configuration(options.member, flinkVersion, undefined, { entries: [], problems: [] }, choice.problems);
  }
  const { file } = choice;
  const flat = isLegacyName(file.name) ? parseLegacyYaml(file.text) : parseStandardYaml(file.text);
  return new Configuration(options.member, flinkVersion, file, flat, choice.problems);
}

function isLegacyName(name: string): boolean {
  return /(?:^|[/\\])flink-conf\.ya?ml$/.test(name);
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
  const legacy = files.find((file) => isLegacyName(file.name));
  const standard = files.find((file) => !isLegacyName(file.name));
  const known = version !== undefined && parseFlinkVersion(version) !== undefined;
  if (legacy === undefined || standard === undefined) {
    const file = legacy ?? standard;
    return { file, problems: known && file !== undefined ? unreadByVersion(file, version) : [] };
  }
  if (known && isAtLeast(version, '2.0')) {
    return { file: standard, problems: [at(legacy, `not read by Flink ${version}: ${standard.name} counts`)] };
  }
  if (known) {
    return { file: legacy, problems: [at(standard, `not read by Flink ${version} beside ${legacy.name}`)] };
  }
  const message = `${legacy.name} stands beside it and counts in Flink 1.20 and before; Flink 2.0 and later read this file alone, and the version is not known`;
  return { file: legacy, problems: [at(standard, message)] };
}

/** The only file there is one that this version does not read: the process would not start with it. */
function unreadByVersion(file: ConfigurationFile, version: string): readonly ConfigurationProblem[] {
  const legacy = isLegacyName(file.name);
  const unread = legacy ? isAtLeast(version, '2.0') : !isAtLeast(version, '1.19');
  return unread ? [at(file, `Flink ${version} does not read this file; taken as if it did`)] : [];
}

function at(file: ConfigurationFile, message: string): ConfigurationProblem {
  return { file: file.name, line: 1, message };
}

class Configuration implements ParsedConfiguration {
  readonly member: string | null;
  declare readonly flinkVersion?: string;
  declare readonly file?: string;
  readonly problems: readonly ConfigurationProblem[];
  readonly #settings = new Map<string, Setting>();
  readonly #newest: string | undefined;

  constructor(
    member: string | null,
    flinkVersion: string | undefined,
    file: ConfigurationFile | undefined,
    flat: FlatFile,
    problems: readonly ConfigurationProblem[],
  ) {
    this.member = member;
    if (flinkVersion !== undefined) {
      this.flinkVersion = flinkVersion;
    }
    if (file !== undefined) {
      this.file = file.name;
    }
    this.#newest = file !== undefined && isLegacyName(file.name) ? NEWEST_LEGACY : undefined;
    const name = file?.name ?? '';
    const found = [...problems, ...flat.problems.map((problem) => ({ file: name, ...problem }))];
    for (const { key, value, line } of flat.entries) {
      const known = this.#settings.get(key);
      if (known !== undefined && !found.some((problem) => problem.line === line)) {
        found.push({ file: name, line, message: `duplicate key ${key}, also in line ${known.line}: this one counts` });
      }
      this.#settings.set(key, { key, value, file: name, line, origin: 'file' });
    }
    this.problems = found;
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
