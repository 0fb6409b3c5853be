import type { StreamStart } from '../model/probe.ts';
import {
  findStartLine,
  type HttpRequestLine,
  type HttpStatusLine,
  type Line,
  LineBuffer,
  parseStartLine,
} from './http-line.ts';
import type { BodyFraming, HttpHeader, HttpMessageHead } from './http-message.ts';

/** Longest request or status line that is believed; presigned S3 addresses stay below 4 KiB. */
export const MAX_LINE: number = 16 * 1024;
/** Longest header or trailer section: protects memory against a peer that never ends it. */
export const MAX_HEADERS: number = 64 * 1024;

/** Receives what one direction of a connection says. */
export interface HttpReaderEvents {
  /** A start line and at least one header line (or the end of the headers) are read: this is HTTP. */
  begun(start: HttpRequestLine | HttpStatusLine): void;
  /** Answers with the framing of the body. */
  head(head: HttpMessageHead): BodyFraming;
  body(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void;
  /** `lost` bytes of the body are missing. */
  bodyGap(lost: number): void;
  end(how: 'complete' | 'cut'): void;
  /** First bytes of the stream are not HTTP. */
  foreign(): void;
}

const CHUNK_SIZE = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

type State =
  | 'start'
  | 'headers'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'pause'
  | 'tunnel'
  | 'lost'
  | 'foreign';

/**
 * Reads the HTTP/1.1 messages of one direction (RFC 9112), in chunks of any size, with one bounded line of memory.
 *
 * Bodies are passed on as they come and never kept. After a gap that cannot be counted away, and where a capture
 * starts in the middle, the next start line is searched for.
 */
export class HttpReader {
  readonly #events: HttpReaderEvents;
  #state: State;
  readonly #line: LineBuffer = new LineBuffer(MAX_HEADERS);
  #remaining = 0;
  #headerBytes = 0;
  #first = true;
  #begun = false;
  #start: HttpRequestLine | HttpStatusLine | undefined;
  #startLine = '';
  #startOffset = 0;
  #startFrame = 0;
  #headers: HttpHeader[] = [];
  /** Bytes searched in vain for a start line since the stream began. */
  searched = 0;
  /** Times that the message structure was lost, a start in the middle not counted. */
  losses = 0;

  constructor(events: HttpReaderEvents, start: StreamStart) {
    this.#events = events;
    this.#state = start === 'syn' ? 'start' : 'lost';
  }

  get state(): State {
    return this.#state;
  }

  /** True while no byte was taken. */
  get untouched(): boolean {
    return this.#first && this.#line.length === 0 && this.searched === 0;
  }

  /** CONNECT was answered: a tunnel follows, or the next request. */
  resume(as: 'tunnel' | 'start'): void {
    if (this.#state === 'pause' || as === 'tunnel') {
      this.#state = as;
      this.#line.clear();
    }
  }

  /** The message structure is not what it seemed. */
  lose(): void {
    if (this.#state !== 'lost' && this.#state !== 'tunnel') {
      this.losses++;
      this.#endBody('cut');
      this.#state = 'lost';
      this.#line.clear();
    }
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    let at = start;
    while (at < end) {
      const offset = streamOffset + (at - start);
      switch (this.#state) {
        case 'length':
        case 'chunk-data':
          at += this.#take(bytes, at, Math.min(end - at, this.#remaining), offset, frame);
          break;
        case 'until-close':
          this.#events.body(bytes, at, end, offset, frame);
          return;
        case 'pause':
        case 'tunnel':
        case 'foreign':
          return;
        default:
          at = this.#readLine(bytes, at, end, offset, frame);
      }
    }
  }

  gap(length: number): void {
    this.#first = false;
    switch (this.#state) {
      case 'length':
      case 'chunk-data':
        if (length <= this.#remaining) {
          this.#events.bodyGap(length);
          this.#skip(length);
          return;
        }
        this.#events.bodyGap(this.#remaining);
        this.lose();
        return;
      case 'until-close':
        this.#events.bodyGap(length);
        return;
      case 'pause':
      case 'tunnel':
      case 'foreign':
        return;
      case 'lost':
        this.#line.clear();
        return;
      default:
        this.lose();
    }
  }

  close(): void {
    this.#endBody(this.#state === 'until-close' ? 'complete' : 'cut');
    this.#state = 'tunnel';
  }

  #endBody(how: 'complete' | 'cut'): void {
    const inBody = ['length', 'chunk-size', 'chunk-data', 'chunk-end', 'trailers', 'until-close'].includes(this.#state);
    if (inBody) {
      this.#events.end(how);
    }
  }

  #take(bytes: Uint8Array, at: number, length: number, offset: number, frame: number): number {
    this.#events.body(bytes, at, at + length, offset, frame);
    // The receiver may have found that the framing is wrong.
    if (this.#state === 'length' || this.#state === 'chunk-data') {
      this.#skip(length);
    }
    return length;
  }

