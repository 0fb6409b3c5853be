import type { Side } from '../../src/bytes/stream.ts';
import { TlsConnection } from '../../src/tls/connection.ts';
import type { TlsOptions, TlsReading } from '../../src/tls/reading.ts';

/** What happened on a connection, in the order of a capture. */
export type Event =
  | { readonly kind: 'data'; readonly side: Side; readonly bytes: Uint8Array; readonly frame?: number }
  | { readonly kind: 'gap'; readonly side: Side; readonly length: number }
  | { readonly kind: 'close'; readonly side: Side; readonly how: 'fin' | 'rst' | 'cut' };

export function data(side: Side, bytes: Uint8Array): Event {
  return { kind: 'data', side, bytes };
}

export function close(side: Side, how: 'fin' | 'rst' | 'cut' = 'fin'): Event {
  return { kind: 'close', side, how };
}

/** Plays events into a connection; `cut` says how many bytes a chunk has at most. */
export function play(
  events: readonly Event[],
  options: TlsOptions = { start: 'syn' },
  cut: (length: number) => number = (length) => length,
): TlsConnection {
  const connection = new TlsConnection(options);
  const offsets: [number, number] = [0, 0];
  for (const event of events) {
    if (event.kind === 'close') {
      connection.close(event.side, event.how);
    } else if (event.kind === 'gap') {
      connection.gap(event.side, event.length, offsets[event.side]);
      offsets[event.side] += event.length;
    } else {
      feedCut(connection, event, offsets, cut);
    }
  }
  return connection;
}

function feedCut(
  connection: TlsConnection,
  event: Extract<Event, { kind: 'data' }>,
  offsets: [number, number],
  cut: (length: number) => number,
): void {
  const { side, bytes, frame = 1 } = event;
  let at = 0;
  while (at < bytes.length) {
    const size = Math.max(1, Math.min(bytes.length - at, cut(bytes.length - at)));
    // A buffer of its own, overwritten afterwards: what is kept must have been copied.
    const chunk = new Uint8Array(size + 6).fill(0xee);
    chunk.set(bytes.subarray(at, at + size), 3);
    connection.feed(side, chunk, 3, 3 + size, offsets[side] + at, frame);
    chunk.fill(0xdd);
    at += size;
  }
  offsets[side] += bytes.length;
}

export function readingOf(events: readonly Event[], options?: TlsOptions): TlsReading {
  return play(events, options).reading();
}

/** The same connection with its sides exchanged. */
export function swapped(events: readonly Event[]): readonly Event[] {
  return events.map((event) => ({ ...event, side: event.side === 0 ? 1 : 0 }));
}

/** One side of it only. */
export function onlySide(events: readonly Event[], side: Side): readonly Event[] {
  return events.filter((event) => event.side === side);
}

/** Replaces bytes `from` to `to` of one side's stream by a gap. */
export function withGap(events: readonly Event[], side: Side, from: number, to: number): readonly Event[] {
  const out: Event[] = [];
  let offset = 0;
  for (const event of events) {
    if (event.kind !== 'data' || event.side !== side) {
      out.push(event);
      continue;
    }
    const { bytes } = event;
    const start = Math.min(bytes.length, Math.max(0, from - offset));
    const end = Math.min(bytes.length, Math.max(0, to - offset));
    const parts: Event[] = [
      { ...event, bytes: bytes.subarray(0, start) },
      { kind: 'gap', side, length: end - start },
      { ...event, bytes: bytes.subarray(end) },
    ];
    out.push(...(end > start ? parts : [event]));
    offset += bytes.length;
  }
  return out;
}
