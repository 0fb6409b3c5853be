import type { Automaton } from './automaton.ts';
import { beginsEntry } from './line-start.ts';

/** An entry of a log with the lines that belong to it (a stack trace), as far as they matter. */
export interface RawEntry {
  /** Line of `head`, counted from 1. */
  readonly line: number;
  /** Without its line end. Empty where the input begins in the middle of an entry. */
  readonly head: string;
  /** Lines after the head that hold a literal. */
  readonly trace: readonly { readonly line: number; readonly text: string }[];
}

/** Longest part of a line that is looked at; what is more is left out, and the line counted. */
export const LINE_LIMIT_BYTES: number = 32 * 1024;
/** Lines of one entry that are kept. */
export const TRACE_LIMIT = 64;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Cuts bytes into lines and lines into entries, and hands over those in which one of the automaton's literals stands.
 *
 * Bytes are indexed directly: this is the one place that looks at every byte of a log. Memory is bounded by two lines
 * and the lines kept of one entry. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineScanner {
  readonly #next: Uint16Array;
  readonly #firstEnd: number;
  readonly #sink: (entry: RawEntry) => void;
  readonly #partial = Buffer.alloc(LINE_LIMIT_BYTES);
  #partialBytes = 0;
  #state = 0;
  #isHit: 'hit' | 'none' = 'none';
  #line = 1;
  #cut = 0;
  #bytes = 0;

  #head: string | undefined;
  #headLine = 0;
  #headHit: 'hit' | 'none' = 'none';
  /** Where an undecoded head stands in the bytes of this push. */
  #headStart = -1;
  #headEnd = 0;
  #trace: { line: number; text: string }[] = [];

  constructor(automaton: Automaton, sink: (entry: RawEntry) => void) {
    this.#next = automaton.next;
    this.#firstEnd = automaton.firstEnd;
    this.#sink = sink;
  }

  /** Lines so far; one that has begun counts. */
  get lines(): number {
    return this.#partialBytes > 0 ? this.#line : this.#line - 1;
  }

  get cutLines(): number {
    return this.#cut;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const next = this.#next;
    const firstEnd = this.#firstEnd;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let state = this.#state;
    let lineStart = start;
    for (let at = start; at < end; at++) {
      const byte = buffer[at]!;
      state = next[(state << 8) | byte]!;
      if (state < firstEnd) continue;
      if (byte === NEWLINE) {
        this.#endLine(buffer, lineStart, at);
        lineStart = at + 1;
        continue;
      }
      this.#isHit = 'hit';
      // Nothing more is to be learned from this line.
      const lineEnd = buffer.indexOf(NEWLINE, at + 1);
      state = 0;
      at = lineEnd === -1 || lineEnd >= end ? end : lineEnd - 1;
    }
    this.#state = state;
    this.#bytes += end - start;
    this.#keep(buffer, lineStart, end);
    this.#decodeHead(buffer);
  }

  /** The last line may lack its end. */
  finish(): void {
    if (this.#partialBytes > 0) this.#endLine(this.#partial, 0, 0);
    this.#flush();
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    const room = LINE_LIMIT_BYTES - this.#partialBytes;
    if (room > 0) buffer.copy(this.#partial, this.#partialBytes, start, Math.min(end, start + room));
    this.#partialBytes += end - start;
  }

  #endLine(buffer: Buffer, start: number, end: number): void {
    if (this.#partialBytes > 0) {
      this.#keep(buffer, start, end);
      if (this.#partialBytes > LINE_LIMIT_BYTES) this.#cut += 1;
      this.#takeLine(this.#partial, 0, Math.min(this.#partialBytes, LINE_LIMIT_BYTES), 'kept');
      this.#partialBytes = 0;
    } else {
      if (end - start > LINE_LIMIT_BYTES) this.#cut += 1;
      this.#takeLine(buffer, start, Math.min(end, start + LINE_LIMIT_BYTES), 'in-place');
    }
    this.#isHit = 'none';
    this.#line += 1;
  }

  #takeLine(buffer: Buffer, start: number, lineEnd: number, where: 'kept' | 'in-place'): void {
    const end = lineEnd > start && buffer[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    const isHit = this.#isHit === 'hit';
    if (beginsEntry(buffer, start, end, isHit)) {
      this.#flush();
      this.#headLine = this.#line;
      this.#headHit = this.#isHit;
      if (isHit || where === 'kept') this.#head = buffer.toString('utf8', start, end);
      else {
        this.#headStart = start;
        this.#headEnd = end;
      }
      return;
    }
    if (!isHit || this.#trace.length >= TRACE_LIMIT) return;
    if (where === 'in-place') this.#decodeHead(buffer);
    this.#trace.push({ line: this.#line, text: buffer.toString('utf8', start, end) });
  }

  /** The bytes of a head are gone after this push; what belongs to it may come with the next one. */
  #decodeHead(buffer: Buffer): void {
    if (this.#headStart < 0) return;
    this.#head = buffer.toString('utf8', this.#headStart, this.#headEnd);
    this.#headStart = -1;
  }

  #flush(): void {
    if (this.#headHit === 'hit' || this.#trace.length > 0) {
      const line = this.#head === undefined ? (this.#trace[0]?.line ?? 1) : this.#headLine;
      this.#sink({ line, head: this.#head ?? '', trace: this.#trace });
      this.#trace = [];
    }
    this.#head = undefined;
    this.#headStart = -1;
    this.#headHit = 'none';
  }
}
