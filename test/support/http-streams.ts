import { readFileSync } from 'node:fs';
import type { Side } from '../../src/bytes/stream.ts';
import type { ClearFollower, ClearProtocol, StreamStart } from '../../src/model/probe.ts';

export interface StreamSegment {
  readonly side: Side;
  readonly frame: number;
  readonly bytes: Uint8Array;
}

/** Both directions of a recorded connection below `test/vectors/http`. */
export function recordedStream(name: string): readonly StreamSegment[] {
  const url = new URL(`../../../test/vectors/http/${name}.json`, import.meta.url);
  const vector = JSON.parse(readFileSync(url, 'utf8')) as { segments: [Side, number, string][] };
  return vector.segments.map(([side, frame, text]) => ({
    side,
    frame,
    bytes: new Uint8Array(Buffer.from(text, 'base64')),
  }));
}

/** A conversation written down: `['c', text]` and `['s', text]`, one frame each, counted from 1. */
export function spoken(...lines: readonly (readonly ['c' | 's', string])[]): readonly StreamSegment[] {
  return lines.map(([who, text], index) => ({
    side: who === 'c' ? 0 : 1,
    frame: index + 1,
    bytes: new Uint8Array(Buffer.from(text, 'latin1')),
  }));
}

/** Feeds a conversation, each segment cut into pieces of `size` bytes; the buffer is overwritten after each piece. */
export function follow(
  protocol: ClearProtocol,
  segments: readonly StreamSegment[],
  size: number = Number.POSITIVE_INFINITY,
  start: StreamStart = 'syn',
): ClearFollower {
  const follower = protocol.follow(start);
  const offsets: [number, number] = [0, 0];
  for (const { side, frame, bytes } of segments) {
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.slice(at, at + size);
      const buffer = new Uint8Array(piece.length + 8).fill(0x41);
      buffer.set(piece, 4);
      follower.feed(side, buffer, 4, 4 + piece.length, offsets[side], frame);
      buffer.fill(0x42);
      offsets[side] += piece.length;
    }
  }
  follower.close(0, 'fin');
  follower.close(1, 'fin');
  return follower;
}

/** All bytes of one side. */
export function bytesOf(segments: readonly StreamSegment[], side: Side): Buffer {
  return Buffer.concat(segments.filter((one) => one.side === side).map((one) => one.bytes));
}
