import type { Side } from '../bytes/stream.ts';
import { Connection } from './connection.ts';
import { CLOSED_LINGER_CONNECTIONS, CLOSED_LINGER_SECONDS, TcpLimits } from './limits.ts';
import {
  checkHole,
  distance,
  type HeldBudget,
  releaseAll,
  skipAcknowledged,
  synchronise,
  takePayload,
} from './reassembly.ts';
import { type Segment, TcpFlag } from './segment.ts';

const BUCKETS = 1 << 16;
/** Packets between two looks at closed connections that may be forgotten. */
const SWEEP_PACKETS = 4096;

export interface TrackerHandlers {
  /** The first payload of a connection is about to be handed on: `connection.consumer` may be set. */
  carriesData(connection: Connection): void;
  /** Nothing more is handed on for this connection. */
  finished(connection: Connection): void;
}

export interface TrackerStatistics {
  segments: number;
  payloadBytes: number;
  duplicates: number;
  retransmissions: number;
  connections: number;
  /** Named limits that closed a connection early or skipped a hole, with how often. */
  readonly limits: Map<string, number>;
}

/**
 * Sorts TCP segments into connections and puts their streams in order.
 *
 * Connections are found by a hash of addresses and ports in typed arrays. VLANs and tunnels keep connections apart,
 * but for copies of the very same packets, which count as duplicates of one connection.
 */
export class ConnectionTracker {
  readonly statistics: TrackerStatistics = {
    segments: 0,
    payloadBytes: 0,
    duplicates: 0,
    retransmissions: 0,
    connections: 0,
    limits: new Map(),
  };
  readonly #handlers: TrackerHandlers;
  readonly #heads = new Int32Array(BUCKETS).fill(-1);
  readonly #following: Int32Array;
  readonly #table: (Connection | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #capacity: number;
  readonly #budget: HeldBudget = { bytes: 0 };
  /** Closed connections, the one closed first at the front. */
  #closing: Connection[] = [];
  /** So many at the front of it are gone already. */
  #forgotten = 0;
  #last: Connection | undefined;
  #untilSweep = SWEEP_PACKETS;
  /** Only one interface and no encapsulation so far: pure acknowledgements need no look for copies. */
  #paths: 'one' | 'several' = 'one';
  #firstPath = -1;

  constructor(handlers: TrackerHandlers, options: { readonly openConnections?: number } = {}) {
    this.#handlers = handlers;
    this.#capacity = options.openConnections ?? TcpLimits.openConnections;
    this.#following = new Int32Array(this.#capacity).fill(-1);
  }

  take(segment: Segment): void {
    this.statistics.segments++;
    if (--this.#untilSweep <= 0) this.#sweep(segment.seconds);
    if (this.#paths === 'one') this.#notePath(segment);
    const last = this.#last;
    let connection = last;
    let side: Side | -1 = -1;
    if (last?.travelsOn(segment.encapsulation)) side = last.sideOf(segment);
    if (side < 0) {
      connection = this.#find(segment);
      if (connection === undefined) {
        connection = this.#open(segment);
        if (connection === undefined) return;
      }
      side = connection.sideOf(segment);
      if (side < 0) return;
      this.#last = connection;
    }
    this.#advance(connection!, side as Side, segment);
  }

  /** Connection of the last segment that belongs to one, unless it is gone. */
  get last(): Connection | undefined {
    return this.#last;
  }

  /** Ends all connections, oldest first. */
  finish(): void {
    const open = this.#table.filter((connection) => connection !== undefined);
    open.sort((a, b) => a.firstFrame - b.firstFrame);
    for (const connection of open) this.#remove(connection);
    this.#closing = [];
    this.#forgotten = 0;
  }

  #notePath(segment: Segment): void {
    const path = (segment.encapsulation << 12) ^ segment.interfaceId;
    if (this.#firstPath < 0) this.#firstPath = path;
    else if (this.#firstPath !== path) this.#paths = 'several';
  }

  #find(segment: Segment): Connection | undefined {
    const hash = hashOf(segment);
    let other: Connection | undefined;
    for (let slot = this.#heads[hash & (BUCKETS - 1)]!; slot >= 0; slot = this.#following[slot]!) {
      const connection = this.#table[slot]!;
      if (connection.hash !== hash) continue;
      const side = connection.sideOf(segment);
      if (side < 0) continue;
      if (connection.travelsOn(segment.encapsulation)) return connection;
      if (connection.directions[side as Side].isDuplicate(segment)) other = connection;
    }
    // The same packet inside and outside a tunnel, or before and after a VLAN tag was taken off.
    if (other !== undefined) other.aliases.push(segment.encapsulation);
    return other;
  }

  /** A connection starts with a SYN or with data; a lone acknowledgement or reset starts none. */
  #open(segment: Segment): Connection | undefined {
    const isSyn = (segment.flags & TcpFlag.SYN) !== 0;
    if (!isSyn && segment.length === 0) return undefined;
    const slot = this.#claimSlot();
    const hash = hashOf(segment);
    const reversed = isSyn && (segment.flags & TcpFlag.ACK) !== 0;
    const connection = new Connection(segment, reversed, hash, slot);
    this.#table[slot] = connection;
    const bucket = hash & (BUCKETS - 1);
    this.#following[slot] = this.#heads[bucket]!;
    this.#heads[bucket] = slot;
    this.statistics.connections++;
    return connection;
  }

  #claimSlot(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#table.length < this.#capacity) return this.#table.push(undefined) - 1;
    this.#evict();
    return this.#free.pop()!;
  }

