import { copyOf } from '../bytes/copy.ts';
import type { Side } from '../bytes/stream.ts';
import type { ClearReading } from '../model/probe.ts';
import type { StateTransferKind } from '../model/report.ts';

/** Distinct names kept a transfer: enough to tell jobs and classes apart, bounded against hostile traffic. */
const MAX_NAMES = 16;

type Transfer = ClearReading['stateTransfer'][number];

interface Entry {
  readonly kind: StateTransferKind;
  readonly side: Side;
  readonly frame: number;
  readonly streamOffset: number;
  bytes: number;
  count: number;
  readonly names: Set<string>;
}

/** Sums what leaked on one connection: one entry a kind and side, at the place of its first occurrence. */
export class TransferLog {
  readonly #entries: Entry[] = [];

  add(kind: StateTransferKind, side: Side, frame: number, streamOffset: number, bytes: number, name?: string): void {
    let entry = this.#entries.find((e) => e.kind === kind && e.side === side);
    if (entry === undefined) {
      entry = { kind, side, frame, streamOffset, bytes: 0, count: 0, names: new Set() };
      this.#entries.push(entry);
    }
    entry.bytes += bytes;
    entry.count++;
    if (name !== undefined && entry.names.size < MAX_NAMES) {
      entry.names.add(name);
    }
  }

  /** Gives every entry of this kind a name that became known later. */
  name(kind: StateTransferKind, name: string): void {
    for (const entry of this.#entries) {
      if (entry.kind === kind && entry.names.size < MAX_NAMES) {
        entry.names.add(name);
      }
    }
  }

  get(kind: StateTransferKind, side: Side): { bytes: number; count: number } | undefined {
    return this.#entries.find((e) => e.kind === kind && e.side === side);
  }

  list(): readonly Transfer[] {
    return this.#entries.map((e) => {
      const place = { kind: e.kind, side: e.side, frame: e.frame, streamOffset: e.streamOffset };
      const amount = { bytes: e.bytes, count: e.count };
      return e.names.size === 0 ? { ...place, ...amount } : { ...place, ...amount, names: [...e.names].sort() };
    });
  }
}

/** Counts distinct names, at most `limit` of them; the rest is counted under `…`. */
export class NameCounts {
  readonly #counts = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(name: string, by = 1): void {
    const key = this.#counts.has(name) || this.#counts.size < this.#limit ? name : '…';
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  get size(): number {
    return this.#counts.size;
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  names(): readonly string[] {
    return [...this.#counts.keys()].sort();
  }

  /** `name ×count`, sorted by name. */
  list(): readonly string[] {
    return this.names().map((name) => `${name} ×${this.#counts.get(name)}`);
  }
}

/** Which capture frame brought which bytes of a window of one stream. */
export class FrameMap {
  #offsets: number[] = [];
  #frames: number[] = [];

  /** Bytes from `streamOffset` on came in `frame`. Called in stream order. */
  note(streamOffset: number, frame: number): void {
    if (this.#frames[this.#frames.length - 1] !== frame) {
      this.#offsets.push(streamOffset);
      this.#frames.push(frame);
    }
  }

  at(streamOffset: number): number {
    let i = this.#offsets.length - 1;
    while (i > 0 && this.#offsets[i]! > streamOffset) {
      i--;
    }
    return this.#frames[i] ?? 0;
  }

  forgetBefore(streamOffset: number): void {
    let keep = this.#offsets.length - 1;
    while (keep > 0 && this.#offsets[keep]! > streamOffset) {
      keep--;
    }
    if (keep > 0) {
      this.#offsets = this.#offsets.slice(keep);
      this.#frames = this.#frames.slice(keep);
    }
  }

  clear(): void {
    this.#offsets = [];
    this.#frames = [];
  }
}

/** Bytes that a {@link Head} starts with: most connections are told by fewer. */
const FIRST_HEAD_BYTES = 64;
const NO_BYTES = new Uint8Array(0);

/** Collects the first bytes of something, at most `limit`, over chunks of any size. Takes memory as it fills. */
export class Head {
  readonly #limit: number;
  #bytes: Uint8Array = NO_BYTES;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  get full(): boolean {
    return this.#length === this.#limit;
  }

  /** Buffer whose first {@link length} bytes are filled. */
  get buffer(): Uint8Array {
    return this.#bytes;
  }

  /** Takes what fits and returns how many bytes were taken. */
  take(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#limit - this.#length);
    const needed = this.#length + count;
    if (needed > this.#bytes.length) {
      this.#grow(needed);
    }
    if (count > 16) {
      this.#bytes.set(bytes.subarray(start, start + count), this.#length);
    } else {
      for (let i = 0; i < count; i++) {
        this.#bytes[this.#length + i] = bytes[start + i]!;
      }
    }
    this.#length = needed;
    return count;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, FIRST_HEAD_BYTES, 2 * this.#bytes.length)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  reset(): void {
    this.#length = 0;
  }

  copy(limit: number = this.#length): Uint8Array {
    return copyOf(this.#bytes, 0, Math.min(limit, this.#length));
  }
}
