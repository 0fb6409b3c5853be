/** Windows above zstd's own default limit (`--long` beyond 27) are refused: they are memory of the reader. */
export const MAX_ZSTD_WINDOW_BYTES: number = 128 * 1024 * 1024;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

type Part = 'magic' | 'skippable-length' | 'descriptor' | 'header' | 'block-header';

/**
 * Walks the frames of a zstd stream (RFC 8878 section 3.1) without decompressing: finds where a frame starts that
 * asks for too large a window, and whether the stream ends between frames.
 */
export class ZstdFrames {
  #part: Part = 'magic';
  readonly #field = new Uint8Array(16);
  #have = 0;
  #want = 4;
  #skip = 0;
  #descriptor = 0;
  #lastBlock = false;
  #offset = 0;

  /** Compressed bytes seen. */
  get offset(): number {
    return this.#offset;
  }

  /** Where the field starts that was read last: after a fault, the end of what is sound. */
  get faultOffset(): number {
    return this.#offset - this.#want;
  }

  get isBetweenFrames(): boolean {
    return this.#part === 'magic' && this.#have === 0 && this.#skip === 0;
  }

  /** What is wrong with the stream, if anything is. */
  push(bytes: Uint8Array, start: number, end: number): string | undefined {
    for (let at = start; at < end; ) {
      const step = this.advance(bytes, at, end);
      if (step.fault !== undefined) return step.fault;
      at = step.at;
    }
    return undefined;
  }

  /** Goes on to the end of the current frame, of the bytes, or to a fault; `at` is where it stopped. */
  advance(bytes: Uint8Array, start: number, end: number): { readonly at: number; readonly fault?: string } {
    let at = start;
    while (at < end) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        this.#offset += skipped;
        at += skipped;
      } else {
        this.#field[this.#have++] = bytes[at++]!;
        this.#offset++;
        if (this.#have < this.#want) continue;
        const fault = this.#readField();
        if (fault !== undefined) return { at, fault };
      }
      if (this.isBetweenFrames) return { at };
    }
    return { at };
  }

  #expect(part: Part, want: number): undefined {
    this.#part = part;
    this.#have = 0;
    this.#want = want;
  }

  /** A field is complete: what it says decides what comes next. */
  #readField(): string | undefined {
    const value = this.#number(0, Math.min(this.#want, 4));
    switch (this.#part) {
      case 'magic':
        if (value === FRAME_MAGIC) return this.#expect('descriptor', 1);
        if ((value & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) return this.#expect('skippable-length', 4);
        return `no zstd frame at compressed byte ${this.#offset - 4}`;
      case 'skippable-length':
        this.#skip = value;
        return this.#expect('magic', 4);
      case 'descriptor':
        this.#descriptor = value;
        return this.#expect('header', this.#headerLength());
      case 'header': {
        const window = this.#windowBytes();
        if (window > MAX_ZSTD_WINDOW_BYTES) {
          return `a zstd frame asks for a window of ${window} bytes, more than the limit of ${MAX_ZSTD_WINDOW_BYTES}`;
        }
        return this.#expect('block-header', 3);
      }
      case 'block-header':
        return this.#readBlockHeader(value);
    }
  }

  /** Little-endian; exact up to 2^53, which is beyond every limit. */
  #number(at: number, length: number): number {
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + this.#field[at + i]!;
    return value;
  }

  get #isSingleSegment(): boolean {
    return (this.#descriptor & 0x20) !== 0;
  }

  #dictionaryIdLength(): number {
    return [0, 1, 2, 4][this.#descriptor & 3]!;
  }

  #contentSizeLength(): number {
    return [this.#isSingleSegment ? 1 : 0, 2, 4, 8][this.#descriptor >>> 6]!;
  }

  #headerLength(): number {
    return (this.#isSingleSegment ? 0 : 1) + this.#dictionaryIdLength() + this.#contentSizeLength();
  }

  /** Sections 3.1.1.1.2 and 3.1.1.1.4. */
  #windowBytes(): number {
    if (this.#isSingleSegment) {
      const length = this.#contentSizeLength();
      return this.#number(this.#dictionaryIdLength(), length) + (length === 2 ? 256 : 0);
    }
    const base = 2 ** (10 + (this.#field[0]! >>> 3));
    return base + (base / 8) * (this.#field[0]! & 7);
  }

  /** Section 3.1.1.2. */
  #readBlockHeader(value: number): string | undefined {
    const type = (value >>> 1) & 3;
    if (type === 3) return `a zstd block of the reserved type at compressed byte ${this.#offset - 3}`;
    this.#lastBlock = (value & 1) !== 0;
    this.#skip = type === 1 ? 1 : value >>> 3;
    if (!this.#lastBlock) return this.#expect('block-header', 3);
    if ((this.#descriptor & 4) !== 0) this.#skip += 4;
    return this.#expect('magic', 4);
  }
}
