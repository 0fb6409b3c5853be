import type { DecodeError, Fault } from '../bytes/reader.ts';
import { Reader } from '../bytes/reader.ts';

/** Identifier octets of the universal types that X.509 uses (ITU-T X.690 section 8.1.2, X.680 table 1). */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const UTF8_STRING = 0x0c;
export const NUMERIC_STRING = 0x12;
export const PRINTABLE_STRING = 0x13;
export const TELETEX_STRING = 0x14;
export const IA5_STRING = 0x16;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const VISIBLE_STRING = 0x1a;
export const UNIVERSAL_STRING = 0x1c;
export const BMP_STRING = 0x1e;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** Context-specific identifier octets: `[n]` of a primitive and of a constructed value. */
export const contextPrimitive = (n: number): number => 0x80 | n;
export const contextConstructed = (n: number): number => 0xa0 | n;

/** Nesting of a certificate is about 8 deep; the bound protects the stack from hostile encodings. */
export const DER_DEPTH_MAX = 24;
/** Object identifiers in use have at most about 20 octets; the bound keeps their text short. */
export const OID_OCTETS_MAX = 64;

export type TagClass = 'universal' | 'application' | 'context' | 'private';
const TAG_CLASSES: readonly TagClass[] = ['universal', 'application', 'context', 'private'];

/** One value: identifier, content, and the whole encoding. Both byte ranges are views. */
export interface DerElement {
  /** First identifier octet; the tag number of the long form stands in `tagNumber`. */
  readonly identifier: number;
  readonly tagClass: TagClass;
  readonly tagNumber: number;
  readonly content: Uint8Array;
  readonly encoding: Uint8Array;
  /** Offset of the content from the first byte of the outermost structure. */
  readonly contentOffset: number;
}

