import { readFileSync } from 'node:fs';
import { Unusable } from './failure.ts';
import { serviceVariables, variableOf } from './foreign-variables.ts';
import { hintOf } from './nearest.ts';
import { SETTING_KEYS, type SettingKey } from './setting-keys.ts';

/** A value that somebody gave besides the file. */
export interface Overlay {
  readonly path: readonly string[];
  readonly value: string | number;
  /** As it was given: `--web.listen` or `FLINKPROBE_WEB_LISTEN`. */
  readonly origin: string;
  readonly kind: SettingKey['kind'];
}

const SHORT = { listen: 'web.listen' } as const;
/** Options of the daemon that are no settings. */
const OWN: readonly string[] = ['config', 'listen', 'help', 'version'];

/**
 * What flags and variables say of the settings; a flag wins over its variable. `secrets`: variables that the settings
 * name as the place of a secret.
 *
 * @throws Unusable for a key that is given twice, and for a variable that names none
 */
export function overlaysOf(
  args: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv,
  secrets: readonly string[] = [],
): readonly Overlay[] {
  refuseUnknownVariables(environment, secrets);
  return SETTING_KEYS.flatMap(({ key, kind }) => {
    const [origin, given] = givenOf(key, args, environment);
    if (given === undefined) return [];
    if (typeof given !== 'string') throw new Unusable(`${origin}: given more than once`);
    return [{ path: key.split('.'), value: givenValue(given, kind), origin, kind }];
  });
}

function givenOf(
  key: string,
  args: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv,
): readonly [origin: string, value: unknown] {
  const short = Object.entries(SHORT).find(([, long]) => long === key)?.[0];
  if (args[key] !== undefined) return [`--${key}`, args[key]];
  if (short !== undefined && args[short] !== undefined) return [`--${short}`, args[short]];
  const variables = [key, ...(short === undefined ? [] : [short])].map(variableOf);
  const variable = variables.find((name) => environment[name] !== undefined) ?? variables[0]!;
  return [variable, environment[variable]];
}

/** What is no number stays text: the schema says what is wrong with it. */
function givenValue(given: string, kind: SettingKey['kind']): string | number {
  return kind === 'number' && /^\d+$/.test(given) ? Number(given) : given;
}

function refuseUnknownVariables(environment: NodeJS.ProcessEnv, secrets: readonly string[]): void {
  const known = ['FLINKPROBE_CONFIG', 'FLINKPROBE_LISTEN', ...SETTING_KEYS.map(({ key }) => variableOf(key))];
  const ofServices = serviceVariables(environment);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('FLINKPROBE_') || known.includes(name) || ofServices.includes(name)) continue;
    if (secrets.includes(name)) continue;
    throw new Unusable(`${name}: is no setting of the daemon${hintOf(name, known)}`);
  }
}

/** Variables that a file of settings names as the place of a secret; a file that cannot be read is told by its reader. */
export function secretVariables(file: string): readonly string[] {
  try {
    return [...readFileSync(file, 'utf8').matchAll(/\benvironment["']?\s*:\s*["']?(\w+)/g)].map(([, name]) => name!);
  } catch {
    return [];
  }
}

/** @throws Unusable for an option that the daemon does not have */
export function refuseUnknownSettings(args: readonly string[]): void {
  const known = [...OWN, ...SETTING_KEYS.map(({ key }) => key)];
  for (const one of args) {
    const [, name] = /^--([^=]+)/.exec(one) ?? [];
    if (name === undefined || known.includes(name)) continue;
    throw new Unusable(`--${name}: is no option of the daemon${hintOf(name, known, '--')} (flinkprobe daemon --help)`);
  }
}

/** The written settings with what was given put in; the file's own content stays as it is. */
export function overlaid(content: unknown, overlays: readonly Overlay[], folder: (file: string) => string): unknown {
  if (overlays.length === 0) return content;
  const top: unknown = structuredClone(content);
  if (!isMap(top)) return content;
  for (const { path, value, kind } of overlays) put(top, path, kind === 'path' ? folder(String(value)) : value);
  return top;
}

type YamlMap = Record<string, unknown>;

const isMap = (value: unknown): value is YamlMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ways to give a schedule exclude each other: what is given last holds. */
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  every: ['cron', 'time_zone'],
  jitter: ['cron', 'time_zone'],
  cron: ['every', 'jitter'],
  time_zone: ['every', 'jitter'],
};

function put(top: YamlMap, path: readonly string[], value: unknown): void {
  let map = top;
  for (const part of path.slice(0, -1)) {
    if (!isMap(map[part])) map[part] = {};
    map = map[part] as YamlMap;
  }
  const last = path.at(-1)!;
  if (path.at(-2) === 'schedule') for (const other of INSTEAD[last] ?? []) delete map[other];
  map[last] = value;
}
