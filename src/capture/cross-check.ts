import { Stream } from 'node:stream';
import { type PacketHeader, parse } from 'pcap-parser';
import type { Problem } from '../model/report.ts';
import { MAX_DECLARED_RECORD_BYTES } from './events.ts';
import type { CaptureSummary } from './file.ts';
import { PacketDigest } from './packet-digest.ts';
import { PcapParser } from './pcap.ts';
import { type ChunkSink, readSource } from './source.ts';

/** Whether an independent reader found the same packets. */
export interface CrossCheck {
  readonly verdict: 'agrees' | 'disagrees' | 'not-applicable';
  /** The first difference, where the readers disagree. */
  readonly problem?: Problem;
  /** Why it is not applicable. */
  readonly because?: string;
}

/**
 * Reads the capture once more with the package `pcap-parser` and compares number, order, lengths and times of its
 * packets with what was read before. That package knows classic pcap with microseconds only.
 *
 * Memory is bounded; where the readers differ, a further pass through both finds the first packet that does.
 *
 * @throws CaptureError where the file can no longer be opened
 */
export async function crossCheck(
  path: string,
  ours: Pick<CaptureSummary, 'format' | 'compression' | 'digest' | 'ended'>,
  signal?: AbortSignal,
): Promise<CrossCheck> {
  const because = notApplicable(path, ours);
  if (because !== undefined) return { verdict: 'not-applicable', because };
  const digest = new PacketDigest();
  const second = new SecondReader(({ capturedLength, originalLength, seconds, nanoseconds }) =>
    digest.addFields(capturedLength, originalLength, seconds, nanoseconds),
  );
  const end = await readSource(path, second.push, signal);
  if (end.how !== 'end') return { verdict: 'not-applicable', because: 'the second reading did not reach the end' };
  if (digest.equals(ours.digest)) return { verdict: 'agrees' };
  const difference = (await firstDifference(path, signal)) ?? {
    offset: 0,
    text: 'the file has changed between the two readings',
  };
  const counts = `${ours.digest.packets} packets here, ${digest.packets} there`;
  const message = `the second reader (pcap-parser) disagrees: ${difference.text} (${counts})`;
  return { verdict: 'disagrees', problem: { offset: difference.offset, reason: 'readers-disagree', message } };
}

function notApplicable(
  path: string,
  { format, compression, ended }: Pick<CaptureSummary, 'format' | 'compression' | 'ended'>,
): string | undefined {
  if (path === '-') return 'standard input cannot be read twice';
  if (compression !== 'none') return `the second reader does not read ${compression}`;
  if (format !== 'pcap') return `the second reader does not read ${format}`;
  return ended === 'end' ? undefined : 'the first reading did not reach the end';
}

/** What both readers say of a packet. */
interface PacketRecord {
  readonly capturedLength: number;
  readonly originalLength: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * Feeds pcap-parser. It joins its buffer with every chunk, so that chunks are copied and kept small, and a record
 * that no memory should hold ends it.
 */
class SecondReader {
  // The plain old stream: an emitter of `data`, without buffers of its own.
  readonly #input: Stream = Object.assign(new Stream(), { pause: () => {}, resume: () => {} });
  /** Why it read no further. */
  stopped: string | undefined;

  constructor(onRecord: (record: PacketRecord) => void) {
    const parser = parse(this.#input);
    parser.on('packetHeader', ({ capturedLength }) => {
      if (capturedLength > MAX_DECLARED_RECORD_BYTES) this.stopped ??= `a record of ${capturedLength} bytes`;
    });
    parser.on('packet', ({ header }) => {
      if (this.stopped === undefined) onRecord(toRecord(header));
    });
    parser.on('error', (error) => {
      this.stopped ??= error.message;
    });
  }

  readonly push: ChunkSink = (bytes, start, end) => {
    for (let at = start; at < end && this.stopped === undefined; at += SECOND_READER_CHUNK_BYTES) {
      const chunk = Buffer.from(bytes.subarray(at, Math.min(at + SECOND_READER_CHUNK_BYTES, end)));
      this.#input.emit('data', chunk);
    }
  };
}

const SECOND_READER_CHUNK_BYTES = 65_536;

/** A fraction of a second or more in the microseconds is carried over, as our reader does. */
function toRecord(header: PacketHeader): PacketRecord {
  const { timestampSeconds, timestampMicroseconds, capturedLength, originalLength } = header;
  return {
    capturedLength,
    originalLength,
    seconds: timestampSeconds + Math.floor(timestampMicroseconds / 1_000_000),
    nanoseconds: (timestampMicroseconds % 1_000_000) * 1000,
  };
}

interface Difference {
  readonly offset: number;
  readonly text: string;
}

/** Both readers side by side over the same chunks; records wait for their counterpart for one chunk at most. */
async function firstDifference(path: string, signal: AbortSignal | undefined): Promise<Difference | undefined> {
  const ours: (PacketRecord & { readonly offset: number })[] = [];
  const theirs: PacketRecord[] = [];
  let compared = 0;
  let found: Difference | undefined;
  const first = new PcapParser({
    onPacket: (packet) =>
      ours.push({
        capturedLength: packet.end - packet.start,
        originalLength: packet.originalLength,
        seconds: packet.seconds,
        nanoseconds: packet.nanoseconds,
        offset: packet.fileOffset,
      }),
    onProblem: () => {},
  });
  const second = new SecondReader((record) => theirs.push(record));
  const compare = () => {
    const pairs = Math.min(ours.length, theirs.length);
    for (let i = 0; i < pairs && found === undefined; i++) {
      compared++;
      const text = describeDifference(ours[i]!, theirs[i]!);
      if (text !== undefined) found = { offset: ours[i]!.offset, text: `packet ${compared}: ${text}` };
    }
    ours.splice(0, pairs);
    theirs.splice(0, pairs);
    if (found !== undefined || second.stopped === undefined || ours.length === 0) return;
    found = { offset: ours[0]!.offset, text: `packet ${compared + 1}: it stopped at ${second.stopped}` };
  };
  await readSource(
    path,
    (bytes, start, end) => {
      if (found !== undefined) return;
      first.push(bytes, start, end);
      second.push(bytes, start, end);
      compare();
    },
    signal,
  );
  first.finish();
  compare();
  if (found !== undefined) return found;
  if (ours[0] !== undefined) return { offset: ours[0].offset, text: `packet ${compared + 1} is not there` };
  if (theirs.length > 0) return { offset: 0, text: `packet ${compared + 1} is only there` };
  return second.stopped === undefined ? undefined : { offset: 0, text: `it stopped at ${second.stopped}` };
}

function describeDifference(ours: PacketRecord, theirs: PacketRecord): string | undefined {
  const fields = ['capturedLength', 'originalLength', 'seconds', 'nanoseconds'] as const;
  const field = fields.find((name) => ours[name] !== theirs[name]);
  return field === undefined ? undefined : `${field} is ${ours[field]} here, ${theirs[field]} there`;
}