/**
 * Reads DER values (ITU-T X.690 section 10) from a byte array, front to back, on top of `Reader`.
 *
 * Strict in what decides the meaning (definite lengths, expected tags, nothing left over), lenient in what does not:
 * lengths that are longer than needed are read, since OpenSSL and the JDK read them too. Failures are `DecodeError`
 * with the field path and the offset from the first byte of the outermost structure.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #reader: Reader;
  readonly #depth: number;

  /** `reader` and `depth` are for nested readers: `reader` counts its offsets from the start of `bytes`. */
  constructor(bytes: Uint8Array, path = 'der', reader: Reader = new Reader(bytes, path), depth = 0) {
    this.#bytes = bytes;
    this.#reader = reader;
    this.#depth = depth;
  }

  get offset(): number {
    return this.#reader.offset;
  }

  get remaining(): number {
    return this.#reader.remaining;
  }

  get path(): string {
    return this.#reader.path;
  }

  fail(fault: Fault, field: string, detail?: string): DecodeError {
    return this.#reader.fail(fault, field, detail);
  }

  /** Whether the next value has this identifier octet: tells OPTIONAL and CHOICE apart without reading on. */
  is(identifier: number): boolean {
    return this.#reader.remaining > 0 && this.#bytes[this.#reader.offset] === identifier;
  }

  #identifier(field: string, expected: number | undefined): number {
    if (expected !== undefined && !this.is(expected) && this.#reader.remaining > 0) {
      const found = this.#bytes[this.#reader.offset]!;
      throw this.fail('illegal-value', field, `tag 0x${hex8(found)}, not 0x${hex8(expected)}`);
    }
    return this.#reader.uint8(field);
  }

  /** X.690 section 8.1.3: the short form, or the long form of at most four octets. */
  #contentLength(field: string): number {
    const first = this.#reader.uint8(field);
    if (first < 0x80) return first;
    if (first === 0x80) throw this.fail('unsupported', field, 'indefinite length');
    const octets = first & 0x7f;
    if (octets > 4) throw this.fail('length-out-of-range', field, `length of ${octets} octets`);
    let length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + this.#reader.uint8(field);
    return length;
  }

  /** X.690 section 8.1.2.4: tag numbers from 31 on follow in base 128. */
  #longTagNumber(field: string): number {
    let number = 0;
    for (let octet = 0x80; octet & 0x80; ) {
      octet = this.#reader.uint8(field);
      number = number * 128 + (octet & 0x7f);
      if (number > 0xffff) throw this.fail('unsupported', field, 'tag number above 65535');
    }
    return number;
  }

  /** The next value, whatever it is, or of the `expected` identifier octet. */
  element(field: string, expected?: number): DerElement {
    const start = this.#reader.offset;
    const identifier = this.#identifier(field, expected);
    const tagNumber = (identifier & 0x1f) === 0x1f ? this.#longTagNumber(field) : identifier & 0x1f;
    const length = this.#contentLength(field);
    const contentOffset = this.#reader.offset;
    const content = this.#reader.bytes(length, field);
    const encoding = this.#bytes.subarray(start, contentOffset + length);
    return { identifier, tagClass: TAG_CLASSES[identifier >> 6]!, tagNumber, content, encoding, contentOffset };
  }

  /**
   * A reader over the content of the next value.
   *
   * @param onCut where given, a value that is longer than what is left is read as far as it goes, and its fault is
   *   handed over instead of thrown: certificates in cut packets still name their holder
   */
  inside(identifier: number, field: string, onCut?: (fault: DecodeError) => void): DerReader {
    if (this.#depth >= DER_DEPTH_MAX) throw this.fail('unsupported', field, `nested deeper than ${DER_DEPTH_MAX}`);
    this.#identifier(field, identifier);
    let length = this.#contentLength(field);
    if (onCut !== undefined && length > this.remaining) {
      onCut(this.fail('truncated', field, `${length} bytes needed, ${this.remaining} left`));
      length = this.remaining;
    }
    return new DerReader(this.#bytes, '', this.#reader.window(length, field), this.#depth + 1);
  }

  /** A reader over the content of an OCTET STRING or BIT STRING that holds DER itself. */
  within(element: DerElement, field: string, skip = 0): DerReader {
    if (this.#depth >= DER_DEPTH_MAX) throw this.fail('unsupported', field, `nested deeper than ${DER_DEPTH_MAX}`);
    const end = element.contentOffset + element.content.length;
    const start = Math.min(element.contentOffset + skip, end);
    const reader = new Reader(this.#bytes, `${this.path}.${field}`, start, end, 0);
    return new DerReader(this.#bytes, '', reader, this.#depth + 1);
  }

  /** Two's complement octets of an INTEGER, at least one (X.690 section 8.3). */
  integer(field: string, identifier: number = INTEGER): Uint8Array {
    const { content } = this.element(field, identifier);
    if (content.length === 0) throw this.fail('length-out-of-range', field, 'empty INTEGER');
    return content;
  }

  /** A small INTEGER that is not negative. */
  smallInteger(field: string, identifier: number = INTEGER): number {
    const octets = this.integer(field, identifier);
    if (octets[0]! >= 0x80 || octets.length > 6) throw this.fail('illegal-value', field);
    return octets.reduce((value, octet) => value * 256 + octet, 0);
  }

  boolean(field: string): boolean {
    const { content } = this.element(field, BOOLEAN);
    if (content.length !== 1) throw this.fail('length-out-of-range', field, 'BOOLEAN');
    return content[0] !== 0;
  }

  /** Dotted decimal (X.690 section 8.19). */
  oid(field: string): string {
    const { content } = this.element(field, OBJECT_IDENTIFIER);
    const text = formatOid(content);
    if (text === undefined) throw this.fail('illegal-value', field, 'OBJECT IDENTIFIER');
    return text;
  }

  /** RFC 3339 in UTC, to the second, of a UTCTime or GeneralizedTime. */
  time(field: string): string {
    const { identifier, content } = this.element(field);
    if (identifier !== UTC_TIME && identifier !== GENERALIZED_TIME) {
      throw this.fail('illegal-value', field, `tag 0x${hex8(identifier)} is no time`);
    }
    const text = formatTime(identifier, content);
    if (text === undefined) throw this.fail('illegal-value', field, 'time');
    return text;
  }

  end(): void {
    this.#reader.end();
  }
}

/** Positions of the bits that are set, the first bit being 0; unused bits are left out (X.690 section 8.6). */
export function bitsOf(bitString: Uint8Array): number[] {
  const bits: number[] = [];
  const unused = Math.min(bitString[0] ?? 0, 7);
  const count = (bitString.length - 1) * 8 - unused;
  for (let bit = 0; bit < count; bit++) {
    if (bitString[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) bits.push(bit);
  }
  return bits;
}

/** Dotted text of the content of an OBJECT IDENTIFIER or RELATIVE-OID base; `undefined` where it is none. */
export function formatOid(content: Uint8Array): string | undefined {
  const length = content.length;
  if (length === 0 || length > OID_OCTETS_MAX || content[length - 1]! >= 0x80) return undefined;
  let text = '';
  for (let at = 0; at < length; ) {
    if (content[at] === 0x80) return undefined;
    let arc = 0;
    let octet = 0x80;
    const start = at;
    while (octet >= 0x80) {
      octet = content[at++]!;
      arc = arc * 128 + (octet & 0x7f);
    }
    // Seven octets fit 49 bits; longer arcs (of UUIDs, X.667) need more than a double holds.
    const value = at - start > 7 ? longArc(content.subarray(start, at)) : arc;
    text += text === '' ? firstArcs(value) : `.${value}`;
  }
  return text;
}

function longArc(octets: Uint8Array): bigint {
  return octets.reduce((value, octet) => (value << 7n) | BigInt(octet & 0x7f), 0n);
}

/** X.690 section 8.19.4: the first two arcs share a value, 40 times the first plus the second. */
function firstArcs(value: number | bigint): string {
  if (value >= 80) return `2.${typeof value === 'bigint' ? value - 80n : value - 80}`;
  return value >= 40 ? `1.${Number(value) - 40}` : `0.${value}`;
}

const TIME = /^(\d\d|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?(Z|[+-]\d{4})$/;

/**
 * RFC 3339 text of a time. RFC 5280 section 4.1.2.5 asks for seconds and `Z`; X.680 knows times without seconds and
 * with an offset, which old certificates have: they are read, and given in UTC.
 */
export function formatTime(identifier: number, content: Uint8Array): string | undefined {
  const match = TIME.exec(String.fromCharCode(...content.subarray(0, 32)));
  if (match === null || content.length > 32) return undefined;
  const utcTime = identifier === UTC_TIME;
  if ((match[1]!.length === 2) !== utcTime) return undefined;
  // RFC 5280 section 4.1.2.5.1: YY >= 50 is 19YY, else 20YY.
  const year = utcTime ? Number(match[1]) + (Number(match[1]) >= 50 ? 1900 : 2000) : Number(match[1]);
  const [month, day, hour, minute, second] = [match[2], match[3], match[4], match[5], match[6] ?? '0'].map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month! - 1, day);
  date.setUTCHours(hour!, minute, second, 0);
  // Date carries over what is out of range (31 June); such a time is none.
  const same = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!same || date.getUTCMinutes() !== minute || date.getUTCSeconds() !== second) return undefined;
  const offset = offsetMinutes(match[7]!);
  if (offset === undefined) return undefined;
  const text = new Date(date.getTime() - offset * 60_000).toISOString();
  return text.length === 24 ? `${text.slice(0, 19)}Z` : undefined;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function hex8(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