  /** Makes room: closed connections first, else the sixteenth part of all that was idle for longest. */
  #evict(): void {
    let closed = 0;
    for (const connection of this.#closing) {
      if (this.#table[connection.slot] === connection) {
        this.#remove(connection);
        closed++;
      }
    }
    this.#closing = [];
    this.#forgotten = 0;
    if (closed > 0) return;
    const open = this.#table.filter((connection) => connection !== undefined);
    const room = Math.max(1, open.length >> 4);
    // Attempts that never carried data go first: a flood of SYNs shall not drive out what is followed.
    const idle = open.filter((connection) => connection.consumer === undefined);
    const leaving = idle.length >= room ? idle : open;
    leaving.sort((a, b) => a.lastFrame - b.lastFrame);
    for (const connection of leaving.slice(0, room)) {
      this.#hit('openConnections');
      connection.hit('openConnections');
      this.#remove(connection);
    }
  }

  #hit(limit: string): void {
    this.statistics.limits.set(limit, (this.statistics.limits.get(limit) ?? 0) + 1);
  }

  #advance(connection: Connection, side: Side, segment: Segment): void {
    const { flags } = segment;
    if ((flags & TcpFlag.SYN) !== 0 && this.#takeSyn(connection, side, segment) === 'another-connection') {
      this.#remove(connection);
      const anew = this.#open(segment)!;
      this.#last = anew;
      this.#advance(anew, anew.sideOf(segment) as Side, segment);
      return;
    }
    connection.directions[side].packets++;
    connection.lastFrame = segment.frame;
    connection.lastSeconds = segment.seconds;
    connection.lastNanoseconds = segment.nanoseconds;
    if ((flags & TcpFlag.ACK) !== 0) this.#takeAcknowledgement(connection, side, segment);
    if (segment.length > 0) this.#takePayload(connection, side, segment);
    else if (this.#paths === 'several' || (flags & TcpFlag.SYN) !== 0) this.#takeEmpty(connection, side, segment);
    if ((flags & (TcpFlag.FIN | TcpFlag.RST)) !== 0) this.#takeEnd(connection, side, segment);
    else if (connection.directions[side].finSequence >= 0) this.#closeWhenComplete(connection, side, segment);
  }

  #takePayload(connection: Connection, side: Side, segment: Segment): void {
    if (connection.consumer === undefined) this.#handlers.carriesData(connection);
    const result = takePayload(connection, side, segment, this.#budget);
    if (result === 'taken') {
      this.statistics.payloadBytes += segment.length;
      return;
    }
    if (result === 'duplicate') {
      this.statistics.duplicates++;
      connection.duplicates++;
      return;
    }
    this.statistics.retransmissions++;
  }

  /** Segments without payload are remembered where copies are to be told from repetitions. */
  #takeEmpty(connection: Connection, side: Side, segment: Segment): void {
    const direction = connection.directions[side];
    if (direction.isDuplicate(segment)) {
      this.statistics.duplicates++;
      connection.duplicates++;
      return;
    }
    direction.remember(segment);
  }

  #takeSyn(connection: Connection, side: Side, segment: Segment): 'same-connection' | 'another-connection' {
    const direction = connection.directions[side];
    const first = (segment.sequence + 1) >>> 0;
    const isAnswer = (segment.flags & TcpFlag.ACK) !== 0;
    if (direction.synchronised) {
      if (distance(direction.initialSequence, first) === 0) return 'same-connection';
      // The SYN may be captured after the first data; its number then lies just before what was seen.
      const wasMissed = connection.syn === 'not-seen' && connection.synAck === 'not-seen';
      const ahead = distance(direction.initialSequence, first);
      if (!(wasMissed && ahead > 0 && ahead < 65_536)) return 'another-connection';
      return 'same-connection';
    }
    if (isAnswer !== (side === 1)) {
      // Roles were guessed wrongly from data that came first, or both ends open at once: the SYN decides.
      if (connection.directions[0].synchronised || connection.directions[1].synchronised) return 'another-connection';
    }
    synchronise(direction, first);
    if (isAnswer) connection.synAck = 'seen';
    else connection.syn = 'seen';
    return 'same-connection';
  }

  #takeAcknowledgement(connection: Connection, side: Side, segment: Segment): void {
    const peer = connection.directions[side === 0 ? 1 : 0];
    if (!peer.acknowledged) {
      peer.acknowledged = true;
      peer.acknowledgement = segment.acknowledgement;
    } else if (distance(segment.acknowledgement, peer.acknowledgement) > 0) {
      peer.acknowledgement = segment.acknowledgement;
    }
    if (peer.held.length > 0) checkHole(connection, side === 0 ? 1 : 0, segment.seconds, this.#budget);
  }

  #takeEnd(connection: Connection, side: Side, segment: Segment): void {
    const direction = connection.directions[side];
    if ((segment.flags & TcpFlag.FIN) !== 0) {
      direction.finSequence = (segment.sequence + segment.length) >>> 0;
      if (!direction.synchronised) synchronise(direction, direction.finSequence);
      this.#closeWhenComplete(connection, side, segment);
    }
    if ((segment.flags & TcpFlag.RST) !== 0) {
      if (connection.reset === 'no') connection.reset = side === 0 ? 'by-0' : 'by-1';
      if (direction.closed === 'no') {
        direction.closed = 'rst';
        connection.consumer?.close(side, 'rst');
      }
      this.#startLinger(connection, segment.seconds);
    }
  }

  #closeWhenComplete(connection: Connection, side: Side, segment: Segment): void {
    const direction = connection.directions[side];
    if (direction.closed !== 'no' || distance(direction.finSequence, direction.next) > 0) return;
    direction.closed = 'fin';
    connection.consumer?.close(side, 'fin');
    if (connection.directions[side === 0 ? 1 : 0].closed !== 'no') this.#startLinger(connection, segment.seconds);
  }

  #startLinger(connection: Connection, now: number): void {
    if (connection.closedAt >= 0) return;
    connection.closedAt = Math.max(now, 0);
    this.#closing.push(connection);
    if (this.#closing.length - this.#forgotten <= CLOSED_LINGER_CONNECTIONS) return;
    const oldest = this.#closing[this.#forgotten++]!;
    if (this.#table[oldest.slot] === oldest) this.#remove(oldest);
  }

  /** Forgets connections that closed long enough ago. */
  #sweep(now: number): void {
    this.#untilSweep = SWEEP_PACKETS;
    const closing = this.#closing;
    let gone = this.#forgotten;
    for (; gone < closing.length; gone++) {
      const connection = closing[gone]!;
      if (now >= 0 && now - connection.closedAt < CLOSED_LINGER_SECONDS) break;
      if (this.#table[connection.slot] === connection) this.#remove(connection);
    }
    this.#closing = closing.slice(gone);
    this.#forgotten = 0;
  }

  #remove(connection: Connection): void {
    for (const side of [0, 1] as const) {
      releaseAll(connection, side, this.#budget);
      skipAcknowledged(connection, side);
      const direction = connection.directions[side];
      if (direction.closed !== 'no') continue;
      direction.closed = 'cut';
      connection.consumer?.close(side, 'cut');
    }
    for (const limit of connection.limits) if (limit !== 'openConnections') this.#hit(limit);
    this.#unlink(connection);
    this.#handlers.finished(connection);
  }

  #unlink(connection: Connection): void {
    const bucket = connection.hash & (BUCKETS - 1);
    const { slot } = connection;
    if (this.#heads[bucket] === slot) this.#heads[bucket] = this.#following[slot]!;
    else {
      let before = this.#heads[bucket]!;
      while (this.#following[before] !== slot) before = this.#following[before]!;
      this.#following[before] = this.#following[slot]!;
    }
    this.#table[slot] = undefined;
    this.#free.push(slot);
    if (this.#last === connection) this.#last = undefined;
  }
}

/** The same for both directions. Encapsulation stays out, so that copies on other paths are found. */
function hashOf(segment: Segment): number {
  let mixed = segment.source0 ^ segment.destination0;
  if (segment.ipVersion === 6) {
    mixed ^= segment.source1 ^ segment.destination1 ^ segment.source2 ^ segment.destination2;
    mixed = Math.imul(mixed, 0x85ebca6b) ^ segment.source3 ^ segment.destination3;
  }
  const ports =
    Math.imul(segment.sourcePort + segment.destinationPort, 0x9e3779b1) ^
    (segment.sourcePort ^ segment.destinationPort);
  mixed = Math.imul(mixed ^ ports, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) | 0;
}
