import { copyOf } from '../bytes/copy.ts';
import type { Side } from '../bytes/stream.ts';
import type { Connection, Direction } from './connection.ts';
import { ACKNOWLEDGED_HOLE_SECONDS, ACKNOWLEDGED_HOLE_SEGMENTS, TcpLimits } from './limits.ts';
import type { Segment } from './segment.ts';

/** Bytes held back by all connections of a run: the budget that `TcpLimits.heldBytesPerProcess` bounds. */
export interface HeldBudget {
  bytes: number;
}

/** This many segments in a row, further behind than any window: the addresses are used anew and the SYN was missed. */
const FAR_BEHIND_BYTES = 64 * 1024 * 1024;
const FAR_BEHIND_SEGMENTS = 8;

/** Signed distance of two sequence numbers (RFC 9293 section 3.4): positive where `a` is later. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

/**
 * Takes the payload of one segment into its direction and hands on what is in order.
 *
 * Returns `duplicate` for a packet that was captured twice, `retransmission` for bytes that were sent twice.
 */
export function takePayload(
  connection: Connection,
  side: Side,
  segment: Segment,
  budget: HeldBudget,
): 'taken' | 'duplicate' | 'retransmission' {
  const direction = connection.directions[side];
  if (!direction.synchronised) synchronise(direction, segment.sequence);
  const ahead = distance(segment.sequence, direction.next);
  if (ahead === 0 && direction.held.length === 0) {
    direction.remember(segment);
    direction.farBehind = 0;
    deliver(connection, side, segment.bytes, segment.start, segment.end, segment.length, segment.frame);
    return 'taken';
  }
  if (ahead > 0) {
    if (direction.isDuplicate(segment)) return 'duplicate';
    direction.remember(segment);
    hold(connection, direction, segment, budget);
    checkHole(connection, side, segment.seconds, budget);
    return 'taken';
  }
  if (ahead + segment.length <= 0) {
    if (direction.isDuplicate(segment)) return 'duplicate';
    direction.remember(segment);
    if (ahead < -FAR_BEHIND_BYTES && ++direction.farBehind >= FAR_BEHIND_SEGMENTS) {
      releaseAll(connection, side, budget);
      skipTo(connection, side, segment.sequence);
      deliver(connection, side, segment.bytes, segment.start, segment.end, segment.length, segment.frame);
      return 'taken';
    }
    return 'retransmission';
  }
  direction.remember(segment);
  const start = segment.start - ahead;
  deliver(
    connection,
    side,
    segment.bytes,
    Math.min(start, segment.end),
    segment.end,
    segment.length + ahead,
    segment.frame,
  );
  drain(connection, side, budget);
  return 'taken';
}

export function synchronise(direction: Direction, sequence: number): void {
  direction.synchronised = true;
  direction.next = sequence >>> 0;
  direction.initialSequence = sequence >>> 0;
}

/** Hands on bytes that are next in order; `length` counts what the capture cut off as well. */
function deliver(
  connection: Connection,
  side: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  length: number,
  frame: number,
): void {
  const direction = connection.directions[side];
  const captured = Math.min(end - start, length);
  const offset = direction.offset;
  direction.next = (direction.next + length) >>> 0;
  direction.offset = offset + length;
  if (captured > 0) connection.consumer?.data(side, bytes, start, start + captured, offset, frame);
  if (captured < length) {
    direction.cutBytes += length - captured;
    connection.consumer?.gap(side, length - captured, offset + captured);
  }
}

/** Keeps a copy of a segment that is ahead of its turn, in order of sequence; of equal starts the longer wins. */
function hold(connection: Connection, direction: Direction, segment: Segment, budget: HeldBudget): void {
  const held = direction.held;
  let at = held.length;
  while (at > 0 && distance(held[at - 1]!.sequence, segment.sequence) > 0) at--;
  const before = held[at - 1];
  if (before !== undefined && distance(before.sequence, segment.sequence) === 0 && before.length >= segment.length)
    return;
  const bytes = copyOf(segment.bytes, segment.start, segment.end);
  held.splice(at, 0, { sequence: segment.sequence >>> 0, length: segment.length, bytes, frame: segment.frame });
  direction.heldBytes += bytes.length;
  budget.bytes += bytes.length;
  if (direction.heldBytes > TcpLimits.heldBytesPerDirection) connection.hit('heldBytesPerDirection');
  if (held.length > TcpLimits.heldSegmentsPerDirection) connection.hit('heldSegmentsPerDirection');
  if (budget.bytes > TcpLimits.heldBytesPerProcess) connection.hit('heldBytesPerProcess');
}

