import { JavaScanner, type JavaSightings } from './java-serialization.ts';
import {
  type Associate,
  type ControlCommand,
  FIND_MARGIN,
  FRAME_HEAD_BYTES,
  findPayloadFrame,
  MAX_ASSOCIATE,
  MAX_FRAME,
  type PayloadHead,
  readAssociate,
  readControl,
  readPayloadHead,
  startsBody,
} from './pekko-frame.ts';
import { Head } from './sightings.ts';

/** What one side of an RPC connection tells its follower, in stream order. */
export interface PekkoEvents extends JavaSightings {
  associate(associate: Associate): void;
  control(command: ControlCommand): void;
  /** A payload frame with its head, `bytes[start, end)`. */
  payload(head: PayloadHead, bytes: Uint8Array, end: number): void;
  /** Header bytes of the first frame that was believed. */
  header(bytes: Uint8Array, start: number, end: number): void;
}

/** `searching`: frames are looked for; `other`: this side does not speak the protocol. */
type Phase = 'first' | 'frames' | 'searching' | 'other';

/** Bytes searched for a first frame before a side is given up: one frame of the largest size, and some. */
const MAX_UNCONFIRMED_SEARCH = 12 * 1024 * 1024;

/** Bytes searched at a time. */
const SEARCH_WINDOW = 8 * 1024;

/** Follows the frames of one direction: hops from length to length, searches again after a gap. */
export class PekkoSide {
  phase: Phase;
  /** Frames that were believed. */
  frames = 0;
  /** Bytes of them, lengths included. */
  frameBytes = 0;
  payloads = 0;
  associates = 0;
  controls = 0;
  /** Two frames in a chain, one ASSOCIATE, or one frame that the stream ends with. */
  confirmed = false;
  resynchronisations = 0;

  readonly #events: PekkoEvents;
  readonly #scanner: JavaScanner;
  readonly #prefix = new Uint8Array(4);
  #prefixLength = 0;
  #bodyLength = 0;
  #remaining = 0;
  #head: Head | undefined;
  #headCut = false;
  #searchWindow: Buffer | undefined;
  #searchFilled = 0;
  #searched = 0;
  /** False while the search window still begins where the search began. */
  #searchMoved = false;
  /** Frames that followed one another without a search or a hole between them. */
  #chain = 0;

