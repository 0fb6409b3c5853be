import type { Options } from 'yargs';
import { CaptureError } from '../capture/problems.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { LogFile } from '../observe/log-file.ts';
import type { LogRun } from '../observe/logs.ts';
import type { AuditRequest, Testimony } from './auditing.ts';
import { repeatable } from './common.ts';
import { Unusable } from './failure.ts';

/** `[MEMBER=]FILE`, as `--log` takes it; a file whose own name has an equals sign is given as `./name=x.log`. */
export function parseLogFile(text: string): LogFile {
  const [, member, file] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
  return member === undefined || file === undefined ? { path: text } : { path: file, member };
}

/** The option of every command that hears logs. */
export const logOption: Options = repeatable(
  'log of a Flink process, plain, gzip or zstd, - for standard input, as [MEMBER=]FILE (repeatable)',
);

/** Nobody named a log. */
export const NO_LOGS: LogRun = { inputs: [], observations: [], processes: [], flinkVersions: [], extent: 'whole' };

/** What reading logs depends on, whichever command asks. */
export interface LogRequest {
  readonly logs: readonly LogFile[];
  readonly configurations: readonly EffectiveConfiguration[];
  readonly memberOf?: (host: string) => string | undefined;
  readonly signal?: AbortSignal;
}

/** Reads logs. Throws `Unusable` that names a file which cannot be read at all. */
export async function readLogs({ logs, configurations, memberOf, signal }: LogRequest): Promise<LogRun> {
  const { observeLogs } = await import('../observe/logs.ts');
  try {
    return await observeLogs(logs, {
      configurations,
      at: new Date().toISOString(),
      ...(memberOf === undefined ? {} : { memberOf }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    throw new Unusable(`--log: ${error.message.replace(/, not a capture(?: file)?$/, ', not a log')}`);
  }
}

/** What Flink itself says in its logs. */
export async function logWitness(
  { logs, signal }: AuditRequest,
  configurations: readonly EffectiveConfiguration[],
): Promise<Testimony | undefined> {
  if (logs.length === 0) return undefined;
  return readLogs({ logs: logs.map(parseLogFile), configurations, ...(signal === undefined ? {} : { signal }) });
}
