import type { Side } from '../bytes/stream.ts';
import type { TcpLimitName } from './limits.ts';
import type { Segment } from './segment.ts';

/** Receives the reassembled streams of one connection, in order and without overlap. */
export interface ConnectionConsumer {
  data(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void;
  gap(side: Side, length: number, streamOffset: number): void;
  close(side: Side, how: 'fin' | 'rst' | 'cut'): void;
}

/** A segment that waits behind a hole. */
export interface HeldSegment {
  sequence: number;
  /** Length on the wire; `bytes` is shorter where the capture was cut. */
  length: number;
  bytes: Uint8Array;
  frame: number;
}

/** Packets looked back at; the copies of a packet follow it closely. */
const RECENT = 16;

/** One direction of a connection. Sequence numbers are 32-bit, stream offsets plain numbers: streams pass 4 GiB. */
export class Direction {
  /** Whether `next` is known. */
  synchronised = false;
  /** Sequence number of the next byte in order. */
  next = 0;
  /** Stream offset of that byte. */
  offset = 0;
  initialSequence = 0;
  /** Highest acknowledgement that the peer of this direction has sent; valid where `acknowledged` is set. */
  acknowledgement = 0;
  acknowledged = false;
  held: HeldSegment[] = [];
  heldBytes = 0;
  /** Packet time and held segments when the hole was first seen acknowledged. */
  holeAcknowledgedAt = -1;
  gaps = 0;
  gapBytes = 0;
  cutBytes = 0;
  /** Packets of any kind that this side sent. */
  packets = 0;
  /** Segments in a row that lay further behind than any window. */
  farBehind = 0;
  finSequence = -1;
  closed: 'no' | 'fin' | 'rst' | 'cut' = 'no';
  /** Identities of the last segments, to tell a packet captured twice from one sent twice. */
  readonly recent: number[] = [];
  recentAt = 0;

  remember(segment: Segment): void {
    const at = this.recentAt;
    this.recent[at] = segment.sequence | 0;
    this.recent[at + 1] = (segment.ipIdentification << 16) | segment.checksum;
    this.recent[at + 2] = path(segment);
    this.recentAt = at + 3 === RECENT * 3 ? 0 : at + 3;
  }

  /** Whether the very same packet was captured a moment ago: here, on another interface, or inside a tunnel. */
  isDuplicate(segment: Segment): boolean {
    const identity = (segment.ipIdentification << 16) | segment.checksum;
    const here = path(segment);
    for (let i = 0; i < this.recent.length; i += 3) {
      if (this.recent[i] !== (segment.sequence | 0) || this.recent[i + 1] !== identity) continue;
      // IPv6 and some IPv4 stacks carry no identification: there only another path proves a copy.
      if (segment.ipIdentification !== 0 || this.recent[i + 2] !== here) return true;
    }
    return false;
  }
}

/** Where a copy was captured, never 0: an empty entry matches nothing. */
function path(segment: Segment): number {
  return ((segment.encapsulation << 12) ^ segment.interfaceId ^ 0x4000_0000) | 0;
}

const NO_LIMITS: ReadonlySet<TcpLimitName> = new Set();

/** One TCP connection. Side 0 sent the SYN; without a SYN, side 0 sent what was seen first. */
export class Connection {
  readonly ipVersion: 4 | 6;
  /** Address words of side 0, then of side 1. */
  readonly address: Int32Array = new Int32Array(8);
  readonly port: readonly [number, number];
  readonly encapsulation: number;
  /** The same packets seen on other paths. */
  readonly aliases: number[] = [];
  readonly interfaceId: number;
  readonly directions: readonly [Direction, Direction] = [new Direction(), new Direction()];
  readonly hash: number;
  /** Index in the table. */
  readonly slot: number;
  readonly firstFrame: number;
  readonly firstSeconds: number;
  readonly firstNanoseconds: number;
  lastFrame: number;
  lastSeconds: number;
  lastNanoseconds: number;
  /** A SYN of side 0 was captured, or a SYN-ACK of side 1. */
  syn: 'seen' | 'not-seen' = 'not-seen';
  synAck: 'seen' | 'not-seen' = 'not-seen';
  /** Last segment's flags of a connection that never carried data say how an attempt ended. */
  reset: 'no' | 'by-0' | 'by-1' = 'no';
  duplicates = 0;
  /** Packet time when both sides had closed; -1 while open. */
  closedAt = -1;
  consumer: ConnectionConsumer | undefined;
  #limits: Set<TcpLimitName> | undefined;

