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
  readonly seconds: number;
  readonly nanoseconds: number;
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
  #first: Moment | undefined;
  #last: Moment | undefined;
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
      ...(this.#first === undefined ? {} : { firstPacketAt: time(this.#first) }),
      ...(this.#last === undefined ? {} : { lastPacketAt: time(this.#last) }),
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
    this.#first = undefined;
    this.#last = undefined;
    this.#dropsBefore = drops;
    return input;
  }

  get precision(): 's' | 'ms' | 'us' | 'ns' {
    return this.#input.parser?.precision ?? 'us';
  }

  #count(packet: Packet): void {
    this.#packets++;
    if (packet.end - packet.start < packet.originalLength) this.#cutPackets++;
    if (packet.seconds >= 0) {
      // One object a second and source, not one a packet.
      if (this.#first === undefined) this.#first = { seconds: packet.seconds, nanoseconds: packet.nanoseconds };
      if (this.#last === undefined || packet.seconds > this.#last.seconds)
        this.#last = { seconds: packet.seconds, nanoseconds: packet.nanoseconds };
    }
    this.#sink(packet);
  }
}
