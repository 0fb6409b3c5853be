import type { Cursor, UndecodedReason } from './cursor.ts';
import type { IpHeader } from './ip.ts';

/** What the reassembly of IP fragments may hold; protects the memory of the process. */
export const FragmentLimits: {
  readonly datagrams: number;
  readonly bytes: number;
  readonly pieces: number;
  readonly seconds: number;
} = {
  /** Datagrams waiting for fragments; beyond it the oldest is dropped. */
  datagrams: 1024,
  /** Bytes of all waiting datagrams, as Linux's `ipfrag_high_thresh`. */
  bytes: 4 * 1024 * 1024,
  /** Separate pieces of one datagram; more is an attack on the time of the reassembler. */
  pieces: 256,
  /** Seconds of packet time that a datagram may wait, as Linux's `ipfrag_time`. */
  seconds: 30,
};

export type FragmentLimitName = 'fragmented-datagrams' | 'fragment-bytes' | 'fragment-pieces';

/** The longest datagram (RFC 791 section 3.1); fragments that reach beyond it are an attack. */
const MAX_DATAGRAM = 65_535;
const FIRST_BUFFER = 4096;

interface Waiting {
  buffer: Uint8Array;
  /** Received pieces `starts[i]` to `ends[i]`, in order, apart from each other. */
  readonly starts: number[];
  readonly ends: number[];
  /** Known with the last fragment. */
  total: number | undefined;
  /** Where the first byte is missing because a fragment was captured cut. */
  capturedEnd: number;
  /** Protocol of the first fragment: the only one that counts (RFC 8200 section 4.5). */
  protocol: number;
  readonly since: number;
  packets: number;
}

export interface FragmentListener {
  /** `packets` fragments will never become a datagram. */
  dropped(reason: UndecodedReason, packets: number): void;
  limitReached(name: FragmentLimitName): void;
}

/**
 * Reassembles fragmented IP datagrams. Fragments that repeat the same bytes are accepted, fragments that contradict
 * each other drop the whole datagram: receivers would not agree on its content (RFC 5722 forbids it).
 */
export class FragmentTable {
  readonly #listener: FragmentListener;
  /** In order of the first fragment's arrival. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor(listener: FragmentListener) {
    this.#listener = listener;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Takes the fragment at the cursor. `complete`: the cursor now stands at the start of the whole datagram.
   *
   * @param seconds packet time, -1 where there is none
   */
  add(cursor: Cursor, ip: IpHeader, seconds: number): 'complete' | 'held' | UndecodedReason {
    this.#expire(seconds);
    const start = ip.fragmentOffset;
    const length = cursor.wireEnd - cursor.position;
    const end = start + length;
    if (length === 0 || end > MAX_DATAGRAM) return 'malformed-ip-header';
    if (ip.fragments === 'more' && length % 8 !== 0) return 'malformed-ip-header';
    const key = keyOf(cursor, ip);
    const waiting = this.#waiting.get(key) ?? this.#open(key, cursor.protocol, seconds);
    waiting.packets += 1;
    if (start === 0) waiting.protocol = cursor.protocol;
    const fault = this.#insert(waiting, cursor, start, end, ip.fragments);
    if (fault !== undefined) {
      this.#remove(key, waiting);
      this.#listener.dropped(fault, waiting.packets - 1);
      return fault;
    }
    if (waiting.total === undefined || waiting.ends[0] !== waiting.total || waiting.starts[0] !== 0) {
      this.#evict(waiting);
      return 'held';
    }
    this.#remove(key, waiting);
    cursor.bytes = waiting.buffer;
    cursor.position = 0;
    cursor.end = Math.min(waiting.total, waiting.capturedEnd);
    cursor.wireEnd = waiting.total;
    cursor.protocol = waiting.protocol;
    return 'complete';
  }

  /** No more packets come. */
  finish(): void {
    for (const [key, waiting] of this.#waiting) this.#drop(key, waiting);
  }

  #open(key: string, protocol: number, seconds: number): Waiting {
    const buffer = new Uint8Array(FIRST_BUFFER);
    const waiting: Waiting = {
      buffer,
      starts: [],
      ends: [],
      total: undefined,
      capturedEnd: MAX_DATAGRAM,
      protocol,
      since: seconds,
      packets: 0,
    };
    this.#waiting.set(key, waiting);
    this.#bytes += buffer.length;
    return waiting;
  }

