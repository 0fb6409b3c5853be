import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { CaptureError } from './problems.ts';

/** Takes bytes that are valid during the call, or until the promise that it returns is kept. */
export type ChunkSink = (bytes: Uint8Array, start: number, end: number) => void | Promise<void>;

/** How the bytes ended; a failed read is damage of the input, not a defect. */
export type SourceEnd =
  | { readonly how: 'end' }
  | { readonly how: 'interrupted' }
  | { readonly how: 'read-error'; readonly message: string };

const END: SourceEnd = { how: 'end' };
const INTERRUPTED: SourceEnd = { how: 'interrupted' };

/** Large reads are what makes synchronous reading fast; a larger buffer gains nothing. */
const FILE_CHUNK_BYTES = 4 * 1024 * 1024;
/** A pipe gives 64 KiB at once, more only where its writer enlarged it. */
const PIPE_CHUNK_BYTES = 1024 * 1024;
/** Reads between two turns of the event loop: about 64 MiB of a file, so that signals are heard. */
const FILE_READS_PER_TURN = 16;
/** About 4 MiB of a pipe. */
const PIPE_READS_PER_TURN = 64;
/** Turns of the event loop, some microseconds each, that a silent pipe is asked in before timers take over. */
const BUSY_TURNS = 100;
/** Then the pipe is asked after 1, 2, 4, 8 and at last every 10 milliseconds. */
const LONGEST_SLEEP_MS = 10;

/**
 * Reads a file, a FIFO or standard input (`-`) to its end, or until the signal is aborted.
 *
 * Reads synchronously in large pieces, since that is several times as fast as streams, and gives the event loop a
 * turn often enough for signals.
 *
 * @throws CaptureError where it cannot be opened
 */
export async function readSource(path: string, sink: ChunkSink, signal?: AbortSignal): Promise<SourceEnd> {
  if (path === '-') return readStandardInput(sink, signal);
  const kind = kindOf(path, () => statSync(path));
  if (kind === 'folder') throw new CaptureError('is-a-folder', path, 'is a folder, not a capture file');
  const fd = open(path, path, kind === 'pipe');
  try {
    if (kind !== 'pipe') return await readFile(fd, sink, signal);
    return await readPipe(fd, sink, signal, isAnonymousPipe(path) ? 'present' : 'awaited');
  } finally {
    closeSync(fd);
  }
}

async function readStandardInput(sink: ChunkSink, signal: AbortSignal | undefined): Promise<SourceEnd> {
  const kind = kindOf('-', () => fstatSync(0));
  if (kind === 'folder') throw new CaptureError('is-a-folder', '-', 'is a folder, not a capture');
  if (kind === 'file') return readFile(0, sink, signal);
  const fd = kind === 'pipe' ? reopenStandardInput() : undefined;
  if (fd === undefined) return readStream(process.stdin, sink, signal);
  try {
    return await readPipe(fd, sink, signal, 'present');
  } finally {
    closeSync(fd);
  }
}

/**
 * A non-blocking description of the pipe on standard input; its own, so that other holders of the pipe keep theirs
 * as it is. Only Linux reopens; elsewhere, or without the right to it, the stream has to do.
 */
function reopenStandardInput(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

type SourceKind = 'file' | 'pipe' | 'folder' | 'other';

function kindOf(path: string, stat: () => Stats): SourceKind {
  let stats: Stats;
  try {
    stats = stat();
  } catch (error) {
    throw openError(path, error);
  }
  if (stats.isDirectory()) return 'folder';
  if (stats.isFile()) return 'file';
  return stats.isFIFO() ? 'pipe' : 'other';
}

function open(path: string, file: string, nonBlocking: boolean): number {
  try {
    return openSync(file, nonBlocking ? constants.O_RDONLY | constants.O_NONBLOCK : constants.O_RDONLY);
  } catch (error) {
    throw openError(path, error);
  }
}

function openError(path: string, error: unknown): CaptureError {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new CaptureError('not-found', path, 'no such file');
  if (code === 'EACCES' || code === 'EPERM') return new CaptureError('unreadable', path, 'no permission to read it');
  return new CaptureError('unreadable', path, `cannot be opened (${code})`);
}

function errorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' ? code : String(error);
}

/** `/dev/stdin` or `<(command)`: its writer is there already, so that no bytes mean the end. */
function isAnonymousPipe(path: string): boolean {
  return /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/.test(path);
}

async function readFile(fd: number, sink: ChunkSink, signal: AbortSignal | undefined): Promise<SourceEnd> {
  const buffer = Buffer.allocUnsafeSlow(FILE_CHUNK_BYTES);
  for (let reads = 1; ; reads++) {
    if (signal?.aborted) return INTERRUPTED;
    const length = tryRead(fd, buffer);
    if (length === 'again') await sleep(LONGEST_SLEEP_MS);
    else if (typeof length === 'string') return { how: 'read-error', message: length };
    else if (length === 0) return END;
    else {
      const taken = sink(buffer, 0, length);
      if (taken !== undefined) await taken;
    }
    if (reads % FILE_READS_PER_TURN === 0) await nextTurn();
  }
}

/**
 * Reads a non-blocking pipe. A named FIFO that nobody has opened for writing yet reads as ended: `awaited` waits for
 * its first writer.
 */
async function readPipe(
  fd: number,
  sink: ChunkSink,
  signal: AbortSignal | undefined,
  writer: 'present' | 'awaited',
): Promise<SourceEnd> {
  const buffer = Buffer.allocUnsafeSlow(PIPE_CHUNK_BYTES);
  let awaited = writer === 'awaited';
  let idle = 0;
  for (let reads = 1; ; reads++) {
    if (signal?.aborted) return INTERRUPTED;
    const length = tryRead(fd, buffer);
    if (length === 0 && !awaited) return END;
    if (length === 0) {
      await sleep(LONGEST_SLEEP_MS);
    } else if (length === 'again') {
      awaited = false;
      await waitForData(idle++);
    } else if (typeof length === 'string') {
      return { how: 'read-error', message: length };
    } else {
      awaited = false;
      idle = 0;
      const taken = sink(buffer, 0, length);
      if (taken !== undefined) await taken;
      if (reads % PIPE_READS_PER_TURN === 0) await nextTurn();
    }
  }
}

/** A writer that is only slower than we are is met within microseconds; a silent one costs no processor time. */
async function waitForData(idle: number): Promise<void> {
  if (idle < BUSY_TURNS) await nextTurn();
  else await sleep(Math.min(2 ** Math.min(idle - BUSY_TURNS, 4), LONGEST_SLEEP_MS));
}

/** Bytes read, 0 at the end; `again` where a non-blocking descriptor has none now; any other text is the error. */
function tryRead(fd: number, buffer: Uint8Array): number | string {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    const code = errorCode(error);
    // Windows reports the end of a pipe as an error.
    if (code === 'EOF') return 0;
    return code === 'EAGAIN' ? 'again' : `reading failed (${code})`;
  }
}

async function readStream(
  stream: NodeJS.ReadStream,
  sink: ChunkSink,
  signal: AbortSignal | undefined,
): Promise<SourceEnd> {
  const stop = () => stream.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (signal?.aborted) return INTERRUPTED;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) await sink(chunk, 0, chunk.length);
    return signal?.aborted ? INTERRUPTED : END;
  } catch (error) {
    if (signal?.aborted) return INTERRUPTED;
    // What the sink throws is not the stream's: only system errors are read errors.
    if (typeof (error as NodeJS.ErrnoException | null)?.errno !== 'number') throw error;
    return { how: 'read-error', message: `reading failed (${errorCode(error)})` };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
