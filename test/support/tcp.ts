import type { Side } from '../../src/bytes/stream.ts';
import type { Connection, ConnectionConsumer } from '../../src/capture/connection.ts';
import { Segment, TcpFlag } from '../../src/capture/segment.ts';
import { ConnectionTracker } from '../../src/capture/tracker.ts';

export interface SegmentFacts {
  readonly from: Side;
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly payload?: string;
  /** Captured octets of the payload; all where absent. */
  readonly captured?: number;
  readonly seconds?: number;
  readonly ports?: readonly [number, number];
  readonly hosts?: readonly [number, number];
  readonly encapsulation?: number;
  readonly interfaceId?: number;
  readonly ipIdentification?: number;
  readonly checksum?: number;
}

const CLIENT = 0x0a4d_0002;
const SERVER = 0x0a4d_0001;
let identification = 1;

/** A segment between 10.77.0.2:40000 and 10.77.0.1:6123, unless told otherwise. */
export function segment(facts: SegmentFacts, frame: number): Segment {
  const one = new Segment();
  const other: Side = facts.from === 0 ? 1 : 0;
  const hosts = facts.hosts ?? [CLIENT, SERVER];
  const ports = facts.ports ?? [40_000, 6123];
  const bytes = Buffer.from(facts.payload ?? '', 'latin1');
  one.source0 = hosts[facts.from];
  one.destination0 = hosts[other];
  one.sourcePort = ports[facts.from];
  one.destinationPort = ports[other];
  one.sequence = facts.sequence >>> 0;
  one.acknowledgement = (facts.acknowledgement ?? 0) >>> 0;
  one.flags = facts.flags ?? (facts.acknowledgement === undefined ? 0 : TcpFlag.ACK);
  one.bytes = bytes;
  one.start = 0;
  one.end = Math.min(facts.captured ?? bytes.length, bytes.length);
  one.length = bytes.length;
  one.encapsulation = facts.encapsulation ?? 0;
  one.interfaceId = facts.interfaceId ?? 0;
  one.ipIdentification = facts.ipIdentification ?? identification++ & 0xffff;
  one.checksum = facts.checksum ?? (facts.sequence * 7 + bytes.length) & 0xffff;
  one.frame = frame;
  one.seconds = facts.seconds ?? 1000;
  return one;
}

/** What came out for one connection: streams with `[n]` where n bytes were lost, and how each side ended. */
export interface Outcome {
  readonly streams: readonly [string, string];
  readonly ended: readonly [string, string];
  readonly connection: Connection;
}

class Recorder implements ConnectionConsumer {
  readonly streams: [string, string] = ['', ''];
  readonly ended: [string, string] = ['', ''];
  readonly #offsets: [number, number] = [0, 0];

  data(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number): void {
    if (streamOffset !== this.#offsets[side]) throw new Error(`offset ${streamOffset}, not ${this.#offsets[side]}`);
    this.#offsets[side] += end - start;
    this.streams[side] += Buffer.from(bytes.subarray(start, end)).toString('latin1');
  }

  gap(side: Side, length: number, streamOffset: number): void {
    if (streamOffset !== this.#offsets[side]) throw new Error(`gap at ${streamOffset}, not ${this.#offsets[side]}`);
    this.#offsets[side] += length;
    this.streams[side] += `[${length}]`;
  }

  close(side: Side, how: string): void {
    this.ended[side] += how;
  }
}

/** Runs segments through a tracker and tells what each connection came to, in the order in which they ended. */
export function track(
  facts: readonly SegmentFacts[],
  options: { readonly openConnections?: number } = {},
): { readonly outcomes: readonly Outcome[]; readonly tracker: ConnectionTracker } {
  const recorders = new Map<Connection, Recorder>();
  const outcomes: Outcome[] = [];
  const tracker = new ConnectionTracker(
    {
      carriesData: (connection) => {
        const recorder = new Recorder();
        recorders.set(connection, recorder);
        connection.consumer = recorder;
      },
      finished: (connection) => {
        const recorder = recorders.get(connection) ?? new Recorder();
        outcomes.push({ streams: recorder.streams, ended: recorder.ended, connection });
      },
    },
    options,
  );
  facts.forEach((one, index) => {
    tracker.take(segment(one, index + 1));
  });
  tracker.finish();
  return { outcomes, tracker };
}
