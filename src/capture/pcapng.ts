import { CarryOver, type ElementReader } from './carry-over.ts';
import {
  type CaptureEvents,
  type CaptureFormat,
  type CaptureParser,
  MAX_DECLARED_RECORD_BYTES,
  MAX_RECORD_BYTES,
  type Precision,
  uint32,
} from './events.ts';
import { BlockType, BYTE_ORDER_MAGIC, isAsciiTransferType, isReadBlockType, minimumLength } from './pcapng-blocks.ts';
import { PcapngSections } from './pcapng-section.ts';

/** Longer blocks are damage, as they are to Wireshark. Protects memory. */
export const MAX_BLOCK_BYTES: number = MAX_DECLARED_RECORD_BYTES;
/** Longer blocks are not looked for after damage: their end must be in memory to be compared. */
const MAX_SEARCHED_BLOCK_BYTES = MAX_RECORD_BYTES + 4096;
/** Blocks that nobody reads are held whole up to this length, so that their two lengths can be compared first. */
const MAX_HELD_UNREAD_BYTES = 65_536;

type State = 'blocks' | 'skip' | 'search';
type FaultReason = 'malformed-block' | 'ascii-mode-transfer';

/**
 * Reads pcapng (draft-ietf-opsawg-pcapng): any number of sections in either byte order, Enhanced, Simple and obsolete
 * Packet Blocks, names, statistics and secrets; everything else is passed over by its length. Packets are read in
 * place. After a block that cannot be, it searches for the next whole one.
 */
export class PcapngParser implements CaptureParser, ElementReader {
  readonly format: CaptureFormat = 'pcapng';
  readonly #events: CaptureEvents;
  readonly #sections: PcapngSections;
  readonly #carry = new CarryOver();
  #state: State = 'blocks';
  #final = false;
  #littleEndian = true;
  #offset = 0;
  #skip = { left: 0, length: 0, offset: 0 };
  #fault = { offset: 0, reason: 'malformed-block' as FaultReason, message: '' };
  needed = 12;

  constructor(events: CaptureEvents) {
    this.#events = events;
    this.#sections = new PcapngSections(events);
  }

  get header(): 'not-read' | 'read' | 'refused' {
    return this.#sections.header;
  }

  get precision(): Precision {
    return this.#sections.precision;
  }

  get captureDrops(): number {
    return this.#sections.captureDrops;
  }

  get nextFrame(): number {
    return this.#sections.nextFrame;
  }

  get nextInterfaceId(): number {
    return this.#sections.nextInterfaceId;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#carry.push(this, bytes, start, end);
  }

