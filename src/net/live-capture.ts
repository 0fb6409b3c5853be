import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type CaptureTool, checkFilter, type FoundTool, findTool, startFailure } from './live-capture-tools.ts';

/** Memory of the kernel in which packets wait for us, MiB: half a second of 100 MB/s. */
export const DEFAULT_BUFFER_MIB = 64;
/** Between the request to end and the end by force. */
const STOP_WITHIN_MS = 3000;
/** A tool that neither began nor ended by then never will. */
const START_WITHIN_MS = 10_000;
/** What is kept of the words of a tool. */
const MAX_WORDS = 16_384;

export interface LiveCaptureOptions {
  /** At least one. */
  readonly interfaces: readonly string[];
  /** BPF, pcap-filter(7). */
  readonly filter: string;
  readonly bufferMiB?: number;
  /** tcpdump tells its drops while it runs, dumpcap only at its end; dumpcap reads several interfaces in one process. */
  readonly prefer?: CaptureTool;
  /** Where programs are looked for; that of the process. */
  readonly environment?: NodeJS.ProcessEnv;
  /**
   * Bytes of a capture, pcapng of dumpcap or pcap of tcpdump; they are the receiver's. `stream`: index of the process,
   * each of which writes one capture.
   */
  readonly onBytes: (stream: number, bytes: Uint8Array) => void;
}

export interface CaptureStream {
  /** Interfaces that this process listens to. */
  readonly interfaces: readonly string[];
  readonly pid: number;
  /**
   * Packets that kernel and interface lost, as the tool counts them; undefined while nobody knows: of dumpcap before
   * its end, and for good where it was killed.
   */
  readonly drops: number | undefined;
}

/** How a capture ended. */
export interface LiveCaptureEnd {
  /** `asked`: by `stop`. */
  readonly how: 'asked' | 'died';
  /** One sentence, where it died. */
  readonly problem?: string;
}

/** A capture that runs. */
export interface LiveCapture {
  readonly tool: CaptureTool;
  readonly streams: readonly CaptureStream[];
  /** Said where the tool keeps rights that it does not need. */
  readonly notice?: string;
  /** When the last process has ended and all of its bytes were handed on. One that dies takes the others with it. */
  readonly ended: Promise<LiveCaptureEnd>;
  /** Asks tcpdump for its counters; `drops` follows within a moment. */
  askDrops(): void;
  stop(): Promise<LiveCaptureEnd>;
}

/**
 * Runs dumpcap or tcpdump as an unprivileged child process and hands its bytes on.
 *
 * @throws LiveCaptureFailure where there is no tool, no right, no such interface, or where the filter is none
 */
export async function startLiveCapture(options: LiveCaptureOptions): Promise<LiveCapture> {
  const environment = options.environment ?? process.env;
  const found = findTool(options.prefer ?? 'dumpcap', environment);
  checkFilter(options.filter, environment);
  const groups = found.tool === 'dumpcap' ? [options.interfaces] : options.interfaces.map((one) => [one]);
  const children = groups.map(
    (interfaces, index) => new CaptureChild(found, interfaces, options, (bytes) => options.onBytes(index, bytes)),
  );
  try {
    await Promise.all(children.map((child) => child.started));
  } catch (error) {
    await Promise.all(children.map((child) => child.stop()));
    throw error;
  }
  return new RunningCapture(found, children);
}

class RunningCapture implements LiveCapture {
  readonly tool: CaptureTool;
  readonly streams: readonly CaptureChild[];
  readonly notice?: string;
  readonly ended: Promise<LiveCaptureEnd>;

  constructor(found: FoundTool, children: readonly CaptureChild[]) {
    this.tool = found.tool;
    this.streams = children;
    if (found.notice !== undefined) this.notice = found.notice;
    this.ended = Promise.race(children.map((child) => child.ended)).then(async (first) => {
      await Promise.all(children.map((child) => child.stop()));
      return first;
    });
  }

  askDrops(): void {
    for (const child of this.streams) child.askDrops();
  }

  async stop(): Promise<LiveCaptureEnd> {
    await Promise.all(this.streams.map((child) => child.stop()));
    return this.ended;
  }
}

/** One process of a tool. */
class CaptureChild implements CaptureStream {
  readonly interfaces: readonly string[];
  readonly started: Promise<void>;
  readonly ended: Promise<LiveCaptureEnd>;
  drops: number | undefined;
  readonly #tool: CaptureTool;
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  #words = '';
  #isAsked = false;
  #isOver = false;

