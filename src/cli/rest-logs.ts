import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FlinkRest } from '../net/flink-rest.ts';
import { RestFailure } from '../net/flink-rest-failure.ts';
import { type LogPath, taskManagerLogPath } from '../net/flink-rest-paths.ts';
import type { RestAccess } from '../net/flink-rest-types.ts';
import type { LogFile } from '../observe/log-file.ts';

export interface RestLogs {
  readonly logs: readonly LogFile[];
  /** One sentence for each log that could not be had, or not whole. */
  readonly shortfalls: readonly string[];
  /** Takes the copies away. */
  remove(): void;
}

/**
 * Copies of the logs that REST gives of the JobManager and of every registered TaskManager, in files that only we may
 * read. What cannot be had is a shortfall: the record is heard in part then.
 */
export async function fetchLogs(access: RestAccess): Promise<RestLogs> {
  const rest = new FlinkRest(access);
  const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const logs: LogFile[] = [];
  const shortfalls: string[] = [];
  try {
    for (const one of await logPaths(rest, shortfalls)) {
      const shown = `${rest.url.href.replace(/\/+$/, '')}${one}`;
      const file = path.join(folder, `${logs.length}.log`);
      try {
        if ((await copy(rest, one, file)) === 'cut') shortfalls.push(`${shown}: longer than is read over REST`);
        logs.push({ path: file, shown });
      } catch (error) {
        if (!(error instanceof RestFailure)) throw error;
        shortfalls.push(`${shown}: ${error.message}`);
      }
    }
    return { logs, shortfalls, remove };
  } catch (error) {
    remove();
    throw error;
  } finally {
    await rest.close();
  }
}

async function logPaths(rest: FlinkRest, shortfalls: string[]): Promise<readonly LogPath[]> {
  try {
    return ['/jobmanager/log', ...(await rest.taskManagers()).map(({ id }) => taskManagerLogPath(id))];
  } catch (error) {
    if (!(error instanceof RestFailure)) throw error;
    shortfalls.push(error.message);
    return [];
  }
}

async function copy(rest: FlinkRest, from: LogPath, file: string): Promise<'whole' | 'cut'> {
  const handle = openSync(file, 'wx', 0o600);
  try {
    return await rest.log(from, (piece) => {
      for (let written = 0; written < piece.length; ) written += writeSync(handle, piece, written);
    });
  } finally {
    closeSync(handle);
  }
}
