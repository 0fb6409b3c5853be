import { createDecompressor, type Decompressor, detectCompression } from '../capture/compression.ts';
import { CaptureError } from '../capture/problems.ts';
import { readSource } from '../capture/source.ts';
import type { LogReading } from '../logs/evidence.ts';
import { LINE_LIMIT_BYTES } from '../logs/line-scanner.ts';
import { LogReader } from '../logs/reader.ts';
import type { FileProblem, Input, Observation, ProcessIdentity } from '../model/report.ts';
import type { LogFile, LogRunOptions } from './log-file.ts';
import { identitiesOf, logObservations } from './log-observations.ts';

/** What several logs, read one after the other, came to. */
export interface LogRun {
  readonly inputs: readonly Input[];
  readonly observations: readonly Observation[];
  /** Of the processes that wrote last. */
  readonly processes: readonly ProcessIdentity[];
  /** That they logged at their start, newest processes first. */
  readonly flinkVersions: readonly string[];
  /** `partial`: something could not be read, or was no log; the problems of an input say what. */
  readonly extent: 'whole' | 'partial';
}

/**
 * Reads logs of Flink processes: plain, gzip or zstd, told by content, files or standard input.
 *
 * @throws CaptureError (its name for any input that cannot be opened) where a file is missing, a folder or unreadable
 */
export async function observeLogs(files: readonly LogFile[], options: LogRunOptions): Promise<LogRun> {
  const inputs: Input[] = [];
  const observations: Observation[] = [];
  const processes: ProcessIdentity[] = [];
  const versions: string[] = [];
  let extent: LogRun['extent'] = 'whole';
  for (const given of files) {
    const { reading, problems, format, bytes } = await readLog(given.path, given.shown ?? given.path, options.signal);
    const file = { ...given, path: given.shown ?? given.path };
    for (const one of logObservations(file, reading, options)) {
      observations.push({ ...one, id: `l${observations.length + 1}` });
    }
    processes.push(...identitiesOf(file, reading, options));
    versions.push(...reading.processes.flatMap(({ state, version }) => (state === 'current' ? (version ?? []) : [])));
    if (problems.length > 0) extent = 'partial';
    inputs.push(inputOf(file, reading, { problems: [...problems, ...cutNotes(file, reading)], format, bytes }));
  }
  return { inputs, observations, processes, flinkVersions: [...new Set(versions)], extent };
}

interface ReadLog {
  readonly reading: LogReading;
  readonly problems: readonly FileProblem[];
  readonly format: string;
  /** After decompression. */
  readonly bytes: number;
}

/** Bytes that tell the compression, the longest magic among them. */
const MAGIC_BYTES = 6;

async function readLog(source: string, shown: string, signal: AbortSignal | undefined): Promise<ReadLog> {
  const reader = new LogReader();
  let begun = Buffer.alloc(0);
  let isOpen = false;
  let decompressor: Decompressor | undefined;
  let format = 'text';
  const open = (): void => {
    isOpen = true;
    const compression = detectCompression(begun);
    if (compression === undefined) return;
    if (compression !== 'gzip' && compression !== 'zstd') {
      throw new CaptureError('unsupported-compression', source, `compressed with ${compression}: decompress it first`);
    }
    format = `text+${compression}`;
    decompressor = createDecompressor(compression, (bytes, start, end) => reader.push(bytes, start, end));
  };
  const push = (bytes: Uint8Array, start: number, end: number): void | Promise<void> => {
    if (decompressor !== undefined) return decompressor.push(bytes, start, end);
    reader.push(bytes, start, end);
  };
  const ended = await readSource(
    source,
    (bytes, start, end) => {
      if (isOpen) return push(bytes, start, end);
      begun = Buffer.concat([begun, bytes.subarray(start, end)]);
      if (begun.length < MAGIC_BYTES) return;
      open();
      return push(begun, 0, begun.length);
    },
    signal,
  );
  if (!isOpen) {
    open();
    await push(begun, 0, begun.length);
  }
  await decompressor?.finish();
  const reading = reader.finish();
  const problems = problemsOf(shown, reading, ended, decompressor?.damage);
  return { reading, problems, format, bytes: reading.bytes };
}

function problemsOf(
  file: string,
  reading: LogReading,
  ended: Awaited<ReturnType<typeof readSource>>,
  damage: string | undefined,
): readonly FileProblem[] {
  const line = Math.max(1, reading.lines);
  const messages: string[] = [];
  if (damage !== undefined) messages.push(`the compressed data are damaged: ${damage}`);
  if (ended.how === 'read-error') messages.push(ended.message);
  if (ended.how === 'interrupted') messages.push('interrupted: what follows was not read');
  if (reading.processes.length === 0 && messages.length === 0) {
    messages.push(
      reading.bytes === 0
        ? 'empty: 0 bytes'
        : 'no line of it is one that Flink writes about its start, its connections or TLS',
    );
  }
  if (reading.dropped > 0) messages.push(`${reading.dropped} further lines that tell something were left out`);
  return messages.map((message) => ({ file, line, message }));
}

/** A line that is cut has its time, logger and message: nothing is lost but the tail of a dump. */
function cutNotes({ path: file }: LogFile, { cutLines, lines }: LogReading): readonly FileProblem[] {
  if (cutLines === 0) return [];
  const kept = `${LINE_LIMIT_BYTES / 1024} KiB`;
  return [{ file, line: lines, message: `${cutLines} lines longer than ${kept}: only their beginnings were read` }];
}

function inputOf(file: LogFile, { first, last }: LogReading, read: Omit<ReadLog, 'reading'>): Input {
  return {
    kind: 'log',
    path: file.path,
    format: read.format,
    bytes: read.bytes,
    ...(first === undefined ? {} : { firstPacketAt: first.text }),
    ...(last === undefined ? {} : { lastPacketAt: last.text }),
    ...(read.problems.length === 0 ? {} : { problems: read.problems }),
  };
}
