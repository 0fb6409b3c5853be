import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { loadProbes } from '../evaluate/directory.ts';
import { Topology } from '../flink/topology.ts';
import type { Report } from '../model/report.ts';
import { type LiveCapture, type LiveCaptureEnd, startLiveCapture } from '../net/live-capture.ts';
import { filterFault } from '../net/live-capture-filter.ts';
import { LiveCaptureFailure } from '../net/live-capture-tools.ts';
import { LiveView } from '../observe/live.ts';
import type { LiveSource } from '../observe/live-source.ts';
import { KeyLog } from '../tls/key-log.ts';
import { analyse } from './analysis.ts';
import { type ConfigurationRequest, parseConfigurations } from './configurations.ts';
import { Unusable } from './failure.ts';
import type { Judged } from './judged-traffic.ts';
import { type PlannedFilter, planFilter } from './sniff-filter.ts';
import { headerLine, SniffTable } from './sniff-table.ts';

/** What listening depends on. */
export interface ListenRequest {
  readonly interfaces: readonly string[];
  readonly filter: string;
  readonly bufferMiB: number;
  /** Absent: until the signal. */
  readonly forMs?: number;
  /** Where the packets are kept. */
  readonly write?: string;
  readonly manner: 'quiet' | 'normal';
  /** As of which validity is judged; absent: the end. */
  readonly now?: number;
  readonly judged: Judged;
  readonly signal: AbortSignal;
}

/** Between two looks at what goes by: with the delay of the tools well within the two seconds that are promised. */
const LOOK_EVERY_MS = 300;
/** Looks between two questions for the counters of the tool. */
const LOOKS_PER_COUNTERS = 4;

/** The filter that was given, or one made of the configurations. Throws `Unusable` for what can be none. */
export async function wantedFilter(given: string | undefined, request: ConfigurationRequest): Promise<PlannedFilter> {
  if (given === undefined) return planFilter(await parseConfigurations(request), await loadProbes());
  const fault = filterFault(given);
  if (fault !== undefined) throw new Unusable(`--filter: ${fault}`);
  return { filter: given, because: 'as given' };
}

/** Listens, tells what goes by, and judges all of it at the end. Throws `Unusable` where nothing can be captured. */
export async function listen(request: ListenRequest): Promise<Report> {
  const { judged } = request;
  const probes = await loadProbes();
  const topology = new Topology(probes, await parseConfigurations(judged));
  if (judged.names !== undefined) topology.addHosts(judged.names);
  const keyLog = new KeyLog();
  if (judged.keyLog !== undefined) keyLog.add(judged.keyLog);
  const table = new SniffTable(process.stderr);
  const view = new LiveView({
    probes,
    topology,
    keyLog,
    onConnection: (told) => table.connection(told),
    onTransfer: (told) => {
      const line = table.transfer(told);
      if (line === undefined || request.manner === 'quiet') return;
      table.end();
      judged.warn?.(line);
    },
  });
  const file = request.write === undefined ? undefined : new PacketFile(request.write);
  try {
    const { capture, sources } = await begin(request, view, file);
    const end = await watch(request, capture, sources, view, table);
    for (const [at, source] of sources.entries()) await close(source, capture.streams[at]?.drops, end);
    if (end.problem !== undefined) judged.warn?.(`${end.problem}; what was seen until then is judged`);
    const isWhole = end.how === 'asked' && !request.signal.aborted;
    const run = view.finish(isWhole ? 'complete' : 'incomplete');
    return await analyse({ ...judged, captures: [], live: { run, topology }, now: request.now ?? Date.now() });
  } finally {
    table.end();
    file?.close();
  }
}

interface Begun {
  readonly capture: LiveCapture;
  readonly sources: readonly LiveSource[];
}

