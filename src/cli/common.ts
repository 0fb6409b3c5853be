import { readFileSync } from 'node:fs';
import type { Options } from 'yargs';
import { FORMAT_NAMES } from '../report/formats.ts';
import type { FailOn } from '../report/severity.ts';
import { reason, Unusable } from './failure.ts';

export type { ConfigurationFiles } from './configuration-sources.ts';

type CommonOptions = Readonly<
  Record<
    | 'format'
    | 'output'
    | 'fail-on'
    | 'conf'
    | 'D'
    | 'names'
    | 'policy'
    | 'waivers'
    | 'flink-version'
    | 'now'
    | 'redact'
    | 'quiet'
    | 'verbose'
    | 'color'
    | 'wide'
    | 'plain',
    Options
  >
>;

/** An option that takes one text each time it is given. */
export function repeatable(describe: string, defaultDescription = 'none'): Options {
  return { type: 'string', array: true, requiresArg: true, default: [], defaultDescription, describe };
}

/** Options that several commands share. */
export const commonOptions: CommonOptions = {
  format: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: `${FORMAT_NAMES.join(', ')}; FORMAT=FILE writes to a file (repeatable)`,
    default: [] as string[],
    defaultDescription: 'text',
  },
  output: { type: 'string', requiresArg: true, describe: 'file for the format that would go to standard output' },
  'fail-on': {
    choices: ['critical', 'high', 'medium', 'low'],
    default: 'medium',
    describe: 'least severity that ends with 1',
  },
  conf: repeatable(
    'Flink configuration: folder, file, manifest, Compose or environment file, /proc/PID, as [MEMBER=]SOURCE (repeatable)',
  ),
  D: repeatable('key=value that wins in every configuration, as on the command line of Flink (repeatable)'),
  names: { type: 'string', requiresArg: true, describe: 'names of addresses, in the syntax of a hosts file' },
  policy: {
    type: 'string',
    requiresArg: true,
    describe: 'known-good baseline to judge by: a shipped profile (flinkprobe list policies) or a file',
  },
  waivers: {
    type: 'string',
    requiresArg: true,
    describe: 'findings that somebody answers for, until a day (YAML): shown, and not counted',
  },
  'flink-version': {
    type: 'string',
    requiresArg: true,
    describe: 'version that defaults and keys are judged by, as 1.20.3',
  },
  now: { type: 'string', requiresArg: true, describe: 'judge validity as of this time (RFC 3339)' },
  redact: {
    type: 'boolean',
    default: false,
    describe: 'replace names, addresses and subjects by pseudonyms, for sharing',
  },
  quiet: { type: 'boolean', default: false, describe: 'no text on standard output' },
  verbose: { type: 'boolean', default: false, describe: 'say on standard error what is being done' },
  color: { type: 'boolean', default: true, describe: 'colours on a terminal; --no-color for none' },
  wide: { type: 'boolean', default: false, describe: 'shorten nothing' },
  plain: { type: 'boolean', default: false, describe: 'one tab-separated record a line' },
};

/** Values of {@link commonOptions}. */
export interface CommonArguments {
  readonly format: string[];
  readonly output?: string | undefined;
  readonly failOn: string;
  readonly conf: string[];
  readonly D?: string[] | undefined;
  readonly names?: string | undefined;
  readonly policy?: string | undefined;
  readonly waivers?: string | undefined;
  readonly flinkVersion?: string | undefined;
  readonly now?: string | undefined;
  readonly redact: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly wide: boolean;
  readonly plain: boolean;
}

/** Milliseconds since the epoch. Throws `Unusable` for what is no RFC 3339 time. */
export function parseTime(option: string, text: string): number {
  const milliseconds = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)
    ? Date.parse(/\d{2}:\d{2}/.test(text) && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text)
    : Number.NaN;
  if (Number.isNaN(milliseconds))
    throw new Unusable(`--${option}: ${JSON.stringify(text)} is no time, as 2026-11-22T03:00:00Z`);
  return milliseconds;
}

/** Throws `Unusable` for an option that was given twice and takes one value: nobody knows which was meant. */
export function refuseRepeated(args: object, options: Readonly<Record<string, Options>>): void {
  for (const [name, { array }] of Object.entries(options)) {
    if (array !== true && Array.isArray((args as Readonly<Record<string, unknown>>)[name]))
      throw new Unusable(`--${name}: given more than once`);
  }
}

export function parseFailOn(text: string): FailOn {
  return text as FailOn;
}

/** Throws `Unusable` for what is no Flink version. */
export function parseVersion(text: string): string {
  if (!/^\d+\.\d+(\.\d+)?(-\w+)?$/.test(text))
    throw new Unusable(`--flink-version: ${JSON.stringify(text)} is no version, as 1.20.3`);
  return text;
}

/** What timers of Node can count. */
const LONGEST_MS = 2 ** 31 - 1;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `120s`, `2m`, `1h`. Throws `Unusable` for anything else, a number without unit included. */
export function parseDuration(option: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined || unit === undefined)
    throw new Unusable(`--${option}: ${JSON.stringify(text)} is no duration, as 120s or 2m`);
  const milliseconds = Math.round(Number(number) * UNITS[unit]!);
  if (milliseconds > LONGEST_MS) throw new Unusable(`--${option}: ${text} is too long; 596h is the most`);
  return milliseconds;
}

/** The text of a file that the user named. Throws `Unusable` that names option and file. */
export function readText(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unusable(`--${option}: ${file}: ${reason(error)}`);
  }
}