  #insert(
    waiting: Waiting,
    cursor: Cursor,
    start: number,
    end: number,
    fragments: IpHeader['fragments'],
  ): UndecodedReason | undefined {
    const furthest = waiting.ends[waiting.ends.length - 1] ?? 0;
    if (fragments === 'last') {
      if ((waiting.total !== undefined && waiting.total !== end) || furthest > end) return 'contradictory-fragments';
      waiting.total = end;
    }
    if (waiting.total !== undefined && end > waiting.total) return 'contradictory-fragments';
    const captured = Math.min(start + (cursor.end - cursor.position), end);
    if (!agrees(waiting, cursor, start, captured)) return 'contradictory-fragments';
    if (captured < end) waiting.capturedEnd = Math.min(waiting.capturedEnd, captured);
    this.#ensure(waiting, end);
    waiting.buffer.set(cursor.bytes.subarray(cursor.position, cursor.position + captured - start), start);
    addPiece(waiting, start, end);
    if (waiting.starts.length <= FragmentLimits.pieces) return undefined;
    this.#listener.limitReached('fragment-pieces');
    return 'incomplete-fragments';
  }

  #ensure(waiting: Waiting, length: number): void {
    if (length <= waiting.buffer.length) return;
    const larger = new Uint8Array(Math.min(Math.max(length, waiting.buffer.length * 2), MAX_DATAGRAM));
    larger.set(waiting.buffer);
    this.#bytes += larger.length - waiting.buffer.length;
    waiting.buffer = larger;
  }

  #expire(seconds: number): void {
    if (seconds < 0) return;
    for (const [key, waiting] of this.#waiting) {
      if (seconds - waiting.since <= FragmentLimits.seconds || waiting.since < 0) return;
      this.#drop(key, waiting);
    }
  }

  #evict(keep: Waiting): void {
    if (this.#waiting.size > FragmentLimits.datagrams) this.#evictWhile('fragmented-datagrams', keep);
    if (this.#bytes > FragmentLimits.bytes) this.#evictWhile('fragment-bytes', keep);
  }

  #evictWhile(name: FragmentLimitName, keep: Waiting): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#waiting.size <= FragmentLimits.datagrams && this.#bytes <= FragmentLimits.bytes) return;
      if (waiting === keep) continue;
      this.#drop(key, waiting);
      this.#listener.limitReached(name);
    }
  }

  #drop(key: string, waiting: Waiting): void {
    this.#remove(key, waiting);
    this.#listener.dropped('incomplete-fragments', waiting.packets);
  }

  #remove(key: string, waiting: Waiting): void {
    this.#waiting.delete(key);
    this.#bytes -= waiting.buffer.length;
  }
}

/** IPv4 identifies by protocol too (RFC 791 section 3.2), IPv6 does not (RFC 8200 section 4.5). */
function keyOf(cursor: Cursor, ip: IpHeader): string {
  const path = `${cursor.encapsulation}/${cursor.interfaceId}/${ip.identification}`;
  if (ip.version === 4) return `${path}/${ip.source0}/${ip.destination0}/${cursor.protocol}`;
  const source = `${ip.source0}/${ip.source1}/${ip.source2}/${ip.source3}`;
  return `${path}/${source}/${ip.destination0}/${ip.destination1}/${ip.destination2}/${ip.destination3}`;
}

/** False where a byte was received before with another value. */
function agrees(waiting: Waiting, cursor: Cursor, start: number, captured: number): boolean {
  const shift = cursor.position - start;
  for (let i = 0; i < waiting.starts.length; i += 1) {
    const to = Math.min(waiting.ends[i]!, captured, waiting.capturedEnd);
    for (let at = Math.max(waiting.starts[i]!, start); at < to; at += 1) {
      if (waiting.buffer[at] !== cursor.bytes[at + shift]) return false;
    }
  }
  return true;
}

/** Joins the piece with those that it touches. */
function addPiece(waiting: Waiting, start: number, end: number): void {
  const { starts, ends } = waiting;
  let first = 0;
  while (first < ends.length && ends[first]! < start) first += 1;
  let after = first;
  let from = start;
  let to = end;
  while (after < starts.length && starts[after]! <= end) {
    from = Math.min(from, starts[after]!);
    to = Math.max(to, ends[after]!);
    after += 1;
  }
  starts.splice(first, after - first, from);
  ends.splice(first, after - first, to);
}
