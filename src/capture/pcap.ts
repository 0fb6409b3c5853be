import { CarryOver, type ElementReader } from './carry-over.ts';
import {
  type CaptureEvents,
  type CaptureFormat,
  type CaptureParser,
  MAX_RECORD_BYTES,
  type Precision,
  uint32,
} from './events.ts';
import { Packet } from './packet.ts';
import { type PcapHeader, pcapHeaderLength, readPcapHeader } from './pcap-layout.ts';

/** Plausible record headers in a row after which a damaged file is believed again. */
const RESYNC_CHAIN = 3;
/** Time stamps that far from the last good one are not believed while searching: garbage seldom hits the window. */
const RESYNC_SECONDS = 30 * 86_400;

type State = 'file-header' | 'layout' | 'records' | 'search' | 'refused';

/**
 * Reads pcap (draft-ietf-opsawg-pcap): both byte orders, micro- and nanoseconds, and the variants of Wireshark's
 * wiretap. Records are read in place; the one {@link Packet} is reused. After a record header that cannot be, it
 * searches for the next chain of plausible ones and goes on.
 */
export class PcapParser implements CaptureParser, ElementReader {
  readonly #events: CaptureEvents;
  readonly #carry = new CarryOver();
  readonly #packet = new Packet();
  readonly captureDrops = 0;
  #state: State = 'file-header';
  #final = false;
  #header: PcapHeader | undefined;
  #format: CaptureFormat = 'pcap';
  #recordHeaderLength = 16;
  /** Offset in the input of the first byte that is not used up. */
  #offset = 0;
  #fault = { offset: 0, message: '' };
  #frame: number;
  #packets = 0;
  needed = 4;

  constructor(events: CaptureEvents) {
    this.#events = events;
    this.#frame = events.firstFrame ?? 1;
    this.#packet.interfaceId = events.firstInterfaceId ?? 0;
  }

  get format(): CaptureFormat {
    return this.#format;
  }

  get header(): 'not-read' | 'read' | 'refused' {
    if (this.#state === 'refused') return 'refused';
    return this.#header === undefined ? 'not-read' : 'read';
  }

  get precision(): Precision {
    return this.#header?.precision ?? 'us';
  }

  get nextFrame(): number {
    return this.#frame;
  }

  get nextInterfaceId(): number {
    return this.#packet.interfaceId + 1;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#carry.push(this, bytes, start, end);
  }

  finish(how: 'end' | 'interrupted' = 'end'): void {
    this.#final = true;
    if (this.#state === 'layout' || this.#state === 'search') {
      this.needed = 1;
      this.push(this.#carry.held, 0, 0);
    }
    if (how === 'interrupted') return;
    if (this.#state === 'search') this.#reportFault('no record header was found in the rest');
    if (this.#carry.length > 0 && this.#state !== 'search') this.#reportTruncation();
  }

  #reportTruncation(): void {
    const what = this.#state === 'file-header' ? 'file header' : 'record';
    const message = `the input ends inside a ${what}: ${this.#carry.length} of ${this.needed} bytes are there`;
    this.#events.onProblem(this.#offset, 'truncated-record', message);
  }

  #reportFault(outcome: string): void {
    this.#events.onProblem(this.#fault.offset, 'malformed-header', `${this.#fault.message}; ${outcome}`);
  }

  /** For {@link CarryOver} only. */
  consume(bytes: Uint8Array, start: number, end: number): number {
    const origin = this.#offset - start;
    let at = start;
    for (;;) {
      const state = this.#state;
      at = this.#step(state, bytes, at, end);
      this.#offset = origin + at;
      if (state === this.#state) return at;
    }
  }

  /** Goes on until the state changes or bytes are missing. */
  #step(state: State, bytes: Uint8Array, at: number, end: number): number {
    switch (state) {
      case 'file-header':
        return this.#readFileHeader(bytes, at, end);
      case 'layout':
        return this.#decideLayout(bytes, at, end);
      case 'records':
        return this.#readRecords(bytes, at, end);
      case 'search':
        return this.#search(bytes, at, end);
      case 'refused':
        this.needed = 1;
        return end;
    }
  }

  #readFileHeader(bytes: Uint8Array, at: number, end: number): number {
    this.needed = end - at < 4 ? 4 : pcapHeaderLength(bytes, at);
    if (end - at < this.needed) return at;
    const header = readPcapHeader(bytes, at);
    if (header === undefined) {
      this.#events.onProblem(this.#offset, 'malformed-header', 'no pcap file header of a known version');
      this.#state = 'refused';
      return at;
    }
    this.#header = header;
    this.#packet.linkType = header.linkType;
    this.#packet.fcsLength = header.fcsLength;
    this.#state = header.layouts.length === 1 ? 'records' : 'layout';
    this.#useLayout(0);
    return at + header.headerLength;
  }

  #useLayout(index: number): void {
    const layout = this.#header!.layouts[index]!;
    this.#recordHeaderLength = layout.recordHeaderLength;
    this.#format = this.#header!.precision === 'ns' && layout.format === 'pcap' ? 'pcap-ns' : layout.format;
  }

