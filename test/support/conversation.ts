import { readFileSync } from 'node:fs';
import { fromHex } from '../../src/bytes/hex.ts';
import type { Side } from '../../src/bytes/stream.ts';
import type { ClearFollower, ClearProtocol, StreamStart } from '../../src/model/probe.ts';

export interface Segment {
  readonly side: Side;
  readonly frame: number;
  readonly bytes: Uint8Array;
}

/** What two sides of a TCP connection sent, in order. */
export interface Conversation<Expected = unknown> {
  readonly start: StreamStart;
  readonly segments: readonly Segment[];
  readonly expected: Expected;
}

/** A file of `test/vectors/flink`. */
export function readConversation<Expected = unknown>(name: string): Conversation<Expected> {
  // Compiled tests run in dist/test/support.
  const url = new URL(`../../../test/vectors/flink/${name}.json`, import.meta.url);
  const file = JSON.parse(readFileSync(url, 'utf8')) as {
    start: StreamStart;
    segments: readonly string[];
    expected: Expected;
  };
  const segments = file.segments.map((line): Segment => {
    const [side, frame, hex] = line.split(' ');
    return { side: side === '0' ? 0 : 1, frame: Number(frame), bytes: fromHex(hex!) };
  });
  return { start: file.start, segments, expected: file.expected };
}

/** One segment a message, frames numbered from 1. */
export function conversation(...messages: readonly (readonly [Side, Uint8Array])[]): Conversation {
  const segments = messages.map(([side, bytes], index) => ({ side, bytes, frame: index + 1 }));
  return { start: 'syn', segments, expected: undefined };
}

export interface FeedOptions {
  /** Bytes a call; whole segments where absent. */
  readonly pieces?: number;
  readonly start?: StreamStart;
  /** Leave these bytes of a side out and report them as lost. */
  readonly lose?: { readonly side: Side; readonly from: number; readonly length: number };
  readonly close?: 'both' | 'none';
}

/** Feeds a conversation as reassembly would: in order, in pieces, with what was lost as a gap, then the end. */
export function feed(protocol: ClearProtocol, talk: Conversation, options: FeedOptions = {}): ClearFollower {
  const follower = protocol.follow(options.start ?? talk.start);
  const offsets: [number, number] = [0, 0];
  for (const { side, frame, bytes } of talk.segments) {
    const size = options.pieces ?? Math.max(1, bytes.length);
    for (let at = 0; at < bytes.length; at += size) {
      const end = Math.min(bytes.length, at + size);
      give(follower, side, bytes, at, end, offsets[side] + at, frame, options.lose);
    }
    offsets[side] += bytes.length;
  }
  if (options.close !== 'none') {
    follower.close(0, 'fin');
    follower.close(1, 'fin');
  }
  return follower;
}

function give(
  follower: ClearFollower,
  side: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  frame: number,
  lose: FeedOptions['lose'],
): void {
  if (lose === undefined || lose.side !== side) {
    follower.feed(side, bytes, start, end, offset, frame);
    return;
  }
  const lostFrom = Math.max(offset, lose.from);
  const lostTo = Math.min(offset + (end - start), lose.from + lose.length);
  if (lostFrom >= lostTo) {
    follower.feed(side, bytes, start, end, offset, frame);
    return;
  }
  if (lostFrom > offset) {
    follower.feed(side, bytes, start, start + (lostFrom - offset), offset, frame);
  }
  follower.gap(side, lostTo - lostFrom, lostFrom);
  if (lostTo < offset + (end - start)) {
    follower.feed(side, bytes, start + (lostTo - offset), end, lostTo, frame);
  }
}

/** Everything that one side sent. */
export function bytesOf(talk: Conversation, side: Side): Uint8Array {
  return Uint8Array.from(Buffer.concat(talk.segments.filter((one) => one.side === side).map((one) => one.bytes)));
}
