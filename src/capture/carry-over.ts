/** Reads whole elements (headers, records, blocks) from the front of a window of bytes. */
export interface ElementReader {
  /** Bytes needed from the position that `consume` returned last, before it can go on. At least 1. */
  readonly needed: number;
  /**
   * Stops only where `needed` is more than what is left.
   *
   * @returns the position of the first byte that was not used up, `end` where all were
   */
  consume(bytes: Uint8Array, start: number, end: number): number;
}

/** Enough for almost every record, so that the buffer hardly ever grows. */
const INITIAL_CAPACITY = 65_536;

/**
 * Feeds an {@link ElementReader} with chunks of any size: whole elements are read in place, an element that crosses
 * chunks is put together in one buffer that is reused. The buffer grows to at most twice the largest `needed`.
 */
export class CarryOver {
  #buffer = new Uint8Array(0);
  #length = 0;

  /** Bytes held back: the beginning of an element that is not complete yet. */
  get length(): number {
    return this.#length;
  }

  /** The bytes held back; a view, valid until the next push. */
  get held(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  push(reader: ElementReader, bytes: Uint8Array, start: number, end: number): void {
    const at = this.#length === 0 ? start : this.#complete(reader, bytes, start, end);
    if (this.#length > 0) return;
    const rest = reader.consume(bytes, at, end);
    this.#hold(bytes, rest, end, reader.needed);
  }

  /** Works off what is held back; returns where the chunk can be read in place. */
  #complete(reader: ElementReader, bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.#length > 0) {
      const taken = Math.min(Math.max(reader.needed - this.#length, 0), end - at);
      this.#hold(bytes, at, at + taken, reader.needed);
      at += taken;
      if (this.#length < reader.needed) return end;
      const used = reader.consume(this.#buffer, 0, this.#length);
      this.#buffer.copyWithin(0, used, this.#length);
      this.#length -= used;
      if (this.#length <= at - start) {
        // All that is still held stands in this chunk too: go on in place.
        at -= this.#length;
        this.#length = 0;
      }
    }
    return at;
  }

  #hold(bytes: Uint8Array, from: number, to: number, needed: number): void {
    if (from >= to) return;
    const length = this.#length + to - from;
    if (length > this.#buffer.length) this.#grow(Math.max(length, needed));
    this.#buffer.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
  }

  #grow(capacity: number): void {
    const larger = new Uint8Array(Math.max(capacity, this.#buffer.length * 2, INITIAL_CAPACITY));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