  /** Some variants share their magic: the layout after whose first record a plausible header stands is the one. */
  #decideLayout(bytes: Uint8Array, at: number, end: number): number {
    const header = this.#header!;
    const longest = Math.max(...header.layouts.map((layout) => layout.recordHeaderLength));
    this.needed = longest;
    if (end - at < longest && !this.#final) return at;
    if (end - at >= 16) {
      const captured = uint32(bytes, at + 8, header.littleEndian);
      this.needed = captured > header.recordLimit ? longest : longest + captured + longest;
      if (end - at < this.needed && !this.#final) return at;
      const fits = header.layouts.findIndex(({ recordHeaderLength }) => {
        const next = at + recordHeaderLength + captured;
        return next + 16 <= end && this.#isPlausible(bytes, next);
      });
      if (fits > 0) this.#useLayout(fits);
    }
    this.#state = 'records';
    return at;
  }

  /** Hot path: a record costs no allocation and no call but the sink's. */
  #readRecords(bytes: Uint8Array, start: number, end: number): number {
    const header = this.#header!;
    const { littleEndian, recordLimit: limit, lengths } = header;
    const unitsPerSecond = header.precision === 'ns' ? 1_000_000_000 : 1_000_000;
    const nanosecondsPerUnit = 1_000_000_000 / unitsPerSecond;
    const headerLength = this.#recordHeaderLength;
    const packet = this.#packet;
    const sink = this.#events.onPacket;
    const origin = this.#offset - start;
    packet.bytes = bytes;
    let at = start;
    while (end - at >= headerLength) {
      let captured = uint32(bytes, at + 8, littleEndian);
      let original = uint32(bytes, at + 12, littleEndian);
      if (lengths !== 'captured-first' && (lengths === 'original-first' || captured > original)) {
        const first = captured;
        captured = original;
        original = first;
      }
      const seconds = uint32(bytes, at, littleEndian);
      const fraction = uint32(bytes, at + 4, littleEndian);
      if (captured > limit || (original === 0 && captured === 0 && seconds === 0 && fraction === 0)) {
        this.#fault = { offset: origin + at, message: describeFault(captured, limit) };
        this.#state = 'search';
        return at + 1;
      }
      const next = at + headerLength + captured;
      if (next > end) {
        this.needed = headerLength + captured;
        return at;
      }
      packet.seconds = seconds;
      packet.nanoseconds = fraction * nanosecondsPerUnit;
      if (fraction >= unitsPerSecond) {
        packet.seconds += Math.floor(fraction / unitsPerSecond);
        packet.nanoseconds = (fraction % unitsPerSecond) * nanosecondsPerUnit;
      }
      packet.start = at + headerLength;
      packet.end = next;
      packet.originalLength = original;
      packet.fileOffset = origin + at;
      packet.frame = this.#frame++;
      this.#packets++;
      at = next;
      sink(packet);
    }
    this.needed = headerLength;
    return at;
  }

  /** A header that the main path would take, and that garbage is unlikely to imitate. */
  #isPlausible(bytes: Uint8Array, at: number): boolean {
    const { littleEndian, precision, lengths } = this.#header!;
    const captured = this.#capturedLength(bytes, at);
    if (captured === 0 || captured > MAX_RECORD_BYTES) return false;
    const original = uint32(bytes, lengths === 'original-first' ? at + 8 : at + 12, littleEndian);
    if (original < captured || original > 0x0100_0000) return false;
    if (uint32(bytes, at + 4, littleEndian) >= (precision === 'ns' ? 1_000_000_000 : 1_000_000)) return false;
    if (this.#packets === 0) return true;
    return Math.abs(uint32(bytes, at, littleEndian) - this.#packet.seconds) <= RESYNC_SECONDS;
  }

  #capturedLength(bytes: Uint8Array, at: number): number {
    const { littleEndian, lengths } = this.#header!;
    return uint32(bytes, lengths === 'original-first' ? at + 12 : at + 8, littleEndian);
  }

  #search(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; ; at++) {
      const verdict = this.#followChain(bytes, at, end);
      if (verdict === 'plausible') {
        const offset = this.#offset + at - start;
        this.#reportFault(`${offset - this.#fault.offset} bytes were skipped, reading went on at byte ${offset}`);
        this.#state = 'records';
        return at;
      }
      if (verdict === 'implausible') continue;
      if (at >= end || !this.#final) return at;
    }
  }

  /** `unknown`: more bytes are needed to tell; `needed` says how many from `at`. */
  #followChain(bytes: Uint8Array, at: number, end: number): 'plausible' | 'implausible' | 'unknown' {
    let position = at;
    for (let links = 0; links < RESYNC_CHAIN; links++) {
      if (position + this.#recordHeaderLength > end) {
        // At the end of the input a shorter chain must do, one that ends with the input or has two links.
        if (this.#final && (links >= 2 || (links === 1 && position === end))) return 'plausible';
        this.needed = position - at + this.#recordHeaderLength;
        return 'unknown';
      }
      if (!this.#isPlausible(bytes, position)) return 'implausible';
      position += this.#recordHeaderLength + this.#capturedLength(bytes, position);
    }
    return 'plausible';
  }
}

/** A file system that crashed leaves zeros at the end of a file: they are no empty packets of 1970. */
function describeFault(captured: number, limit: number): string {
  if (captured === 0) return 'a record header is all zeros';
  return `a record header says ${captured} captured bytes, more than the limit of ${limit}`;
}
