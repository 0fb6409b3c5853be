import type { Problem } from '../model/report.ts';
import { CaptureInput } from './capture-input.ts';
import type { Compression } from './compression.ts';
import type { CaptureEvents, CaptureFormat, Precision } from './events.ts';
import type { Packet, PacketSink } from './packet.ts';
import { PacketDigest } from './packet-digest.ts';
import { ProblemLog } from './problems.ts';
import { readSource } from './source.ts';

/** What a reader of captures listens to. The packet is valid during the callback only. */
export interface CaptureHandlers extends Omit<CaptureEvents, 'onProblem'> {
  readonly onProblem?: (problem: Problem) => void;
}

export interface CaptureOptions {
  /** Ends the reading cleanly, with a problem `interrupted`. */
  readonly signal?: AbortSignal;
}

export interface PacketTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** One input, read. */
export interface CaptureSummary {
  readonly path: string;
  readonly format: CaptureFormat;
  readonly compression: Compression | 'none';
  readonly packets: number;
  /** After decompression. */
  readonly bytes: number;
  /** Packets of which less was captured than was on the wire. */
  readonly cutPackets: number;
  /** Packets that the capturing side says it lost. */
  readonly captureDrops: number;
  readonly problems: readonly Problem[];
  /** Earliest and latest packet; absent where no packet has a time. */
  readonly firstPacket?: PacketTime;
  readonly lastPacket?: PacketTime;
  readonly precision: Precision;
  /** LINKTYPE_ values of the packets, ascending. */
  readonly linkTypes: readonly number[];
  /** Of all packets, for `crossCheck`. */
  readonly digest: PacketDigest;
  readonly ended: 'end' | 'interrupted' | 'read-error';
  /** To hand to the next input of the same run. */
  readonly nextFrame: number;
  readonly nextInterfaceId: number;
}

/**
 * Reads a capture file, a FIFO or standard input (`-`): pcap or pcapng, plain, gzip or zstd, told by content.
 *
 * @throws CaptureError where nothing of it could be judged; what is damaged further on is told in `problems`
 */
export async function readCapture(
  source: string,
  handlers: CaptureHandlers,
  options: CaptureOptions = {},
): Promise<CaptureSummary> {
  const problems = new ProblemLog(handlers.onProblem);
  const tally = new PacketTally(handlers.onPacket);
  const input = new CaptureInput(source, { ...handlers, onPacket: tally.count, onProblem: problems.add });
  const end = await readSource(source, input.push, options.signal);
  if (end.how === 'read-error') problems.add(input.bytes, 'read-error', end.message);
  if (end.how === 'interrupted') problems.add(input.bytes, 'interrupted', 'reading was interrupted');
  const parser = await input.finish(end.how === 'interrupted' ? 'interrupted' : 'end');
  return {
    path: source,
    format: parser.format,
    compression: input.compression ?? 'none',
    packets: tally.packets,
    bytes: input.bytes,
    cutPackets: tally.cutPackets,
    captureDrops: parser.captureDrops,
    problems: problems.finish(input.bytes),
    ...tally.times,
    precision: parser.precision,
    linkTypes: tally.linkTypes,
    digest: tally.digest,
    ended: end.how,
    nextFrame: parser.nextFrame,
    nextInterfaceId: parser.nextInterfaceId,
  };
}

/** Counts packets on their way to the sink. */
class PacketTally {
  readonly #sink: PacketSink;
  readonly digest: PacketDigest = new PacketDigest();
  readonly #linkTypes = new Set<number>();
  #lastLinkType = -1;
  packets = 0;
  cutPackets = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  readonly count: PacketSink = (packet) => {
    this.packets++;
    if (packet.end - packet.start < packet.originalLength) this.cutPackets++;
    if (packet.linkType !== this.#lastLinkType) this.#addLinkType(packet.linkType);
    if (packet.seconds >= 0) this.#addTime(packet);
    this.digest.add(packet);
    this.#sink(packet);
  };

  #addLinkType(linkType: number): void {
    this.#linkTypes.add(linkType);
    this.#lastLinkType = linkType;
  }

  // Times of a file are seldom in strict order. Plain numbers: an object a packet would be garbage a packet.
  #firstSeconds = Number.POSITIVE_INFINITY;
  #firstNanoseconds = 0;
  #lastSeconds = -1;
  #lastNanoseconds = 0;

  #addTime({ seconds, nanoseconds }: Packet): void {
    if (seconds > this.#lastSeconds || (seconds === this.#lastSeconds && nanoseconds > this.#lastNanoseconds)) {
      this.#lastSeconds = seconds;
      this.#lastNanoseconds = nanoseconds;
    }
    if (seconds < this.#firstSeconds || (seconds === this.#firstSeconds && nanoseconds < this.#firstNanoseconds)) {
      this.#firstSeconds = seconds;
      this.#firstNanoseconds = nanoseconds;
    }
  }

  get times(): { readonly firstPacket?: PacketTime; readonly lastPacket?: PacketTime } {
    if (this.#lastSeconds < 0) return {};
    return {
      firstPacket: { seconds: this.#firstSeconds, nanoseconds: this.#firstNanoseconds },
      lastPacket: { seconds: this.#lastSeconds, nanoseconds: this.#lastNanoseconds },
    };
  }

  get linkTypes(): readonly number[] {
    return [...this.#linkTypes].sort((a, b) => a - b);
  }
}
