import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ENVIRONMENT, type Ended, MAIN } from './command-line.ts';

export interface Listening {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** When a line of standard error that matches came, `performance.now()`. */
  heard(line: RegExp): Promise<number>;
}

/** `sniff` in a process of its own, which listens when this resolves. */
export async function sniffing(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  where: 'ours' | 'group' = 'ours',
): Promise<Listening> {
  const child = spawn(process.execPath, [MAIN, 'sniff', '--verbose', ...args], {
    env: { ...ENVIRONMENT, ...env },
    detached: where === 'group',
  });
  const kept = { stdout: '', stderr: '' };
  const waiting: { readonly line: RegExp; readonly done: (at: number) => void }[] = [];
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      kept[name] += text;
      for (const { line, done } of waiting) if (line.test(kept.stderr)) done(performance.now());
    });
  const ended = new Promise<Ended>((resolve) => child.on('close', (status) => resolve({ status, ...kept })));
  const heard = (line: RegExp): Promise<number> =>
    new Promise((resolve, reject) => {
      if (line.test(kept.stderr)) resolve(performance.now());
      else waiting.push({ line, done: resolve });
      void ended.then(() => reject(new Error(`it ended: ${kept.stderr}`)));
    });
  await heard(/listens to/);
  return { child, ended, heard };
}

/** Ended, whether or not its new parent has taken notice. */
export function isGone(pid: number): boolean {
  try {
    return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
