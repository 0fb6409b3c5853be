import { type ChildProcess, spawn } from 'node:child_process';

export interface Service {
  stop(): Promise<void>;
}

/** Starts a program and waits until `url` answers, or is up by that; what it says is shown where it does not. */
export async function service(
  program: string,
  args: readonly string[],
  url: string | (() => Promise<boolean>),
  withinMs?: number,
): Promise<Service> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const answers = typeof url === 'string' ? async () => (await fetch(url)).ok : url;
  const isUp = await until(async () => child.exitCode !== null || (await answers()), withinMs);
  if (!isUp || child.exitCode !== null) {
    child.kill('SIGKILL');
    throw new Error(`${program} did not come up: ${said}`);
  }
  return { stop: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (child.exitCode !== null) resolve();
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5000).unref();
  });
}

/** Asks again and again, ten seconds long at most; what throws is a no. */
export async function until(ask: () => Promise<boolean>, milliseconds = 10_000): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    if (await ask().catch(() => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** A program run to its end beside us, so that who it talks to goes on. `said`: standard output and error. */
export async function background(
  program: string,
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, said };
}
