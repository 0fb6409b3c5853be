/** A place on the raw stream. */
export interface Place {
  readonly streamOffset: number;
  readonly frame: number;
}

/** Takes the bytes of one message body as they come. */
export interface BodySink {
  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void;
  gap(lost: number): void;
  /** `cut`: the body ended before its announced length. Called once. */
  end(how: 'complete' | 'cut'): void;
}

/** Runs of bytes with their places that a sample remembers; later ones count from the last. */
const MAX_RUNS = 64;

/**
 * The first bytes of a body, with the place of each, and the body's length.
 *
 * `whole` tells that nothing is missing and nothing was left out.
 */
export class BodySample implements BodySink {
  readonly #limit: number;
  readonly #then: (sample: BodySample) => void;
  readonly #runs: { readonly index: number; readonly place: Place }[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #kept = 0;
  #broken = false;
  /** Bytes of the body, lost ones included. */
  length = 0;
  how: 'open' | 'complete' | 'cut' = 'open';

  constructor(limit: number, then: (sample: BodySample) => void) {
    this.#limit = limit;
    this.#then = then;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#kept);
  }

  get whole(): boolean {
    return this.how === 'complete' && !this.#broken && this.#kept === this.length;
  }

  text(): string {
    return Buffer.from(this.#bytes.buffer, 0, this.#kept).toString('latin1');
  }

  /** Place of the byte at `index` of the sample. */
  placeOf(index: number): Place | undefined {
    const run = this.#runs.findLast((candidate) => candidate.index <= index);
    return run && { streamOffset: run.place.streamOffset + (index - run.index), frame: run.place.frame };
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.length += end - start;
    const length = Math.min(end - start, this.#limit - this.#kept);
    if (length <= 0 || this.#broken) {
      return;
    }
    if (this.#bytes.length < this.#kept + length) {
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(this.#bytes.length * 2, this.#kept + length, 256)));
      larger.set(this.#bytes.subarray(0, this.#kept));
      this.#bytes = larger;
    }
    this.#remember(streamOffset, frame);
    this.#bytes.set(bytes.subarray(start, start + length), this.#kept);
    this.#kept += length;
  }

  #remember(streamOffset: number, frame: number): void {
    const last = this.#runs.at(-1);
    const follows = last !== undefined && last.place.streamOffset + (this.#kept - last.index) === streamOffset;
    if (last !== undefined && ((follows && last.place.frame === frame) || this.#runs.length >= MAX_RUNS)) {
      return;
    }
    this.#runs.push({ index: this.#kept, place: { streamOffset, frame } });
  }

  /** What follows a gap is not kept: the sample is a prefix. */
  gap(lost: number): void {
    this.length += lost;
    this.#broken = true;
  }

  end(how: 'complete' | 'cut'): void {
    this.how = how;
    this.#then(this);
    this.#bytes = new Uint8Array(0);
    this.#kept = 0;
  }
}

/** Longest chunk header of AWS's streaming signatures: size, `;chunk-signature=`, 64 digits; trailers are longer. */
const MAX_AWS_LINE = 1024;
const AWS_CHUNK = /^([0-9a-fA-F]{1,12})(?:;.*)?$/;

type AwsState = 'size' | 'data' | 'data-end' | 'trailer' | 'broken';

/**
 * Takes the chunk headers out of a body that is signed chunk by chunk (AWS Signature Version 4,
 * `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` and `…-TRAILER`): `<hex>;chunk-signature=<64 hex>\r\n<data>\r\n`.
 */
export class AwsChunkedBody implements BodySink {
  readonly #sink: BodySink;
  #state: AwsState = 'size';
  #line = '';
  #remaining = 0;
  #finished = false;

  constructor(sink: BodySink) {
    this.#sink = sink;
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end && this.#state !== 'broken' && this.#state !== 'trailer') {
      if (this.#state === 'data') {
        const length = Math.min(end - at, this.#remaining);
        this.#sink.feed(bytes, at, at + length, streamOffset + (at - start), frame);
        at += length;
        this.#shorten(length);
        continue;
      }
      at = this.#readLine(bytes, at, end);
    }
  }

  #shorten(length: number): void {
    this.#remaining -= length;
    if (this.#remaining === 0) {
      this.#state = 'data-end';
    }
  }

  #readLine(bytes: Uint8Array, at: number, end: number): number {
    const found = bytes.subarray(at, end).indexOf(0x0a);
    const stop = found < 0 ? end : at + found;
    if (this.#line.length + (stop - at) > MAX_AWS_LINE) {
      this.#state = 'broken';
      return end;
    }
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + at, stop - at).toString('latin1');
    if (found < 0) {
      return end;
    }
    const line = this.#line.replace(/\r$/, '');
    this.#line = '';
    this.#takeLine(line);
    return stop + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === 'data-end') {
      this.#state = line === '' ? 'size' : 'broken';
      return;
    }
    const chunk = AWS_CHUNK.exec(line);
    if (chunk === null) {
      this.#state = 'broken';
      return;
    }
    this.#remaining = Number.parseInt(chunk[1]!, 16);
    this.#finished = this.#remaining === 0;
    this.#state = this.#finished ? 'trailer' : 'data';
  }

  gap(lost: number): void {
    if (this.#state === 'data' && lost <= this.#remaining) {
      this.#sink.gap(lost);
      this.#shorten(lost);
      return;
    }
    if (this.#state !== 'trailer') {
      this.#sink.gap(this.#state === 'data' ? this.#remaining : 0);
      this.#state = 'broken';
    }
  }

  end(how: 'complete' | 'cut'): void {
    this.#sink.end(how === 'complete' && this.#finished ? 'complete' : 'cut');
  }
}