  constructor(segment: Segment, reversed: boolean, hash: number, slot: number) {
    this.ipVersion = segment.ipVersion;
    const a = reversed ? 4 : 0;
    const b = reversed ? 0 : 4;
    this.address[a] = segment.source0;
    this.address[a + 1] = segment.source1;
    this.address[a + 2] = segment.source2;
    this.address[a + 3] = segment.source3;
    this.address[b] = segment.destination0;
    this.address[b + 1] = segment.destination1;
    this.address[b + 2] = segment.destination2;
    this.address[b + 3] = segment.destination3;
    this.port = reversed
      ? [segment.destinationPort, segment.sourcePort]
      : [segment.sourcePort, segment.destinationPort];
    this.encapsulation = segment.encapsulation;
    this.interfaceId = segment.interfaceId;
    this.hash = hash;
    this.slot = slot;
    this.firstFrame = segment.frame;
    this.lastFrame = segment.frame;
    this.firstSeconds = segment.seconds;
    this.firstNanoseconds = segment.nanoseconds;
    this.lastSeconds = segment.seconds;
    this.lastNanoseconds = segment.nanoseconds;
  }

  /** Side that sent the segment, or -1 where it belongs to other endpoints. Encapsulation is not looked at. */
  sideOf(segment: Segment): Side | -1 {
    const [port0, port1] = this.port;
    const a = this.address;
    if (
      segment.sourcePort === port0 &&
      segment.destinationPort === port1 &&
      a[0] === (segment.source0 | 0) &&
      a[4] === (segment.destination0 | 0) &&
      (segment.ipVersion === 4 ? this.ipVersion === 4 : this.#isLong(segment, 0))
    ) {
      return 0;
    }
    if (
      segment.sourcePort === port1 &&
      segment.destinationPort === port0 &&
      a[4] === (segment.source0 | 0) &&
      a[0] === (segment.destination0 | 0) &&
      (segment.ipVersion === 4 ? this.ipVersion === 4 : this.#isLong(segment, 4))
    ) {
      return 1;
    }
    return -1;
  }

  #isLong(segment: Segment, source: 0 | 4): boolean {
    const a = this.address;
    const destination = 4 - source;
    return (
      this.ipVersion === 6 &&
      a[source + 1] === (segment.source1 | 0) &&
      a[source + 2] === (segment.source2 | 0) &&
      a[source + 3] === (segment.source3 | 0) &&
      a[destination + 1] === (segment.destination1 | 0) &&
      a[destination + 2] === (segment.destination2 | 0) &&
      a[destination + 3] === (segment.destination3 | 0)
    );
  }

  /** Named limits that were hit here. Few connections hit any. */
  get limits(): ReadonlySet<TcpLimitName> {
    return this.#limits ?? NO_LIMITS;
  }

  hit(limit: TcpLimitName): void {
    this.#limits ??= new Set();
    this.#limits.add(limit);
  }

  travelsOn(encapsulation: number): boolean {
    return this.encapsulation === encapsulation || (this.aliases.length > 0 && this.aliases.includes(encapsulation));
  }

  /** Address of one side as text: dotted IPv4, or RFC 5952 IPv6. */
  host(side: Side): string {
    const at = side * 4;
    if (this.ipVersion === 4) return formatIpv4(this.address[at]!);
    return formatIpv6(this.address.subarray(at, at + 4));
  }
}

export function formatIpv4(word: number): string {
  return `${(word >>> 24) & 255}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups shortened, the first of equals. */
export function formatIpv6(words: Int32Array): string {
  const groups: number[] = [];
  for (const word of words) groups.push((word >>> 16) & 0xffff, word & 0xffff);
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return best < 0 ? text(0, 8) : `${text(0, best)}::${text(best + bestLength, 8)}`;
}
