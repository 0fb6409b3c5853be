import { FrameMap, Head } from './sightings.ts';

/** A frame of a protocol whose messages have their length of four bytes before them. */
export interface LengthFrame {
  /** First bytes of the body, `head[0, headLength)`; the rest was passed over. */
  readonly head: Uint8Array;
  readonly headLength: number;
  /** Bytes of the body, those lost in a gap included. */
  readonly length: number;
  /** Where the length field starts. */
  readonly streamOffset: number;
  readonly frame: number;
}

/** Whether a frame of this length may start with the bytes that are there so far; `index` counts frames from 0. */
export type Plausible = (length: number, head: Uint8Array, headLength: number, index: number) => boolean;

/** Cuts one direction into frames and hands over the head of each at its end. A length above the limit ends it. */
export class LengthFrames {
  readonly #limit: number;
  readonly #onFrame: (frame: LengthFrame) => void;
  readonly #plausible: Plausible;
  readonly #head: Head;
  readonly #prefix = new Head(4);
  #length = 0;
  #remaining = 0;
  #offset = 0;
  #frame = 0;
  /** False after a length that cannot be, or a gap that was not inside one frame. */
  inStep = true;
  frames = 0;

  constructor(
    limit: number,
    headBytes: number,
    onFrame: (frame: LengthFrame) => void,
    plausible: Plausible = () => true,
  ) {
    this.#limit = limit;
    this.#plausible = plausible;
    this.#head = new Head(headBytes);
    this.#onFrame = onFrame;
  }

  /** True between two frames. */
  get atBoundary(): boolean {
    return this.inStep && this.#prefix.length === 0;
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end && this.inStep) {
      if (!this.#prefix.full) {
        if (this.#prefix.length === 0) {
          this.#offset = streamOffset + (at - start);
          this.#frame = frame;
        }
        at += this.#prefix.take(bytes, at, end);
        if (this.#prefix.full) {
          this.#open();
        }
        continue;
      }
      const stop = Math.min(end, at + this.#remaining);
      if (!this.#head.full) {
        this.#head.take(bytes, at, stop);
        this.#check();
      }
      this.#remaining -= stop - at;
      at = stop;
      if (this.#remaining === 0 && this.inStep) {
        this.#close();
      }
    }
  }

  gap(length: number): void {
    if (this.#prefix.full && length < this.#remaining && this.#head.full) {
      this.#remaining -= length;
      return;
    }
    this.inStep = false;
  }

  #open(): void {
    const p = this.#prefix.buffer;
    this.#length = ((p[0]! << 24) | (p[1]! << 16) | (p[2]! << 8) | p[3]!) >>> 0;
    if (this.#length > this.#limit) {
      this.inStep = false;
      return;
    }
    this.#remaining = this.#length;
    this.#check();
    if (!this.inStep) {
      return;
    }
    if (this.#length === 0) {
      this.#close();
    }
  }

  #check(): void {
    if (!this.#plausible(this.#length, this.#head.buffer, this.#head.length, this.frames)) {
      this.inStep = false;
    }
  }

  #close(): void {
    this.frames++;
    this.#onFrame({
      head: this.#head.buffer,
      headLength: this.#head.length,
      length: this.#length,
      streamOffset: this.#offset,
      frame: this.#frame,
    });
    this.#head.reset();
    this.#prefix.reset();
  }
}

/** The first bytes of one direction, with the capture frames that brought them. */
export class StreamHead {
  readonly head: Head;
  readonly #frames = new FrameMap();
  /** All bytes of this side, those after the head included. */
  total = 0;
  #open = true;

  constructor(limit: number) {
    this.head = new Head(limit);
  }

  get bytes(): Uint8Array {
    return this.head.buffer;
  }

  get length(): number {
    return this.head.length;
  }

  feed(bytes: Uint8Array, start: number, end: number, frame: number): void {
    if (this.#open && !this.head.full) {
      this.#frames.note(this.head.length, frame);
      this.head.take(bytes, start, end);
    }
    this.total += end - start;
  }

  gap(length: number): void {
    this.#open = false;
    this.total += length;
  }

  /** Capture frame of a byte of the head. */
  frameAt(offset: number): number {
    return this.#frames.at(offset);
  }
}
