import type { Certainty, Side } from '../bytes/stream.ts';
import { ContentType } from './code-points.ts';
import { isLikelyRecordHeader, isRecordHeader, RECORD_HEADER_LENGTH } from './record.ts';
import { RecordSearch } from './record-search.ts';

/** Pseudo content type of an SSLv2-format hello (RFC 5246 appendix E.2); its body starts at the message type. */
export const SSL2_HELLO = 0x80;

/** Bytes kept of a side's beginning, for the owner to judge what it is when it is not TLS. */
export const FOREIGN_BYTES_MAX = 64;

/** Consecutive record headers that prove record framing without a hello: one in 2^60 by chance. */
const CHAIN_LENGTH = 3;

/** An SSLv2-format hello holds suites, a session id and a challenge: some hundred bytes. */
const MAX_SSL2_HELLO_LENGTH = 2048;

/** Bytes searched for a first chain of records before a side that showed none is given up. */
const FIRST_SEARCH_LIMIT = 256 * 1024;

/** What the records of one side are handed to. */
export interface RecordConsumer {
  /** Whether the body is wanted; `skip` costs nothing per byte. */
  recordStart(side: Side, header: RecordStart): 'skip' | 'collect';
  recordBody(side: Side, bytes: Uint8Array, start: number, end: number): void;
  /** Bytes of a collected body that were lost; the rest of the body follows. */
  recordGap(side: Side, length: number): void;
  recordEnd(side: Side): void;
  /** Record framing of this side is lost: nothing that was begun will be completed. */
  framingLost(side: Side): void;
}

/** Reused: valid during the call. */
export interface RecordStart {
  type: number;
  version: number;
  length: number;
  streamOffset: number;
  frame: number;
}

/** First bytes of a side that does not speak TLS. */
export interface ForeignBytes {
  readonly bytes: Uint8Array;
  readonly streamOffset: number;
  readonly frame: number;
}

/** What happens when the next five bytes are no record header. */
type Anchor = 'start' | 'resumed' | 'chain';

const EMPTY = new Uint8Array(0);

const HEADER = 0;
const SKIP = 1;
const COLLECT = 2;
const SEARCH = 3;
const FOREIGN = 4;

/**
 * Record layer of one direction: finds headers, counts bodies down, hands over those that are wanted.
 *
 * Hot path: nearly every segment of a bulk transfer lies within one record body and costs one subtraction.
 */
export class RecordStream {
  readonly #side: Side;
  readonly #consumer: RecordConsumer;
  readonly #start: 'syn' | 'midstream';
  #first: Uint8Array = EMPTY;
  readonly #head = new Uint8Array(RECORD_HEADER_LENGTH);
  readonly #header: RecordStart = { type: 0, version: 0, length: 0, streamOffset: 0, frame: 0 };
  #mode: number = HEADER;
  #remaining = 0;
  #headLength = 0;
  #anchor: Anchor;
  #version = 0;
  #chain = 0;
  #framed = false;
  #firstLength = 0;
  #firstOpen = true;
  #firstOffset = 0;
  #firstFrame = 0;
  #search: RecordSearch | undefined;
  #confirmed = false;
  resynchronisations = 0;
  unframedBytes = 0;

  constructor(side: Side, consumer: RecordConsumer, start: 'syn' | 'midstream') {
    this.#side = side;
    this.#consumer = consumer;
    this.#start = start;
    this.#anchor = start === 'syn' ? 'start' : 'resumed';
  }

  get certainty(): Certainty {
    return this.#confirmed ? 'sure' : this.#mode === FOREIGN ? 'no' : 'maybe';
  }

  /** Whether any byte was fed. */
  get sawBytes(): boolean {
    return this.#firstLength > 0 || !this.#firstOpen;
  }

