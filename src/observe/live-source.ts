import { CaptureInput } from '../capture/capture-input.ts';
import type { CaptureEvents } from '../capture/events.ts';
import type { Packet, PacketSink } from '../capture/packet.ts';
import { CaptureError, ProblemLog } from '../capture/problems.ts';
import type { CaptureQuality, Input, ProblemReason } from '../model/report.ts';
import { formatTime } from './time.ts';

/** Told of one source of packets: an interface that is listened to, or a file. */
export interface SourceName {
  readonly kind: 'interface' | 'capture';
  readonly path: string;
}

interface Moment {
  seconds: number;
  nanoseconds: number;
}

/** Quality that is not counted by the source itself. */
type Counted = Pick<
  CaptureQuality,
  'gaps' | 'gapBytes' | 'oneSidedConnections' | 'badChecksums' | 'undecodedPackets' | 'duplicates'
>;

/** One stream of captured packets as it comes in. Counts from one `describe` to the next. */
export class LiveSource {
  readonly name: SourceName;
  readonly #input: CaptureInput;
  readonly #sink: PacketSink;
  #problems = new ProblemLog();
  #packets = 0;
  #bytesBefore = 0;
  #cutPackets = 0;
  #first: Moment = { seconds: Number.POSITIVE_INFINITY, nanoseconds: 0 };
  #last: Moment = { seconds: -1, nanoseconds: 0 };
  /** Packets lost in all, as who captures counts them while it runs. */
  #toldDrops = 0;
  #dropsBefore = 0;
  #state: 'open' | 'ended' = 'open';

  constructor(name: SourceName, sink: PacketSink, events: Omit<CaptureEvents, 'onPacket' | 'onProblem'>) {
    this.name = name;
    this.#sink = sink;
    this.#input = new CaptureInput(name.path, {
      ...events,
      onPacket: (packet) => this.#count(packet),
      onProblem: (offset, reason, message) => this.#problems.add(offset, reason, message),
    });
  }

  get state(): 'open' | 'ended' {
    return this.#state;
  }

  /** Packets lost since it began. */
  get drops(): number {
    return Math.max(this.#toldDrops, this.#input.parser?.captureDrops ?? 0);
  }

  /** Bytes are not kept. Throws `CaptureError` where they are no capture. */
  push(bytes: Uint8Array): void | Promise<void> {
    return this.#input.push(bytes, 0, bytes.length);
  }

  /** What the capturing tool counted so far. */
  tellDrops(drops: number): void {
    this.#toldDrops = Math.max(this.#toldDrops, drops);
  }

  tellProblem(reason: ProblemReason, message: string): void {
    this.#problems.add(this.#input.bytes, reason, message);
  }

  /** No more bytes come. Returns what is wrong with a file that never was a capture. */
  async finish(how: 'end' | 'interrupted'): Promise<string | undefined> {
    this.#state = 'ended';
    try {
      await this.#input.finish(how);
      return undefined;
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      // A tool that ends before the first packet may leave no file header.
      if (how === 'interrupted' || this.name.kind === 'interface') return undefined;
      this.tellProblem('read-error', error.message);
      return error.message;
    }
  }

  /** What came in since the last call, and begins to count anew. */
  describe(counted: Counted): Input {
    const format = this.#input.parser?.format;
    const { bytes } = this.#input;
    const { drops } = this;
    const time = (moment: Moment): string => formatTime(moment.seconds, moment.nanoseconds, this.precision);
    const input: Input = {
      ...this.name,
      ...(format === undefined ? {} : { format }),
      packets: this.#packets,
      bytes: bytes - this.#bytesBefore,
      ...(this.#last.seconds < 0 ? {} : { firstPacketAt: time(this.#first), lastPacketAt: time(this.#last) }),
      quality: {
        captureDrops: drops - this.#dropsBefore,
        cutPackets: this.#cutPackets,
        ...counted,
        problems: this.#problems.finish(bytes),
      },
    };
    this.#problems = new ProblemLog();
    this.#packets = 0;
    this.#bytesBefore = bytes;
    this.#cutPackets = 0;
    this.#first = { seconds: Number.POSITIVE_INFINITY, nanoseconds: 0 };
    this.#last = { seconds: -1, nanoseconds: 0 };
    this.#dropsBefore = drops;
    return input;
  }

  get precision(): 's' | 'ms' | 'us' | 'ns' {
    return this.#input.parser?.precision ?? 'us';
  }

  #count(packet: Packet): void {
    this.#packets++;
    if (packet.end - packet.start < packet.originalLength) this.#cutPackets++;
    if (packet.seconds >= 0) this.#addTime(packet);
    this.#sink(packet);
  }

  // Times are seldom in strict order. Plain numbers: an object a packet would be garbage a packet.
  #addTime({ seconds, nanoseconds }: Packet): void {
    if (seconds > this.#last.seconds || (seconds === this.#last.seconds && nanoseconds > this.#last.nanoseconds)) {
      this.#last.seconds = seconds;
      this.#last.nanoseconds = nanoseconds;
    }
    if (seconds < this.#first.seconds || (seconds === this.#first.seconds && nanoseconds < this.#first.nanoseconds)) {
      this.#first.seconds = seconds;
      this.#first.nanoseconds = nanoseconds;
    }
  }
}
