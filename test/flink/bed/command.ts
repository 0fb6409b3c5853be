import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const LARGEST_OUTPUT = 256 * 1024 * 1024;

/** Runs a program to its end; a code other than 0 is an answer, a program that cannot be started is not. */
export function run(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, maxBuffer: LARGEST_OUTPUT }, (error, stdout, stderr) => {
      if (!error) return resolve({ code: 0, stdout, stderr });
      if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr });
      reject(error);
    });
  });
}

/** Runs a program that has to succeed. @throws Error with its command line and last words */
export async function must(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  const outcome = await run(program, args, options);
  if (outcome.code === 0) return outcome.stdout;
  const words = (outcome.stderr || outcome.stdout).trim().split('\n').slice(-3).join(' | ');
  throw new Error(`${program} ${args.slice(0, 6).join(' ')} ended with ${outcome.code}: ${words}`);
}

/** Whether a program of that name stands in PATH. */
export function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Resolves when the child is gone; at once where it already is. */
export function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** To a tenth, from a time of `performance.now()` on. */
export const secondsSince = (began: number): number => Math.round((performance.now() - began) / 100) / 10;

export const pause = (milliseconds: number): Promise<void> => new Promise((r) => setTimeout(r, milliseconds));

export type { ChildProcess };
export { spawn };
