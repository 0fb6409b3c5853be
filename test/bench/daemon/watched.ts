import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { DaemonStatus } from '../../../src/daemon/types.ts';

/** Of a process, as proc(5) has it. */
export interface Footprint {
  /** MB (10^6 octets). */
  readonly rss: number;
  readonly peak: number;
  /** Seconds, user and system. */
  readonly cpu: number;
}

/** Clock ticks a second (`getconf CLK_TCK`): 100 on every Linux that Node runs on. */
const TICKS = 100;

export function footprint(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  // Behind the name in parentheses: fields 3 and on.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { rss: (kilobytes('VmRSS') * 1024) / 1e6, peak: (kilobytes('VmHWM') * 1024) / 1e6, cpu: ticks / TICKS };
}

/** The daemon as a process, by its command. */
export class WatchedDaemon {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** `flags` are Node's. What it logs goes to standard error. */
  static async start(main: string, settings: string, flags: readonly string[]): Promise<WatchedDaemon> {
    const child = spawn(process.execPath, [...flags, main, 'daemon', '--config', settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // However the benchmark ends, nothing of it stays.
    process.once('exit', () => child.kill('SIGKILL'));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    for await (const line of createInterface({ input: child.stdout! })) {
      const [, url] = /listens on (\S+?)\/?$/.exec(line) ?? [];
      if (url !== undefined) return new WatchedDaemon(child, url);
    }
    throw new Error('the daemon ended before it listened');
  }

  get footprint(): Footprint {
    return footprint(this.#child.pid!);
  }

  status(): Promise<DaemonStatus> {
    return this.#get<DaemonStatus>('/api/v1/status');
  }

  async runNow(cluster: string): Promise<void> {
    const response = await fetch(`${this.url}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cluster }),
    });
    await response.arrayBuffer();
    if (response.status !== 202) throw new Error(`POST /api/v1/runs: ${response.status}`);
  }

  /** SIGTERM; resolves to how long it took and how it ended. */
  async stop(): Promise<{ readonly seconds: number; readonly code: number | null }> {
    const begun = performance.now();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return { seconds: (performance.now() - begun) / 1000, code };
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`);
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status}`);
    return (await response.json()) as T;
  }
}
