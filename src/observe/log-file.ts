import path from 'node:path';
import type { EffectiveConfiguration } from '../model/probe.ts';

/** A log of one process, or of several of one host. */
export interface LogFile {
  /** `-` for standard input. */
  readonly path: string;
  /** Process that wrote it; left out: the name under which its actor system listens. */
  readonly member?: string;
  /** What reports call it, where that is not its path: the URL that a copy was read from. */
  readonly shown?: string;
}

export interface LogRunOptions {
  /** To hold the properties against that each process logged. */
  readonly configurations: readonly EffectiveConfiguration[];
  /** RFC 3339, for lines that have no time. */
  readonly at: string;
  /** Name of the process at a host; undefined where nobody knows. */
  readonly memberOf?: (host: string) => string | undefined;
  readonly signal?: AbortSignal;
}

/** Name of a log where nothing else names its process. */
export function nameOf({ path: file, shown }: LogFile): string {
  // `http://jm:8081/jobmanager/log`, `…/taskmanagers/ID/log`.
  if (shown !== undefined) return decodeURIComponent(shown.split('/').at(-2) ?? shown);
  return file === '-' ? 'standard input' : path.basename(file);
}
