import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { openStore } from '../../src/daemon/store/store.ts';
import type { DaemonStatus, RunSummary } from '../../src/daemon/types.ts';
import { listening } from '../support/listening.ts';
import { temporary } from '../support/temporary.ts';

/** The daemon as a process. */
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
export const hasSignals: { readonly skip?: string } = process.platform !== 'win32' ? {} : { skip: 'no signals' };

export interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly log: () => string;
  readonly ended: Promise<number | null>;
}

export interface Place {
  readonly folder: string;
  readonly settings: string;
  readonly store: string;
  readonly write: (clusters: string, others?: string) => void;
}

export function placeOf(): Place {
  const folder = temporary();
  const settings = path.join(folder, 'flinkprobe.yaml');
  const store = path.join(folder, 'history.db');
  const write = (clusters: string, others = ''): void =>
    writeFileSync(settings, `version: 1\nstate: { path: history.db }\n${others}clusters:\n${clusters}`);
  return { folder, settings, store, write };
}

/** Accepts and says nothing; or is nobody at all. */
export async function silent(t: Test): Promise<number> {
  const { port, close } = await listening(createServer((socket) => socket.on('error', () => undefined)));
  t.teardown(close);
  return port;
}

type Running = Omit<Started, 'url'> & { out: () => string };

export const run = (t: Test, args: readonly string[], folder: string, how?: Surroundings): Running =>
  runProgram(t, [MAIN, 'daemon', ...args], folder, how);

/** What a process is run in. */
export interface Surroundings {
  /** Words before the command, of a program that becomes it (`exec`). */
  readonly within?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export function runProgram(t: Test, words: readonly string[], folder: string, how: Surroundings = {}): Running {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('FLINKPROBE_'));
  const [program, ...others] = [...(how.within ?? []), process.execPath, ...words];
  const child = spawn(program!, others, {
    env: { ...Object.fromEntries(kept), XDG_STATE_HOME: folder, ...how.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, log]: [string[], string[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  t.teardown(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, out: () => out.join(''), log: () => log.join('') };
}

export const start = (t: Test, place: Place, ...more: readonly string[]): Promise<Started> =>
  startIn({}, t, place, ...more);

export async function startIn(
  how: Surroundings,
  t: Test,
  { settings, folder }: Place,
  ...more: readonly string[]
): Promise<Started> {
  const started = run(t, ['--config', settings, '--web.listen', '127.0.0.1:0', ...more], folder, how);
  const url = await until(
    () => /listens on (\S+?)\/?\n/.exec(started.out())?.[1],
    () => started.log(),
  );
  return { ...started, url };
}

/** A minute at least: a machine that others use too starts a daemon in more than the half of it. */
const TRIES = 1200;

export async function until<T>(ask: () => T | undefined | Promise<T | undefined>, told: () => string): Promise<T> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await ask();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`never came true: ${told()}`);
}

export async function get<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** Asks for a run; returns its id. */
export async function askRun({ url }: Started, cluster = 'prod'): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v1/runs`, { method: 'POST', headers, body: JSON.stringify({ cluster }) });
  return ((await answer.json()) as { readonly id: string }).id;
}

/** Asks for a run that no earlier one is, and waits for its end. */
export async function askedRun(one: Started, cluster = 'prod'): Promise<string> {
  const id = await askRun(one, cluster);
  const isIdle = async (): Promise<true | undefined> =>
    (await statusOf(one)).clusters.find((each) => each.cluster === cluster)?.state === 'idle' ? true : undefined;
  await until(isIdle, one.log);
  return id;
}

/** Status and text of `/-/ready`. */
export async function readiness({ url }: Started): Promise<readonly [number, string]> {
  const answer = await fetch(`${url}/-/ready`);
  return [answer.status, await answer.text()];
}

/** Waits until `/-/ready` answers so. */
export const ready = async (one: Started, status: 200 | 503, text: RegExp = /(?:)/): Promise<void> => {
  const isSo = async (): Promise<true | undefined> => {
    const [found, said] = await readiness(one);
    return found === status && text.test(said) ? true : undefined;
  };
  await until(isSo, one.log);
};

/** Ids of the runs that the history holds. */
export async function runIds({ url }: Started): Promise<ReadonlySet<string>> {
  const { items } = await get<{ readonly items: readonly { readonly id: string }[] }>(`${url}/api/v1/runs?limit=500`);
  return new Set(items.map(({ id }) => id));
}

export const statusOf = ({ url }: Started): Promise<DaemonStatus> => get<DaemonStatus>(`${url}/api/v1/status`);

export function summaries(store: string): readonly RunSummary[] {
  const opened = openStore({ path: store });
  try {
    return opened.runs(undefined, { limit: 100 });
  } finally {
    opened.close();
  }
}

/** Refuses at once: a run takes no time. */
export const QUICK: string = '  - { name: prod, schedule: none, timeout: 200ms, targets: ["rest=127.0.0.1:1"] }\n';
export const hanging = (port: number): string =>
  `  - { name: prod, schedule: none, timeout: 60s, targets: ["rest=127.0.0.1:${port}"] }\n`;

export const ran = async (one: Started, count: number): Promise<void> => {
  const isSo = async (): Promise<true | undefined> => {
    const list = await get<{ readonly items?: readonly unknown[]; readonly runs?: readonly unknown[] }>(
      `${one.url}/api/v1/runs`,
    );
    return (list.items ?? list.runs ?? []).length >= count ? true : undefined;
  };
  await until(isSo, one.log);
};