  finish(how: 'end' | 'interrupted' = 'end'): void {
    this.#final = true;
    if (this.#state === 'search') {
      this.needed = 1;
      this.push(this.#carry.held, 0, 0);
    }
    this.#sections.finish(this.#offset);
    if (how === 'interrupted') return;
    if (this.#state === 'search') {
      this.#reportFault('no whole block was found in the rest');
    } else if (this.#state === 'skip') {
      const message = `the input ends inside a block of ${this.#skip.length} bytes`;
      this.#events.onProblem(this.#skip.offset, 'truncated-record', message);
    } else if (this.#carry.length > 0) {
      const message = `the input ends inside a block: ${this.#carry.length} of ${this.needed} bytes are there`;
      this.#events.onProblem(this.#offset, 'truncated-record', message);
    }
  }

  /** For {@link CarryOver} only. */
  consume(bytes: Uint8Array, start: number, end: number): number {
    const origin = this.#offset - start;
    let at = start;
    for (;;) {
      const state = this.#state;
      if (state === 'blocks') at = this.#readBlocks(bytes, at, end);
      else if (state === 'skip') at = this.#readSkipped(bytes, at, end);
      else at = this.#search(bytes, at, end);
      this.#offset = origin + at;
      if (state === this.#state) return at;
    }
  }

  /** Hot path: whole blocks until one is wrong, unread and long, or not all there. */
  #readBlocks(bytes: Uint8Array, start: number, end: number): number {
    const origin = this.#offset - start;
    this.#sections.use(bytes);
    let at = start;
    for (;;) {
      this.needed = 12;
      if (end - at < 12) return at;
      let type = uint32(bytes, at, this.#littleEndian);
      if (type === BlockType.SECTION_HEADER) {
        const order = byteOrder(bytes, at + 8);
        if (order === undefined) return this.#fail(at, origin, 'a Section Header Block has no byte-order magic');
        this.#littleEndian = order === 'little-endian';
      } else if (this.#sections.state === 'none') {
        return this.#failAtStart(type, at, origin);
      } else if (isAsciiTransferType(type)) {
        return this.#fail(at, origin, ASCII_MODE, 'ascii-mode-transfer');
      }
      const length = uint32(bytes, at + 4, this.#littleEndian);
      if (this.#sections.state === 'unknown-version' && type !== BlockType.SECTION_HEADER) type = UNREAD;
      if (length < minimumLength(type) || length > MAX_BLOCK_BYTES) {
        return this.#fail(at, origin, `a block of type ${hex(type)} says that it is ${length} bytes long`);
      }
      // Lengths that are no multiple of 4 break the format and are met all the same: the rest is padding.
      const padded = (length + 3) & ~3;
      if (padded > MAX_HELD_UNREAD_BYTES && !isReadBlockType(type)) {
        this.#skip = { left: padded - 4, length, offset: origin + at };
        this.#state = 'skip';
        return at;
      }
      const next = at + padded;
      if (next > end) {
        this.needed = padded;
        return at;
      }
      const trailing = uint32(bytes, next - 4, this.#littleEndian);
      if (trailing !== length) {
        return this.#fail(at, origin, `a block of type ${hex(type)} says ${length} bytes first and ${trailing} last`);
      }
      this.#sections.readBlock(type, bytes, at, next - 4, origin + at, this.#littleEndian);
      at = next;
    }
  }

  #fail(at: number, origin: number, message: string, reason: FaultReason = 'malformed-block'): number {
    this.#fault = { offset: origin + at, reason, message };
    this.#state = 'search';
    return at + 1;
  }

  #failAtStart(type: number, at: number, origin: number): number {
    if (isAsciiTransferType(type)) return this.#fail(at, origin, ASCII_MODE, 'ascii-mode-transfer');
    return this.#fail(
      at,
      origin,
      `the input starts with a block of type ${hex(type)}, not with a Section Header Block`,
    );
  }

  #reportFault(outcome: string): void {
    this.#events.onProblem(this.#fault.offset, this.#fault.reason, `${this.#fault.message}; ${outcome}`);
  }

  /** Passes over a long block that nobody reads without holding it. */
  #readSkipped(bytes: Uint8Array, at: number, end: number): number {
    const taken = Math.min(this.#skip.left, end - at);
    this.#skip.left -= taken;
    const trailer = at + taken;
    this.needed = this.#skip.left === 0 ? 4 : 1;
    if (this.#skip.left > 0 || end - trailer < 4) return trailer;
    const trailing = uint32(bytes, trailer, this.#littleEndian);
    if (trailing === this.#skip.length) {
      this.#state = 'blocks';
      return trailer + 4;
    }
    const message = `a block says ${this.#skip.length} bytes first and ${trailing} last`;
    this.#fault = { offset: this.#skip.offset, reason: 'malformed-block', message };
    this.#state = 'search';
    return trailer;
  }

  /** For the next block of a known type whose two lengths agree. */
  #search(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; ; at++) {
      const verdict = this.#judge(bytes, at, end);
      if (verdict === 'whole') {
        const offset = this.#offset + at - start;
        this.#reportFault(`${offset - this.#fault.offset} bytes were skipped, reading went on at byte ${offset}`);
        this.#state = 'blocks';
        return at;
      }
      if (verdict === 'not-a-block') continue;
      if (at >= end || !this.#final) return at;
    }
  }

  #judge(bytes: Uint8Array, at: number, end: number): 'whole' | 'not-a-block' | 'unknown' {
    this.needed = 12;
    if (end - at < 12) return 'unknown';
    const type = uint32(bytes, at, this.#littleEndian);
    if (!isReadBlockType(type) || (this.#sections.state === 'none' && type !== BlockType.SECTION_HEADER))
      return 'not-a-block';
    const order = type === BlockType.SECTION_HEADER ? byteOrder(bytes, at + 8) : this.#order;
    if (order === undefined) return 'not-a-block';
    const length = uint32(bytes, at + 4, order === 'little-endian');
    if (length % 4 !== 0 || length < minimumLength(type) || length > MAX_SEARCHED_BLOCK_BYTES) return 'not-a-block';
    this.needed = length;
    if (end - at < length) return 'unknown';
    return uint32(bytes, at + length - 4, order === 'little-endian') === length ? 'whole' : 'not-a-block';
  }

  get #order(): ByteOrder {
    return this.#littleEndian ? 'little-endian' : 'big-endian';
  }
}

const ASCII_MODE =
  'a Section Header Block was damaged by a transfer in ASCII mode: transfer the file again in binary mode';
/** Stands for all types that nobody reads. */
const UNREAD = 0xffff_ffff;

type ByteOrder = 'little-endian' | 'big-endian';

function byteOrder(bytes: Uint8Array, at: number): ByteOrder | undefined {
  if (uint32(bytes, at, true) === BYTE_ORDER_MAGIC) return 'little-endian';
  return uint32(bytes, at, false) === BYTE_ORDER_MAGIC ? 'big-endian' : undefined;
}

function hex(type: number): string {
  return `0x${type.toString(16).padStart(8, '0')}`;
}