  get foreign(): ForeignBytes | undefined {
    if (this.#mode !== FOREIGN || this.#confirmed || this.#firstLength === 0) {
      return undefined;
    }
    const bytes = this.#first.slice(0, this.#firstLength);
    return { bytes, streamOffset: this.#firstOffset, frame: this.#firstFrame };
  }

  /** The owner has read a message that only TLS has. */
  confirm(): void {
    this.#confirmed = true;
    this.#first = EMPTY;
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (this.#firstOpen) {
      this.#keepFirst(bytes, start, end, streamOffset, frame);
    }
    if (this.#mode === SKIP && end - start < this.#remaining) {
      this.#remaining -= end - start;
      return;
    }
    this.#walk(bytes, start, end, streamOffset, frame);
  }

  gap(length: number): void {
    this.#firstOpen = false;
    if (this.#mode === FOREIGN) {
      return;
    }
    if ((this.#mode === SKIP || this.#mode === COLLECT) && length <= this.#remaining) {
      this.#gapInBody(length);
      return;
    }
    this.#lose();
    this.#anchor = 'resumed';
    this.#mode = HEADER;
  }

  #gapInBody(length: number): void {
    this.#remaining -= length;
    const collecting = this.#mode === COLLECT;
    if (collecting) {
      this.#consumer.recordGap(this.#side, length);
    }
    if (this.#remaining === 0) {
      this.#endBody(collecting);
    }
  }

  #lose(): void {
    this.unframedBytes += this.#headLength + (this.#search?.drop() ?? 0);
    this.#headLength = 0;
    this.#chain = 0;
    this.#consumer.framingLost(this.#side);
  }

