import { copyOf } from '../bytes/copy.ts';
import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading } from '../model/probe.ts';
import { type LengthFrame, LengthFrames } from './length-frames.ts';
import { latin1 } from './pekko-frame.ts';
import { NameCounts, TransferLog } from './sightings.ts';

/** Queryable state (`MessageSerializer`): `int32 length | 79 a1 b7 10 | int32 type | …`. Proxy and state server alike. */
export const queryableState: ClearProtocol = {
  name: 'queryable-state',
  order: 31,
  follow: () => new QueryableStateFollower(),
};

/** Flink's decoder has no limit of its own; a value above this is taken for another protocol. */
const MAX_FRAME = 256 * 1024 * 1024;
/** Header, request id, and the name of a state. */
const HEAD_BYTES = 300;
/** Version, type, request id, length of the value. */
const RESULT_HEADER = 20;

const TYPES = ['REQUEST', 'REQUEST_RESULT', 'REQUEST_FAILURE', 'SERVER_FAILURE'] as const;
const VERSION = 0x79a1b710;

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function startsWithVersion(length: number, head: Uint8Array, headLength: number): boolean {
  return length >= 8 && (headLength < 4 || uint32(head, 0) === VERSION);
}

/** Name in a proxy's request: job id 16, int32 length, name, key hash 4, int32 length, key and namespace. */
function stateNameOf(frame: LengthFrame): string | undefined {
  const at = 16 + 16;
  if (frame.headLength < at + 4) {
    return undefined;
  }
  const length = uint32(frame.head, at);
  const after = at + 4 + length;
  if (length === 0 || length > 200 || after + 8 > frame.headLength) {
    return undefined;
  }
  const name = latin1(frame.head, at + 4, after);
  return after + 8 + uint32(frame.head, after + 4) === frame.length && /^[\x20-\x7e]+$/.test(name) ? name : undefined;
}

class QueryableStateFollower implements ClearFollower {
  readonly #sides: readonly [LengthFrames, LengthFrames];
  readonly #messages = new NameCounts(TYPES.length);
  readonly #names = new NameCounts(16);
  readonly #transfers = new TransferLog();
  /** Frames with the protocol's version, by side. */
  readonly #believed: [number, number] = [0, 0];
  #firstBytes: Uint8Array | undefined;
  #clientSide: Side | undefined;
  #refuted = false;

  constructor() {
    const frames = (side: Side): LengthFrames =>
      new LengthFrames(MAX_FRAME, HEAD_BYTES, (frame) => this.#frame(side, frame), startsWithVersion);
    this.#sides = [frames(0), frames(1)];
  }

  get certainty(): Certainty {
    const [a, b] = this.#believed;
    if ((a > 0 && b > 0) || a > 1 || b > 1) {
      return 'sure';
    }
    const lost = a + b === 0 && (!this.#sides[0].inStep || !this.#sides[1].inStep);
    return this.#refuted || lost ? 'no' : 'maybe';
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (!this.#refuted) {
      this.#sides[side].feed(bytes, start, end, streamOffset, frame);
    }
  }

  gap(side: Side, length: number): void {
    this.#sides[side].gap(length);
  }

  close(): void {
    // Nothing is held that the end of the stream would decide.
  }

  #frame(side: Side, frame: LengthFrame): void {
    const { head, headLength } = frame;
    const type = headLength < 8 ? TYPES.length : uint32(head, 4);
    const name = TYPES[type];
    if (headLength < 8 || uint32(head, 0) !== VERSION || name === undefined) {
      this.#refuted ||= this.#believed[0] + this.#believed[1] === 0;
      this.#sides[side].inStep = false;
      return;
    }
    this.#believed[side]++;
    this.#firstBytes ??= copyOf(head, 0, Math.min(headLength, 8));
    this.#clientSide ??= (name === 'REQUEST') === (side === 0) ? 0 : 1;
    this.#messages.add(name);
    if (name === 'REQUEST') {
      const state = stateNameOf(frame);
      if (state !== undefined) {
        this.#names.add(state);
      }
    } else if (name === 'REQUEST_RESULT' && frame.length > RESULT_HEADER && side !== this.#clientSide) {
      this.#transfers.add(
        'queryable-state',
        side,
        frame.frame,
        frame.streamOffset,
        frame.length - RESULT_HEADER,
        this.#names.size === 1 ? this.#names.names()[0] : undefined,
      );
    }
  }

  reading(): ClearReading {
    const clientSide = this.#clientSide;
    const states = this.#names.names();
    return {
      protocol: queryableState.name,
      channel: 'queryable-state',
      ...(clientSide === undefined ? {} : { clientSide }),
      serverComponent: 'taskmanager',
      details: { messages: this.#messages.list(), ...(states.length > 0 ? { states } : {}) },
      firstBytes: this.#firstBytes ?? new Uint8Array(0),
      stateTransfer: this.#transfers.list(),
      credentials: [],
      hints: [],
      answered: this.#believed[0] > 0 && this.#believed[1] > 0,
    };
  }
}