  constructor(
    found: FoundTool,
    interfaces: readonly string[],
    options: LiveCaptureOptions,
    onBytes: (bytes: Uint8Array) => void,
  ) {
    this.interfaces = interfaces;
    this.#tool = found.tool;
    const [program, ...args] = [
      ...found.prefix,
      found.path,
      ...found.own,
      ...argumentsOf(found.tool, interfaces, options),
    ];
    const child = spawn(program!, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      cwd: '/',
    });
    this.#process = child;
    child.stdout.on('data', onBytes);
    child.stdout.on('error', () => undefined);
    let begun: () => void = () => undefined;
    this.started = new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(
          startFailure(found, `it did not begin within ${START_WITHIN_MS / 1000} s ${this.#words}`, options.filter),
        );
      }, START_WITHIN_MS);
      begun = () => {
        clearTimeout(late);
        resolve();
      };
      child.once('error', (error) => {
        clearTimeout(late);
        reject(startFailure(found, error.message, options.filter));
      });
      child.once('close', () => {
        clearTimeout(late);
        reject(startFailure(found, this.#words, options.filter));
      });
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.#hear(text);
      if (hasBegun(this.#words)) begun();
    });
    this.ended = new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#isOver = true;
        resolve(this.#isAsked ? { how: 'asked' } : { how: 'died', problem: this.#lastWords(code, signal) });
      };
      child.once('close', over);
      child.once('error', () => {
        if (child.pid === undefined) over(null, null);
      });
    });
    this.started.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** dumpcap dies of the signal, and tells its drops at its end only. */
  askDrops(): void {
    if (this.#tool === 'tcpdump' && !this.#isOver && !this.#isAsked) this.#process.kill('SIGUSR1');
  }

  async stop(): Promise<LiveCaptureEnd> {
    if (this.#isOver) return this.ended;
    this.#isAsked = true;
    this.#process.kill('SIGINT');
    const late = setTimeout(() => this.#process.kill('SIGKILL'), STOP_WITHIN_MS);
    const end = await this.ended;
    clearTimeout(late);
    return end;
  }

  #hear(text: string): void {
    this.#words = (this.#words + text).slice(-MAX_WORDS);
    const drops = dropsIn(this.#words);
    if (drops !== undefined) this.drops = drops;
  }

  #lastWords(code: number | null, signal: NodeJS.Signals | null): string {
    const lines = this.#words.split(/\r?\n/).filter((line) => line.trim() !== '' && !isRoutine(line));
    const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
    const said = lines
      .slice(-2)
      .join(' ')
      .replace(new RegExp(`${this.#tool}: `, 'g'), '')
      .trim();
    return `${this.#tool} on ${this.interfaces.join(', ')} ${how}${said === '' ? '' : `: ${said}`}`;
  }
}

function argumentsOf(tool: CaptureTool, interfaces: readonly string[], options: LiveCaptureOptions): readonly string[] {
  const { filter } = options;
  const buffer = options.bufferMiB ?? DEFAULT_BUFFER_MIB;
  if (tool === 'tcpdump') {
    // tcpdump counts its buffer in KiB.
    const size = ['-B', String(Math.max(1, Math.round(buffer * 1024)))];
    return ['-i', interfaces[0]!, '-n', '-s', '0', ...size, '-U', '-w', '-', '--', filter];
  }
  const each = interfaces.flatMap((one) => ['-i', one, '-f', filter, '-B', String(Math.max(1, Math.round(buffer)))]);
  return [...each, '-q', '-w', '-'];
}

/** Both say so when the interface is open and the filter set. */
function hasBegun(words: string): boolean {
  return /^File: /m.test(words) || /listening on /.test(words);
}

function isRoutine(line: string): boolean {
  return /^(Capturing on|File:|Packets |tcpdump: listening|\d+ packets? )/.test(line) || /packets captured/.test(line);
}

/**
 * What the tool said last of its losses. tcpdump: `N packets dropped by kernel`, where it has to tell also `M packets
 * dropped by interface`; dumpcap: `Packets received/dropped on interface 'lo': 10/2 (…)` for each interface.
 */
export function dropsIn(words: string): number | undefined {
  const kernel = [...words.matchAll(/(\d+) packets? dropped by kernel/g)].at(-1);
  if (kernel !== undefined) {
    const after = words.slice(kernel.index);
    return Number(kernel[1]) + Number(/(\d+) packets? dropped by interface/.exec(after)?.[1] ?? 0);
  }
  const each = [...words.matchAll(/^Packets received\/dropped on interface .*: \d+\/(\d+) /gm)];
  return each.length === 0 ? undefined : each.reduce((sum, [, dropped]) => sum + Number(dropped), 0);
}
