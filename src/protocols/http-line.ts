/** Bytes of a line that are looked at for a start line behind a gap: the tail before its line feed. */
const RESYNC_WINDOW = 8 * 1024;
/** Bytes of a start line that tell whether this is HTTP at all: 20 of a method, or `HTTP/1.x`. */
const PLAUSIBLE_PREFIX = 24;

export interface HttpRequestLine {
  readonly kind: 'request';
  readonly method: string;
  readonly target: string;
}

export interface HttpStatusLine {
  readonly kind: 'response';
  readonly status: number;
}

const REQUEST_LINE = /^([A-Z][A-Z_-]{0,19}) (\S+) HTTP\/1\.[01]$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: .*)?$/;
const REQUEST_TAIL = /(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) \S+ HTTP\/1\.[01]$/;

/** Start line of a message, or undefined (RFC 9112 sections 3 and 4). */
export function parseStartLine(line: string): HttpRequestLine | HttpStatusLine | undefined {
  const request = REQUEST_LINE.exec(line);
  if (request !== null) {
    return { kind: 'request', method: request[1]!, target: request[2]! };
  }
  const status = STATUS_LINE.exec(line);
  return status === null ? undefined : { kind: 'response', status: Number(status[1]) };
}

/** Start line at the end of a line: behind a gap, the rest of a body without line feed may stand before it. */
export function findStartLine(
  line: string,
): { readonly line: string; readonly start: HttpRequestLine | HttpStatusLine } | undefined {
  // No pattern that tries every place: hostile bytes would make it slow.
  const found = REQUEST_TAIL.exec(line)?.[0] ?? line.slice(Math.max(0, line.lastIndexOf('HTTP/1.')));
  const start = parseStartLine(found);
  return start === undefined ? undefined : { line: found, start };
}

/** One line without its end. */
export interface Line {
  readonly text: string;
  /** Bytes with their line feed. */
  readonly size: number;
  readonly streamOffset: number;
  /** Offset of the line's end, CR and LF excluded. */
  readonly endOffset: number;
}

/** Gathers the bytes of one line from chunks of any size, up to one byte more than its limit. */
export class LineBuffer {
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array(256);
  #length = 0;
  #offset = 0;
  #keep: 'whole' | 'tail' = 'whole';

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** `tail`: only the last bytes of a line count, and a long one is no fault. */
  append(bytes: Uint8Array, start: number, end: number, streamOffset: number, keep: 'whole' | 'tail'): void {
    if (this.#length === 0) {
      this.#offset = streamOffset;
    }
    this.#keep = keep;
    let from = start;
    if (keep === 'tail' && this.#length + (end - start) > 2 * RESYNC_WINDOW) {
      // Whatever the chunks, the last RESYNC_WINDOW bytes of the line are there.
      from = Math.max(start, end - RESYNC_WINDOW);
      const kept = Math.min(this.#length, RESYNC_WINDOW - (end - from));
      this.#bytes.copyWithin(0, this.#length - kept, this.#length);
      this.#length = kept;
    }
    const length = Math.min(end - from, this.#limit + 1 - this.#length);
    if (this.#bytes.length < this.#length + length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(from, from + length), this.#length);
    this.#length += length;
  }

  /** The line that a line feed at `lineFeedOffset` ends; the buffer is empty then. */
  take(lineFeedOffset: number): Line {
    const size = this.#length + 1;
    const from = this.#keep === 'tail' ? Math.max(0, this.#length - RESYNC_WINDOW) : 0;
    const carriageReturn = this.#length > from && this.#bytes[this.#length - 1] === 0x0d ? 1 : 0;
    const text = Buffer.from(this.#bytes.buffer, from, this.#length - carriageReturn - from).toString('latin1');
    this.#length = 0;
    return { text, size, streamOffset: this.#offset, endOffset: lineFeedOffset - carriageReturn };
  }

  /** True where what is here may begin a message. Every prefix of a start line may, other bytes do not for long. */
  mayStartMessage(): boolean {
    const length = Math.min(this.#length, PLAUSIBLE_PREFIX);
    // RFC 9112 section 2.2: an empty line may precede a request line.
    if (length === 1 && this.#bytes[0] === 0x0d) {
      return true;
    }
    return this.#startsStatus(length) || this.#startsRequest(length);
  }

  #startsStatus(length: number): boolean {
    const status = 'HTTP/1.';
    for (let i = 0; i < length && i < status.length; i++) {
      if (this.#bytes[i] !== status.charCodeAt(i)) {
        return false;
      }
    }
    return true;
  }

  #startsRequest(length: number): boolean {
    for (let i = 0; i < length; i++) {
      const c = this.#bytes[i]!;
      const letter = (c >= 0x41 && c <= 0x5a) || ((c === 0x2d || c === 0x5f) && i > 0);
      if (!letter) {
        const next = this.#bytes[i + 1]!;
        return c === 0x20 && i > 0 && i <= 20 && (i + 1 >= length || (next > 0x20 && next < 0x7f));
      }
    }
    return length <= 20;
  }
}
