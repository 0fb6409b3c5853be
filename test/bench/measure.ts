import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What follows `--NAME` on the command line. */
export function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What a time is worth. */
export function machine(): string {
  const cpu = os.cpus();
  return `${os.type()} ${os.release()}, ${cpu.length} x ${cpu[0]?.model ?? '?'}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`;
}

export interface Measured {
  /** Seconds of wall clock, all runs, sorted. */
  readonly wall: readonly number[];
  /** Highest resident set seen, MiB; 0 where the system does not tell. */
  readonly peak: number;
}

/**
 * Runs a command to its end and throws what it prints away: wall clock and, on Linux, the peak resident set.
 *
 * With `input`, `cat` writes that file into the command's standard input, through a pipe.
 */
export async function once(
  command: readonly string[],
  input?: string,
): Promise<{ wall: number; peak: number; code: number }> {
  const started = process.hrtime.bigint();
  const pipe = input === undefined ? undefined : openPipe(input);
  const child = spawn(command[0]!, command.slice(1), { stdio: [pipe ?? 'ignore', 'ignore', 'ignore'] });
  if (pipe !== undefined) closeSync(pipe);
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, highWater(child.pid));
  }, 15);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? -1));
  });
  clearInterval(watch);
  return { wall: Number(process.hrtime.bigint() - started) / 1e9, peak, code };
}

/** Reading end of a pipe that `cat` fills with a file. A FIFO, since Node's own pipes to children are sockets. */
function openPipe(input: string): number {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-bench-'));
  const fifo = path.join(folder, 'pipe');
  execFileSync('mkfifo', [fifo]);
  spawn('sh', ['-c', 'exec cat "$0" > "$1"', input, fifo], { stdio: 'ignore' });
  const end = openSync(fifo, 'r');
  rmSync(folder, { recursive: true });
  return end;
}

/** VmHWM of a process (proc(5)), MiB. */
function highWater(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export interface Task {
  readonly command: readonly string[];
  readonly runs: number;
  /** File that comes through a pipe. */
  readonly input?: string;
}

/** Runs several commands in turn, `runs` times each, so that a drift of the machine meets all of them. */
export async function inTurn(commands: ReadonlyMap<string, Task>): Promise<Map<string, Measured>> {
  const wall = new Map<string, number[]>();
  const peak = new Map<string, number>();
  const rounds = Math.max(...[...commands.values()].map((one) => one.runs));
  for (let round = 0; round < rounds; round++) {
    for (const [name, { command, runs, input }] of commands) {
      if (round >= runs) continue;
      const result = await once(command, input);
      if (result.code < 0 || result.code > 2)
        throw new Error(`${name} ended with ${result.code}: ${command.join(' ')}`);
      wall.set(name, [...(wall.get(name) ?? []), result.wall]);
      peak.set(name, Math.max(peak.get(name) ?? 0, result.peak));
    }
  }
  const measured = new Map<string, Measured>();
  for (const [name, times] of wall) {
    measured.set(name, { wall: [...times].sort((a, b) => a - b), peak: peak.get(name) ?? 0 });
  }
  return measured;
}

export function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)]!;
}
