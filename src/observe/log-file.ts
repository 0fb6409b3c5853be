import path from 'node:path';
import type { EffectiveConfiguration } from '../model/probe.ts';

/** A log of one process, or of several of one host. */
export interface LogFile {
  /** `-` for standard input. */
  readonly path: string;
  /** Process that wrote it; left out: the name under which its actor system listens. */
  readonly member?: string;
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
export function nameOf({ path: file }: LogFile): string {
  return file === '-' ? 'standard input' : path.basename(file);
}
