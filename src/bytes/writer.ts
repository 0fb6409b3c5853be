/**
 * Builds big-endian messages; the counterpart of `Reader`.
 *
 * Lengths of nested vectors are written after their content. Throws `RangeError` where a value or a vector does not
 * fit its field.
 */
export class Writer {
  #buffer = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #grow(by: number): number {
    const at = this.#length;
    const needed = at + by;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
    }
    this.#length = needed;
    return at;
  }

  #put(value: number, width: 1 | 2 | 3 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
      throw new RangeError(`${value} does not fit ${width} bytes`);
    }
    const at = this.#grow(width);
    for (let i = 0; i < width; i++) {
      this.#buffer[at + i] = Math.floor(value / 2 ** (8 * (width - 1 - i))) & 0xff;
    }
    return this;
  }

  uint8(value: number): this {
    return this.#put(value, 1);
  }

  uint16(value: number): this {
    return this.#put(value, 2);
  }

  uint24(value: number): this {
    return this.#put(value, 3);
  }

  uint32(value: number): this {
    return this.#put(value, 4);
  }

  uint64(value: bigint): this {
    return this.uint32(Number(value >> 32n)).uint32(Number(value & 0xffffffffn));
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  #vector(width: 1 | 2 | 3, fill: (inner: Writer) => void): this {
    const inner = new Writer();
    fill(inner);
    return this.#put(inner.length, width).bytes(inner.finish());
  }

  vector8(fill: (inner: Writer) => void): this {
    return this.#vector(1, fill);
  }

  vector16(fill: (inner: Writer) => void): this {
    return this.#vector(2, fill);
  }

  vector24(fill: (inner: Writer) => void): this {
    return this.#vector(3, fill);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}
