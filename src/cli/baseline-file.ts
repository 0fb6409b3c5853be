import { accessSync, closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Report } from '../model/report.ts';
import { jsonPieces } from '../report/json.ts';
import { readText } from './common.ts';
import { Unusable } from './failure.ts';

/** Reads the JSON report of an earlier run. Throws `Unusable` for what is none, or one of another schema version. */
export async function readBaseline(file: string): Promise<Report> {
  const text = readText('baseline', file);
  const { parseBaseline, ReportError } = await import('../report/parse.ts');
  try {
    return parseBaseline(text, file);
  } catch (error) {
    if (error instanceof ReportError) throw new Unusable(`--baseline: ${error.message}`);
    throw error;
  }
}

/** Throws `Unusable` where no file could be made beside `file`: better told before a cluster is probed than after. */
export function checkWritable(option: string, file: string): void {
  try {
    accessSync(path.dirname(file), constants.W_OK);
  } catch (error) {
    throw new Unusable(`--${option}: ${file}: cannot be written: ${(error as Error).message}`);
  }
}

/**
 * Saves a report whole or not at all, with mode 0600: it is written beside the file, then takes its place.
 *
 * Throws `Unusable` where that fails; the file that was there stays as it was.
 */
export function saveBaseline(report: Report, file: string): void {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    const handle = openSync(draft, 'wx', 0o600);
    try {
      for (const piece of jsonPieces(report)) writeSync(handle, piece);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Unusable(`--save-baseline: ${file}: cannot be written: ${(error as Error).message}`);
  }
}