  #keepFirst(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (this.#confirmed) {
      this.#firstOpen = false;
      this.#first = EMPTY;
      return;
    }
    if (this.#firstLength === 0) {
      this.#first = new Uint8Array(FOREIGN_BYTES_MAX);
      this.#firstOffset = streamOffset;
      this.#firstFrame = frame;
    }
    const part = bytes.subarray(start, Math.min(end, start + FOREIGN_BYTES_MAX - this.#firstLength));
    this.#first.set(part, this.#firstLength);
    this.#firstLength += part.length;
    this.#firstOpen = this.#firstLength < FOREIGN_BYTES_MAX;
  }

  #walk(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end) {
      switch (this.#mode) {
        case HEADER:
          at = this.#takeHeader(bytes, at, end, streamOffset + (at - start), frame);
          break;
        case SKIP:
        case COLLECT:
          at = this.#takeBody(bytes, at, end);
          break;
        case SEARCH:
          this.#searchIn(bytes, at, end, streamOffset + (at - start), frame);
          return;
        default:
          this.unframedBytes += end - at;
          return;
      }
    }
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const stop = Math.min(end, at + this.#remaining);
    const collecting = this.#mode === COLLECT;
    this.#remaining -= stop - at;
    if (collecting) {
      this.#consumer.recordBody(this.#side, bytes, at, stop);
    }
    if (this.#remaining === 0) {
      this.#endBody(collecting);
    }
    return stop;
  }

  #endBody(collecting: boolean): void {
    this.#mode = HEADER;
    if (collecting) {
      this.#consumer.recordEnd(this.#side);
    }
  }

  #takeHeader(bytes: Uint8Array, from: number, end: number, streamOffset: number, frame: number): number {
    if (this.#headLength === 0) {
      this.#header.streamOffset = streamOffset;
      this.#header.frame = frame;
    }
    let at = from;
    while (at < end && this.#headLength < RECORD_HEADER_LENGTH) {
      this.#head[this.#headLength++] = bytes[at++]!;
      if (!this.#fits()) {
        this.#refuseHead(frame);
        return at;
      }
    }
    if (this.#headLength === RECORD_HEADER_LENGTH) {
      this.#headLength = 0;
      this.#startRecord();
    }
    return at;
  }

  /** Whether what is there of a header can be one; asked at every byte, so that the first impossible one is told. */
  #fits(): boolean {
    const head = this.#head;
    const length = this.#headLength;
    if (this.#anchor === 'start' && head[0]! >= 0x80) {
      return isSsl2HelloStart(head, length);
    }
    if (length === RECORD_HEADER_LENGTH) {
      const likely = this.#anchor === 'resumed' ? isLikelyRecordHeader(head, 0) : isRecordHeader(head, 0);
      return likely && (this.#anchor !== 'resumed' || !this.#framed || this.#versionOfHead() === this.#version);
    }
    const type = head[0]!;
    return (
      type >= ContentType.changeCipherSpec &&
      type <= ContentType.heartbeat &&
      (length < 2 || head[1] === 3) &&
      (length < 3 || head[2]! <= 4)
    );
  }

  #versionOfHead(): number {
    return (this.#head[1]! << 8) | this.#head[2]!;
  }

  #startRecord(): void {
    const head = this.#head;
    const header = this.#header;
    const ssl2 = this.#anchor === 'start' && head[0]! >= 0x80;
    this.resynchronisations += this.#anchor === 'resumed' && this.#framed ? 1 : 0;
    this.#anchor = 'chain';
    this.#framed = true;
    if (ssl2) {
      header.type = SSL2_HELLO;
      header.version = (head[3]! << 8) | head[4]!;
      header.length = ((head[0]! & 0x7f) << 8) | head[1]!;
      this.#beginBody(header.length - 3);
      // Three bytes of the body stood where a record header has its last ones.
      if (this.#mode === COLLECT) {
        this.#consumer.recordBody(this.#side, head, 2, RECORD_HEADER_LENGTH);
      }
      return;
    }
    header.type = head[0]!;
    header.version = this.#versionOfHead();
    header.length = (head[3]! << 8) | head[4]!;
    this.#version = header.version;
    this.#confirmed ||= ++this.#chain >= CHAIN_LENGTH;
    this.#beginBody(header.length);
  }

  #beginBody(remaining: number): void {
    const collecting = this.#consumer.recordStart(this.#side, this.#header) === 'collect';
    this.#remaining = remaining;
    this.#mode = collecting ? COLLECT : SKIP;
    if (remaining === 0) {
      this.#endBody(collecting);
    }
  }

  #refuseHead(frame: number): void {
    const bytes = this.#head.slice(0, this.#headLength);
    this.#headLength = 0;
    if (this.#start === 'syn' && !this.#confirmed && this.#anchor !== 'resumed') {
      this.#mode = FOREIGN;
      this.unframedBytes += bytes.length;
      return;
    }
    if (this.#anchor === 'chain') {
      this.#lose();
    }
    this.#mode = SEARCH;
    this.#searchIn(bytes, 0, bytes.length, this.#header.streamOffset, frame);
  }

  #searchIn(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#search ??= new RecordSearch();
    let at = start;
    while (at < end) {
      const step = this.#search.feed(bytes, at, end, streamOffset + (at - start));
      this.unframedBytes += step.dropped;
      at = step.next;
      if (step.found !== undefined) {
        this.#resume(step.found, step.foundOffset, frame);
        this.#walk(bytes, at, end, streamOffset + (at - start), frame);
        return;
      }
      if (!this.#confirmed && this.#search.searched > FIRST_SEARCH_LIMIT) {
        this.#mode = FOREIGN;
        this.#search = undefined;
        this.unframedBytes += end - at;
        return;
      }
    }
  }

  #resume(found: Uint8Array, streamOffset: number, frame: number): void {
    this.resynchronisations += this.#framed ? 1 : 0;
    this.#confirmed = true;
    this.#search = undefined;
    this.#mode = HEADER;
    this.#anchor = 'chain';
    this.#walk(found, 0, found.length, streamOffset, frame);
  }
}

/** Two-byte length with the high bit, message type 1, version 0x0002 or 0x03xx. */
function isSsl2HelloStart(head: Uint8Array, length: number): boolean {
  const announced = ((head[0]! & 0x7f) << 8) | head[1]!;
  if (length >= 2 && (announced < 28 || announced > MAX_SSL2_HELLO_LENGTH)) {
    return false;
  }
  if (length >= 3 && head[2] !== 1) {
    return false;
  }
  if (length >= 4 && head[3] !== 0 && head[3] !== 3) {
    return false;
  }
  return length < 5 || (head[3] === 0 ? head[4] === 2 : head[4]! <= 4);
}
