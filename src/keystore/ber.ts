import { DecodeError } from '../bytes/reader.ts';
import { DER_DEPTH_MAX } from '../x509/der.ts';

/**
 * The same value with definite lengths and OCTET STRINGs in one piece: PKCS#12 files of NSS, Windows and Bouncy Castle
 * are BER (X.690 section 8), which RFC 7292 allows. Octets without an indefinite length come back as they are.
 *
 * Bytes are indexed directly: this only finds lengths, and all values are read by `DerReader` afterwards.
 *
 * @throws DecodeError
 */
export function definite(bytes: Uint8Array, path: string): Uint8Array {
  if (!beginsIndefinite(bytes)) return bytes;
  const { encoding, end } = convert(bytes, 0, bytes.length, path, 0);
  return Buffer.concat([encoding, bytes.subarray(end)]);
}

function beginsIndefinite(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x20) !== 0 && bytes[1] === 0x80;
}

interface Converted {
  readonly identifier: number;
  readonly content: Uint8Array;
  readonly encoding: Uint8Array;
  /** Offset behind the value in the input. */
  readonly end: number;
}

function convert(bytes: Uint8Array, start: number, limit: number, path: string, depth: number): Converted {
  if (depth > DER_DEPTH_MAX) throw new DecodeError(path, start, 'unsupported', `nested deeper than ${DER_DEPTH_MAX}`);
  if (start + 2 > limit) throw new DecodeError(path, start, 'truncated');
  const identifier = bytes[start]!;
  if ((identifier & 0x1f) === 0x1f) throw new DecodeError(path, start, 'unsupported', 'tag number above 30');
  const { length, from } = readLength(bytes, start, limit, path);
  const end = length === 'indefinite' ? undefined : from + length;
  if (end !== undefined && end > limit) throw new DecodeError(path, start, 'truncated', `${length} bytes needed`);
  if ((identifier & 0x20) === 0) {
    if (end === undefined) throw new DecodeError(path, start, 'illegal-value', 'primitive of indefinite length');
    return { identifier, content: bytes.subarray(from, end), encoding: bytes.subarray(start, end), end };
  }
  const children: Converted[] = [];
  let at = from;
  while (end === undefined ? !isEndOfContents(bytes, at, limit) : at < end) {
    const child = convert(bytes, at, end ?? limit, path, depth + 1);
    children.push(child);
    at = child.end;
  }
  return { ...joined(identifier, children), end: end === undefined ? at + 2 : at };
}

/** X.690 section 8.1.5. */
function isEndOfContents(bytes: Uint8Array, at: number, limit: number): boolean {
  return at + 2 <= limit && bytes[at] === 0 && bytes[at + 1] === 0;
}

function readLength(
  bytes: Uint8Array,
  start: number,
  limit: number,
  path: string,
): { readonly length: number | 'indefinite'; readonly from: number } {
  const first = bytes[start + 1]!;
  if (first === 0x80) return { length: 'indefinite', from: start + 2 };
  if (first < 0x80) return { length: first, from: start + 2 };
  const octets = first & 0x7f;
  if (octets > 4) throw new DecodeError(path, start, 'length-out-of-range', `length of ${octets} octets`);
  if (start + 2 + octets > limit) throw new DecodeError(path, start, 'truncated');
  let length = 0;
  for (let i = 0; i < octets; i++) length = length * 256 + bytes[start + 2 + i]!;
  return { length, from: start + 2 + octets };
}

/** X.690 section 8.7.3: an OCTET STRING may be built of OCTET STRINGs. */
function joined(identifier: number, children: readonly Converted[]): Omit<Converted, 'end'> {
  const pieces = identifier === 0x24;
  const content = Buffer.concat(children.map((child) => (pieces ? child.content : child.encoding)));
  const primitive = pieces ? 0x04 : identifier;
  return { identifier: primitive, content, encoding: definiteValue(primitive, content) };
}

/** With a length in as few octets as it takes, as DER wants it. */
export function definiteValue(identifier: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(identifier, length), content]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest & 0xff);
  return Buffer.concat([Buffer.of(identifier, 0x80 | octets.length, ...octets), content]);
}