async function begin(request: ListenRequest, view: LiveView, file: PacketFile | undefined): Promise<Begun> {
  const { interfaces, filter, bufferMiB, judged } = request;
  const sources: LiveSource[] = [];
  const early: (readonly [stream: number, bytes: Uint8Array])[] = [];
  let capture: LiveCapture | undefined;
  const take = (stream: number, bytes: Uint8Array): void => {
    file?.write(bytes, judged.warn);
    try {
      void sources[stream]!.push(bytes);
    } catch (error) {
      // No tool writes anything but captures; should one do so, what was read before is still judged.
      sources[stream]!.tellProblem('read-error', (error as Error).message);
      void capture?.stop();
    }
  };
  try {
    capture = await startLiveCapture({
      interfaces,
      filter,
      bufferMiB,
      onBytes: (stream, bytes) => {
        if (sources.length === 0) early.push([stream, bytes]);
        else take(stream, bytes);
      },
    });
  } catch (error) {
    if (error instanceof LiveCaptureFailure) throw new Unusable(error.message);
    throw error;
  }
  if (file !== undefined && capture.streams.length > 1) {
    await capture.stop();
    throw new Unusable(`--write: several interfaces into one file need dumpcap; ${capture.tool} captures one a file`);
  }
  if (capture.notice !== undefined) judged.warn?.(capture.notice);
  judged.say?.(`${capture.tool} listens to ${interfaces.join(', ')}`);
  for (const stream of capture.streams)
    sources.push(view.open({ kind: 'interface', path: stream.interfaces.join(', ') }));
  for (const [stream, bytes] of early) take(stream, bytes);
  return { capture, sources };
}

/** Until the time is over, the user ends it, or the tool does. */
async function watch(
  request: ListenRequest,
  capture: LiveCapture,
  sources: readonly LiveSource[],
  view: LiveView,
  table: SniffTable,
): Promise<LiveCaptureEnd> {
  const startedAt = performance.now();
  let looks = 0;
  const timer = setInterval(() => {
    view.look();
    if (++looks % LOOKS_PER_COUNTERS === 0) capture.askDrops();
    for (const [at, { drops }] of capture.streams.entries()) if (drops !== undefined) sources[at]!.tellDrops(drops);
    if (request.manner === 'normal')
      table.paint(headerLine(request.interfaces, performance.now() - startedAt, view.totals));
  }, LOOK_EVERY_MS);
  const stop = (): void => void capture.stop();
  const over = request.forMs === undefined ? undefined : setTimeout(stop, request.forMs);
  request.signal.addEventListener('abort', stop, { once: true });
  if (request.signal.aborted) stop();
  try {
    const end = await capture.ended;
    // Ctrl-C on a terminal reaches the tool, too, and may do so first.
    return request.signal.aborted || (await interruptedSoon(request.signal, end)) ? { how: 'asked' } : end;
  } finally {
    clearInterval(timer);
    clearTimeout(over);
    request.signal.removeEventListener('abort', stop);
  }
}

const SIGNAL_DELAY_MS = 100;

async function interruptedSoon(signal: AbortSignal, end: LiveCaptureEnd): Promise<boolean> {
  if (end.how === 'asked') return false;
  await new Promise((resolve) => setTimeout(resolve, SIGNAL_DELAY_MS));
  return signal.aborted;
}

async function close(source: LiveSource, drops: number | undefined, end: LiveCaptureEnd): Promise<void> {
  if (drops !== undefined) source.tellDrops(drops);
  if (end.problem !== undefined) source.tellProblem('read-error', end.problem);
  await source.finish(end.how === 'asked' ? 'end' : 'interrupted');
}

/** The packets as captured. A disk that fills up ends the file, not the listening. */
class PacketFile {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, 'w', 0o600);
      // The mode above holds for a new file only.
      fchmodSync(this.#file, 0o600);
    } catch (error) {
      throw new Unusable(`--write: ${path}: cannot be written: ${(error as Error).message}`);
    }
  }

  write(bytes: Uint8Array, warn: ((line: string) => void) | undefined): void {
    if (this.#file === undefined) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      warn?.(`${this.#path}: packets are no longer kept: ${(error as Error).message}`);
      this.close();
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
