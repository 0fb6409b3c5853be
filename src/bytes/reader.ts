/** What can be wrong with bytes: the closed list that every decoder of this project reports. */
export type Fault =
  | 'truncated'
  | 'trailing-bytes'
  | 'length-out-of-range'
  | 'illegal-value'
  | 'duplicate'
  | 'unsupported';

/** A structure that could not be read: where (field path, byte offset in the message) and why. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly path: string;
  readonly offset: number;
  readonly fault: Fault;

  constructor(path: string, offset: number, fault: Fault, detail?: string) {
    super(`${path}: ${fault} at byte ${offset}${detail === undefined ? '' : ` (${detail})`}`);
    this.path = path;
    this.offset = offset;
    this.fault = fault;
  }
}

/**
 * Reads big-endian values from a byte array, front to back.
 *
 * The only way in which bytes of a message become values. Never reads outside its window; every failure is a
 * {@link DecodeError} that carries the field path and the offset from the start of the outermost window.
 * Byte ranges that it returns are views: copy what outlives the buffer.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #base: number;
  readonly path: string;
  #position: number;

  constructor(bytes: Uint8Array, path = 'message', start = 0, end: number = bytes.length, base: number = start) {
    this.#bytes = bytes;
    this.path = path;
    this.#position = start;
    this.#end = end;
    this.#base = base;
  }

  /** Offset of the next byte from the start of the outermost window. */
  get offset(): number {
    return this.#position - this.#base;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  fail(fault: Fault, field: string, detail?: string): DecodeError {
    return new DecodeError(`${this.path}.${field}`, this.offset, fault, detail);
  }

  #take(length: number, field: string): number {
    if (length > this.#end - this.#position) {
      throw this.fail('truncated', field, `${length} bytes needed, ${this.remaining} left`);
    }
    const at = this.#position;
    this.#position += length;
    return at;
  }

  uint8(field: string): number {
    return this.#bytes[this.#take(1, field)]!;
  }

  uint16(field: string): number {
    const at = this.#take(2, field);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  uint24(field: string): number {
    const at = this.#take(3, field);
    return (this.#bytes[at]! << 16) | (this.#bytes[at + 1]! << 8) | this.#bytes[at + 2]!;
  }

  uint32(field: string): number {
    const at = this.#take(4, field);
    const b = this.#bytes;
    return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
  }

  uint64(field: string): bigint {
    return (BigInt(this.uint32(field)) << 32n) | BigInt(this.uint32(field));
  }

  /** Little-endian 32 bits, as Flink's BLOB protocol counts. */
  uint32le(field: string): number {
    const at = this.#take(4, field);
    const b = this.#bytes;
    return (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0;
  }

  /** A view of `length` bytes. */
  bytes(length: number, field: string): Uint8Array {
    const at = this.#take(length, field);
    return this.#bytes.subarray(at, at + length);
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    const at = this.#take(this.remaining, 'rest');
    return this.#bytes.subarray(at, this.#end);
  }

  skip(length: number, field: string): void {
    this.#take(length, field);
  }

  /** A reader over the next `length` bytes, whose offsets still count from the outermost start. */
  window(length: number, field: string): Reader {
    const at = this.#take(length, field);
    return new Reader(this.#bytes, `${this.path}.${field}`, at, at + length, this.#base);
  }

  /** TLS presentation language `opaque field<0..2^8-1>` and its wider forms (RFC 8446 section 3.4). */
  vector8(field: string): Reader {
    return this.window(this.uint8(field), field);
  }

  vector16(field: string): Reader {
    return this.window(this.uint16(field), field);
  }

  vector24(field: string): Reader {
    return this.window(this.uint24(field), field);
  }

  /** Every structure ends with this: bytes left over are a fault. */
  end(): void {
    if (this.remaining !== 0) {
      throw new DecodeError(this.path, this.offset, 'trailing-bytes', `${this.remaining} bytes`);
    }
  }
}