  #skip(length: number): void {
    this.#remaining -= length;
    if (this.#remaining > 0) {
      return;
    }
    if (this.#state === 'chunk-data') {
      this.#state = 'chunk-end';
      return;
    }
    this.#state = 'start';
    this.#events.end('complete');
  }

  /** Takes bytes up to the next line feed and hands a whole line on. Answers with the next position. */
  #readLine(bytes: Uint8Array, at: number, end: number, offset: number, frame: number): number {
    const found = bytes.subarray(at, end).indexOf(0x0a);
    const stop = found < 0 ? end : at + found;
    const searching = this.#state === 'lost';
    this.#line.append(bytes, at, stop, offset, searching ? 'tail' : 'whole');
    if (searching) {
      this.searched += stop - at + 1;
    }
    if (this.#line.length > (this.#state === 'headers' || this.#state === 'trailers' ? MAX_HEADERS : MAX_LINE)) {
      this.#overflow();
      return stop + (found < 0 ? 0 : 1);
    }
    if (this.#state === 'start' && !this.#line.mayStartMessage()) {
      this.#notHttp();
      return at;
    }
    if (found < 0) {
      return end;
    }
    this.#takeLine(this.#line.take(offset + found), frame);
    return stop + 1;
  }

  #overflow(): void {
    if (this.#state === 'start' && this.#first) {
      this.#notHttp();
      return;
    }
    if (this.#state !== 'lost') {
      this.lose();
    }
    this.#line.clear();
  }

  #notHttp(): void {
    if (!this.#first) {
      this.lose();
      return;
    }
    this.#state = 'foreign';
    this.#line.clear();
    this.#events.foreign();
  }

  #takeLine({ text: line, size, streamOffset, endOffset }: Line, frame: number): void {
    switch (this.#state) {
      case 'start':
        this.#takeStart(line, streamOffset, frame);
        return;
      case 'lost':
        this.#resynchronise(line, endOffset, frame);
        return;
      case 'headers':
        this.#takeHeader(line, size, streamOffset, frame);
        return;
      case 'chunk-size':
        this.#takeChunkSize(line);
        return;
      case 'chunk-end':
        if (line === '') {
          this.#state = 'chunk-size';
        } else {
          this.lose();
        }
        return;
      case 'trailers':
        this.#headerBytes += size;
        if (line === '') {
          this.#state = 'start';
          this.#events.end('complete');
        } else if (this.#headerBytes > MAX_HEADERS) {
          this.lose();
        }
        return;
      default:
    }
  }

  #takeStart(line: string, streamOffset: number, frame: number): void {
    // RFC 9112 section 2.2: a server ignores an empty line before the request line.
    if (line === '') {
      return;
    }
    const start = parseStartLine(line);
    if (start === undefined) {
      this.#notHttp();
      return;
    }
    this.#beginHeaders(start, line, streamOffset, frame);
  }

  #beginHeaders(start: HttpRequestLine | HttpStatusLine, line: string, offset: number, frame: number): void {
    this.#first = false;
    this.#begun = false;
    this.#start = start;
    this.#startLine = line;
    this.#startOffset = offset;
    this.#startFrame = frame;
    this.#headers = [];
    this.#headerBytes = 0;
    this.#state = 'headers';
  }

  #resynchronise(line: string, endOffset: number, frame: number): void {
    const found = findStartLine(line);
    if (found === undefined) {
      return;
    }
    this.#first = false;
    this.#beginHeaders(found.start, found.line, endOffset - found.line.length, frame);
  }

  #takeHeader(line: string, size: number, streamOffset: number, frame: number): void {
    this.#headerBytes += size;
    if (this.#headerBytes > MAX_HEADERS) {
      this.lose();
      return;
    }
    if (line === '') {
      this.#tellBegun();
      this.#endHeaders(streamOffset + size);
      return;
    }
    const last = this.#headers.at(-1);
    if ((line.startsWith(' ') || line.startsWith('\t')) && last !== undefined) {
      // RFC 9112 section 5.2: obsolete line folding.
      this.#headers[this.#headers.length - 1] = { ...last, value: `${last.value} ${line.trim()}` };
      return;
    }
    const colon = line.indexOf(':');
    if (colon < 1 || !FIELD_NAME.test(line.slice(0, colon))) {
      this.lose();
      return;
    }
    const value = line.slice(colon + 1).trim();
    this.#headers.push({ name: line.slice(0, colon).toLowerCase(), value, streamOffset, frame });
    this.#tellBegun();
  }

  #tellBegun(): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#events.begun(this.#start!);
    }
  }

  #endHeaders(endOffset: number): void {
    if (this.#state !== 'headers') {
      return;
    }
    this.#state = 'start';
    const head: HttpMessageHead = {
      start: this.#start!,
      line: this.#startLine,
      headers: this.#headers,
      streamOffset: this.#startOffset,
      frame: this.#startFrame,
      endOffset,
    };
    this.#headers = [];
    this.#enter(this.#events.head(head));
  }

  #enter(framing: BodyFraming): void {
    switch (framing.kind) {
      case 'none':
        this.#events.end('complete');
        return;
      case 'length':
        if (framing.length === 0) {
          this.#events.end('complete');
          return;
        }
        this.#remaining = framing.length;
        this.#state = 'length';
        return;
      case 'chunked':
        this.#state = 'chunk-size';
        return;
      case 'until-close':
        this.#state = 'until-close';
        return;
      case 'pause':
        this.#events.end('complete');
        this.#state = 'pause';
        return;
      case 'tunnel':
        this.#events.end('complete');
        this.#state = 'tunnel';
    }
  }

  #takeChunkSize(line: string): void {
    const size = CHUNK_SIZE.exec(line);
    if (size === null) {
      this.lose();
      return;
    }
    this.#remaining = Number.parseInt(size[1]!, 16);
    if (this.#remaining > 0) {
      this.#state = 'chunk-data';
      return;
    }
    this.#headerBytes = 0;
    this.#state = 'trailers';
  }
}