  constructor(events: PekkoEvents, start: 'syn' | 'midstream') {
    this.#events = events;
    this.#scanner = new JavaScanner(events);
    this.phase = start === 'syn' ? 'first' : 'searching';
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end && this.phase !== 'other') {
      const offset = streamOffset + (at - start);
      if (this.phase === 'searching') {
        at = this.#search(bytes, at, end, offset, frame);
      } else if (this.#prefixLength < 4) {
        at = this.#readPrefix(bytes, at);
      } else {
        at = this.#readBody(bytes, at, end, offset, frame);
      }
    }
  }

  /** Lost bytes inside one frame are passed over by its length; otherwise frames are searched for. */
  gap(length: number): void {
    if (this.phase === 'frames' && this.#prefixLength === 4 && length < this.#remaining) {
      this.#scanner.finish();
      this.#headCut = true;
      this.#remaining -= length;
      return;
    }
    if (this.phase === 'frames' && this.#prefixLength === 4 && length === this.#remaining) {
      this.#scanner.finish();
      this.#endFrame();
      return;
    }
    if (this.phase !== 'other') {
      this.#lose();
    }
  }

  close(): void {
    this.#scanner.finish();
    if (this.payloads > 0 && this.#prefixLength === 0 && this.phase === 'frames') {
      this.confirmed = true;
    }
  }

  #lose(): void {
    this.#scanner.finish();
    this.#prefixLength = 0;
    this.#remaining = 0;
    this.#head?.reset();
    this.#headCut = false;
    this.#searchFilled = 0;
    this.#searchMoved = false;
    this.#chain = 0;
    if (this.confirmed) {
      this.resynchronisations++;
    }
    this.phase = 'searching';
  }

  #readPrefix(bytes: Uint8Array, at: number): number {
    this.#prefix[this.#prefixLength++] = bytes[at]!;
    if (this.phase === 'first' && (this.#prefix[0] !== 0 || (this.#prefixLength > 1 && this.#prefix[1] !== 0))) {
      this.phase = 'other';
      return at + 1;
    }
    if (this.#prefixLength < 4) {
      return at + 1;
    }
    const p = this.#prefix;
    const length = ((p[0]! << 24) | (p[1]! << 16) | (p[2]! << 8) | p[3]!) >>> 0;
    if (this.phase === 'first' && length > MAX_ASSOCIATE) {
      this.phase = 'other';
    } else if (length > MAX_FRAME) {
      this.#lose();
    } else if (length === 0) {
      this.#count(4);
      this.#prefixLength = 0;
    } else {
      this.#bodyLength = length;
      this.#remaining = length;
      this.#headCut = false;
      this.#head?.reset();
    }
    return at + 1;
  }

  #readBody(bytes: Uint8Array, at: number, end: number, offset: number, frame: number): number {
    const whole = this.#remaining === this.#bodyLength && this.#bodyLength <= end - at;
    if (whole) {
      const stop = at + this.#bodyLength;
      const believed = this.#judge(bytes, at, Math.min(stop, at + FRAME_HEAD_BYTES));
      if (believed && this.#bodyLength > 4) {
        this.#scanner.scan(bytes, at, stop, offset, frame);
      }
      if (believed) {
        this.#endFrame();
        return stop;
      }
      return this.#disbelieve(at, stop);
    }
    this.#head ??= new Head(FRAME_HEAD_BYTES);
    const head = this.#head;
    const stop = Math.min(end, at + this.#remaining);
    if (!this.#headCut) {
      head.take(bytes, at, stop);
      if (!startsBody(head.buffer, 0, head.length, this.#bodyLength)) {
        return this.#disbelieve(at, stop);
      }
    }
    this.#remaining -= stop - at;
    this.#scanner.feed(bytes, at, stop, offset, frame);
    if (this.#remaining === 0) {
      this.#scanner.finish();
      if (head.length > 0 && !this.#judge(head.buffer, 0, head.length)) {
        return this.#disbelieve(at, stop);
      }
      this.#endFrame();
    }
    return stop;
  }

  /** A first frame decides for the stream; a later one says that frames were lost. */
  #disbelieve(at: number, stop: number): number {
    if (this.phase === 'first') {
      this.phase = 'other';
      return stop;
    }
    this.#lose();
    // The body itself is searched: a wrong length may have swallowed the next frames.
    return at;
  }

  /** Reads the body of a frame by its head; false where it is none. */
  #judge(bytes: Uint8Array, start: number, end: number): boolean {
    const whole = end - start === this.#bodyLength;
    if (bytes[start] === 0x12) {
      const associate = whole ? readAssociate(bytes, start, end) : undefined;
      if (associate !== undefined) {
        this.#first(bytes, start, end);
        this.associates++;
        this.confirmed = true;
        this.#events.associate(associate);
        return true;
      }
      const command = whole ? readControl(bytes, start, end) : undefined;
      if (command === undefined) {
        return this.#headCut;
      }
      this.#first(bytes, start, end);
      this.controls++;
      this.#events.control(command);
      return true;
    }
    const head = this.phase === 'first' ? undefined : readPayloadHead(bytes, start, end, this.#bodyLength);
    if (head === undefined) {
      return this.#headCut;
    }
    this.#first(bytes, start, Math.min(end, head.messageStart));
    this.payloads++;
    this.#events.payload(head, bytes, end);
    return true;
  }

  /** Hands over the first header of this side, length included. */
  #first(bytes: Uint8Array, start: number, end: number): void {
    if (this.frames === 0) {
      const header = new Uint8Array(4 + Math.min(60, end - start));
      header.set(this.#prefix);
      header.set(bytes.subarray(start, start + header.length - 4), 4);
      this.#events.header(header, 0, header.length);
    }
  }

  #endFrame(): void {
    this.#count(4 + this.#bodyLength);
    this.#prefixLength = 0;
    this.#remaining = 0;
    this.#headCut = false;
    this.#head?.reset();
    if (this.phase === 'first') {
      this.phase = 'frames';
    }
  }

  #count(bytes: number): void {
    this.frames++;
    this.frameBytes += bytes;
    this.#chain++;
    if (this.#chain > 1 && this.payloads > 0) {
      this.confirmed = true;
    }
  }

  /** All that this side sent, without a known start, is `00 00 00 00`: an answer where the other side is believed. */
  get onlyEmptyFrame(): boolean {
    const held = this.phase === 'searching' && !this.#searchMoved && this.#searchFilled === 4;
    return held && this.#searchWindow!.readUInt32BE(0) === 0;
  }

  /** Collects bytes until a frame start shows; returns how far the chunk was used up. */
  #search(bytes: Uint8Array, at: number, end: number, offset: number, frame: number): number {
    this.#searchWindow ??= Buffer.allocUnsafe(SEARCH_WINDOW);
    const window = this.#searchWindow;
    const count = Math.min(end - at, SEARCH_WINDOW - this.#searchFilled);
    window.set(bytes.subarray(at, at + count), this.#searchFilled);
    const filled = this.#searchFilled + count;
    const found = this.#frameIn(window, filled, !this.#searchMoved);
    if (found >= 0) {
      this.phase = 'frames';
      this.#searchFilled = 0;
      this.#searchWindow = undefined;
      this.#searched += filled - count;
      this.feed(window, found, filled, offset + count - (filled - found), frame);
      return at + count;
    }
    const hold = this.#searchMoved ? 2 * FIND_MARGIN : MAX_ASSOCIATE + 4;
    const drop = filled > hold ? filled - FIND_MARGIN : 0;
    if (drop > 0) {
      window.copyWithin(0, drop, filled);
      this.#searched += drop;
      this.#searchMoved = true;
    }
    this.#searchFilled = filled - drop;
    if (!this.confirmed && this.#searched > MAX_UNCONFIRMED_SEARCH) {
      this.phase = 'other';
      this.#searchWindow = undefined;
    }
    return at + count;
  }

  /** Start of a frame in the window: at its beginning any kind, elsewhere a payload with its path. */
  #frameIn(window: Buffer, filled: number, atStreamStart: boolean): number {
    if (atStreamStart && filled >= 8 && window[0] === 0 && window[1] === 0 && window[2]! <= 1) {
      const length = window.readUInt32BE(0);
      const isControl = readControl(window, 4, 8) !== undefined && length === 4;
      const whole = 4 + length <= filled && length <= MAX_ASSOCIATE;
      if (isControl || (whole && readAssociate(window, 4, 4 + length) !== undefined)) {
        return 0;
      }
    }
    return findPayloadFrame(window, 0, filled);
  }
}
