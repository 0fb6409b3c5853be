import type { Exposure } from '../model/rule.ts';
import type { ConfigurationFile, ConfigurationProblem } from './config.ts';
import { exposuresOf } from './container.ts';
import { dynamicProperties, flinkMainClass, type Role, roleOf } from './dynamic.ts';
import { readFlinkProperties } from './properties.ts';
import { type ConfigurationLayer, type MemberSource, SourceError } from './source.ts';

/** What `/proc/PID` shows of a process. */
export interface ProcessFiles {
  /** As the user named it: `/proc/1234`. */
  readonly path: string;
  /** `cmdline`, arguments ended by NUL. */
  readonly arguments: readonly string[];
  /** `environ`, `NAME=VALUE`; absent where it may not be read. */
  readonly environment?: readonly string[];
}

export interface ProcessSource extends MemberSource {
  readonly role?: Role;
}

/** Folder with the configuration of a running Flink process, as the process itself sees it. */
export function configurationFolder({ arguments: args, environment = [] }: ProcessFiles): string | undefined {
  const own = args.slice(flinkMainClass(args) + 1);
  const named = own.findIndex((arg) => arg === '--configDir' || arg === '-c');
  if (named >= 0) return own[named + 1];
  const joined = own.find((arg) => arg.startsWith('--configDir='));
  const told = joined?.slice('--configDir='.length) ?? variable(environment, 'FLINK_CONF_DIR');
  // Containers of YARN have it in the folder in which they are started.
  return told ?? (/^org\.apache\.flink\.yarn\./.test(args[flinkMainClass(args)] ?? '') ? '.' : undefined);
}

/** @throws SourceError where a process is none of Flink's */
export function expectFlink({ path, arguments: args }: ProcessFiles): void {
  if (flinkMainClass(args) >= 0) return;
  throw new SourceError(`${path}/cmdline`, 1, 1, 'not a process of Flink: starts none of its main classes');
}

/**
 * A running process: its files as they are now, and `-D` behind Flink's main class. `FLINK_PROPERTIES` was written into
 * the file before the process started, so that it is no layer of its own.
 */
export function processSource(process: ProcessFiles, files: readonly ConfigurationFile[]): ProcessSource {
  const { path, arguments: args, environment } = process;
  const cmdline = `${path}/cmdline`;
  const main = flinkMainClass(args);
  const role = roleOf([args[main]!]);
  const dynamic = dynamicProperties(args.slice(main + 1)).map(({ key, value }) => ({ key, value, line: 1 }));
  const properties = variable(environment ?? [], 'FLINK_PROPERTIES');
  const notes: ConfigurationProblem[] = [];
  if (environment === undefined) {
    notes.push({
      file: `${path}/environ`,
      line: 1,
      message: 'not readable: permission denied, so that its variables are not known',
    });
  }
  const variables = new Map((environment ?? []).map(parted));
  const placed = { file: `${path}/environ`, text: properties ?? '', firstLine: 1, spread: 'one', variables } as const;
  const written = readFlinkProperties(placed, undefined).entries;
  const layers: ConfigurationLayer[] =
    dynamic.length === 0 ? [] : [{ kind: 'entries', origin: 'dynamic', file: cmdline, entries: dynamic }];
  return {
    member: null,
    ...(role === undefined ? {} : { role }),
    files,
    layers,
    problems: [],
    notes,
    exposed: [
      // The JVM's own options are as visible as Flink's.
      ...dynamicProperties(args.slice(0, main)).map(
        ({ key }): Exposure => ({ kind: 'argument', name: key, file: cmdline, line: 1 }),
      ),
      ...[...variables].flatMap(([name, text]) => {
        return exposuresOf(placed.file, { name, line: 1, value: { text, firstLine: 1, spread: 'one' } });
      }),
      ...written.map(
        ({ key }): Exposure => ({ kind: 'variable', name: `FLINK_PROPERTIES ${key}`, file: placed.file, line: 1 }),
      ),
    ],
  };
}

function variable(environment: readonly string[], name: string): string | undefined {
  return environment.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

function parted(one: string): readonly [string, string] {
  const equals = one.indexOf('=');
  return equals < 0 ? [one, ''] : [one.slice(0, equals), one.slice(equals + 1)];
}
