/** Smallest buffer: a server's flight with one certificate fits. */
const CAPACITY = 4096;

/** Bytes received and not yet read. Takes one-byte segments without copying all that came before them. */
export class Inbox {
  #buffer = new Uint8Array(CAPACITY);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(more: number): void {
    const needed = this.length + more;
    const target = needed * 2 > this.#buffer.length ? new Uint8Array(needed * 2) : this.#buffer;
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#end = this.length;
    this.#start = 0;
    this.#buffer = target;
  }

  /** The byte at `offset` from the next one; `undefined` where it has not come. */
  at(offset: number): number | undefined {
    return offset < this.length ? this.#buffer[this.#start + offset] : undefined;
  }

  /** A copy of the next bytes, at most `length`, that stay in. */
  peek(length: number): Uint8Array {
    return this.#buffer.slice(this.#start, Math.min(this.#end, this.#start + length));
  }

  /** A copy of the next bytes, at most `length`. */
  take(length: number): Uint8Array {
    const taken = this.peek(length);
    this.#start += taken.length;
    return taken;
  }
}