/**
 * Decides whether the hole before the first held segment is waited for any longer. It is skipped once a limit is
 * full, or once the peer has acknowledged past it and a moment has passed: then the sender will not repeat it.
 */
export function checkHole(connection: Connection, side: Side, now: number, budget: HeldBudget): void {
  const direction = connection.directions[side];
  const first = direction.held[0];
  if (first === undefined) return;
  const isFull =
    direction.heldBytes > TcpLimits.heldBytesPerDirection ||
    direction.held.length > TcpLimits.heldSegmentsPerDirection ||
    budget.bytes > TcpLimits.heldBytesPerProcess;
  if (!isFull) {
    if (!direction.acknowledged || distance(direction.acknowledgement, first.sequence) < 0) return;
    if (direction.holeAcknowledgedAt < 0) direction.holeAcknowledgedAt = now;
    const waited = now - direction.holeAcknowledgedAt;
    if (waited < ACKNOWLEDGED_HOLE_SECONDS && direction.held.length < ACKNOWLEDGED_HOLE_SEGMENTS) return;
  }
  skipTo(connection, side, first.sequence);
  drain(connection, side, budget);
}

/** Gives up the bytes up to `sequence`. */
function skipTo(connection: Connection, side: Side, sequence: number): void {
  const direction = connection.directions[side];
  const length = distance(sequence, direction.next);
  direction.holeAcknowledgedAt = -1;
  if (length === 0) return;
  const lost = Math.max(length, 0);
  const offset = direction.offset;
  direction.next = sequence >>> 0;
  direction.offset = offset + lost;
  direction.gaps++;
  direction.gapBytes += lost;
  connection.consumer?.gap(side, lost, offset);
}

/** Hands on held segments for as long as they are in order. */
function drain(connection: Connection, side: Side, budget: HeldBudget): void {
  const direction = connection.directions[side];
  const held = direction.held;
  let taken = 0;
  for (; taken < held.length; taken++) {
    const segment = held[taken]!;
    const ahead = distance(segment.sequence, direction.next);
    if (ahead > 0) break;
    direction.heldBytes -= segment.bytes.length;
    budget.bytes -= segment.bytes.length;
    if (ahead + segment.length <= 0) continue;
    const start = Math.min(-ahead, segment.bytes.length);
    deliver(connection, side, segment.bytes, start, segment.bytes.length, segment.length + ahead, segment.frame);
  }
  if (taken === 0) return;
  held.splice(0, taken);
  direction.holeAcknowledgedAt = -1;
}

/** Hands on all that is held, holes skipped: nothing more will come. */
export function releaseAll(connection: Connection, side: Side, budget: HeldBudget): void {
  const direction = connection.directions[side];
  while (direction.held.length > 0) {
    skipTo(connection, side, direction.held[0]!.sequence);
    drain(connection, side, budget);
  }
}

/** Bytes that the peer acknowledged but the capture does not hold: a hole at the end of the stream. */
export function skipAcknowledged(connection: Connection, side: Side): void {
  const direction = connection.directions[side];
  if (!direction.synchronised || !direction.acknowledged) return;
  // The FIN takes one sequence number and is no byte.
  const fin = direction.finSequence >= 0 ? distance(direction.finSequence, direction.next) : -1;
  const missing = fin >= 0 ? fin : distance(direction.acknowledgement, direction.next);
  // One acknowledged number beyond the data may be a FIN that was not captured.
  if (missing > (fin >= 0 ? 0 : 1) && missing < FAR_BEHIND_BYTES) skipTo(connection, side, direction.next + missing);
}
