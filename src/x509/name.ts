import { toHex } from '../bytes/hex.ts';
import { DecodeError } from '../bytes/reader.ts';
import type { DerElement } from './der.ts';
import {
  BMP_STRING,
  DerReader,
  GENERALIZED_TIME,
  IA5_STRING,
  NUMERIC_STRING,
  PRINTABLE_STRING,
  SEQUENCE,
  SET,
  TELETEX_STRING,
  UNIVERSAL_STRING,
  UTC_TIME,
  UTF8_STRING,
  VISIBLE_STRING,
} from './der.ts';
import { ATTRIBUTE_TYPES } from './object-identifiers.ts';

/**
 * Text of a distinguished name (DER of RFC 5280 `Name`), as `openssl -nameopt RFC2253` prints it.
 *
 * RFC 4514 section 2.1: the last relative name comes first. Everything but printable ASCII is escaped `\XX` octet by
 * octet of its UTF-8 form, so hostile names cannot forge lines, colours or writing directions. a name that cannot be
 * read is `#` and its octets in hexadecimal. Never throws.
 */
export function parseDistinguishedName(der: Uint8Array): string {
  try {
    const reader = new DerReader(der, 'name');
    const text = readName(reader, 'rdnSequence');
    reader.end();
    return text;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return `#${toHex(der)}`;
  }
}

/**
 * The `Name` that comes next.
 *
 * @throws DecodeError
 */
export function readName(reader: DerReader, field: string): string {
  return readRdnSequence(reader.inside(SEQUENCE, field));
}

/** Names in use have some hundred octets; the bound keeps hostile ones out of memory and report. */
export const NAME_OCTETS_MAX = 16_384;

/** The content of a `Name`: relative distinguished names to the end of the reader. */
export function readRdnSequence(sequence: DerReader): string {
  if (sequence.remaining > NAME_OCTETS_MAX) {
    throw sequence.fail('unsupported', 'rdnSequence', `longer than ${NAME_OCTETS_MAX} octets`);
  }
  const attributes: string[] = [];
  for (let first = true; sequence.remaining > 0; first = false) {
    const set = sequence.inside(SET, 'relativeDistinguishedName');
    for (let joint = first ? '' : ','; set.remaining > 0; joint = '+') {
      attributes.push(joint, readAttribute(set));
    }
  }
  // Reversed with its joints: `,` and `+` stand behind the attribute that they were in front of.
  return attributes.reverse().join('');
}

function readAttribute(set: DerReader): string {
  const attribute = set.inside(SEQUENCE, 'attributeTypeAndValue');
  const oid = attribute.oid('type');
  const value = attribute.element('value');
  attribute.end();
  const name = ATTRIBUTE_TYPES[oid];
  const text = name === undefined ? undefined : decodeString(value);
  // RFC 4514 section 2.4: a type without a name, or a value without a string, is `#` and the DER of the value.
  return `${name ?? oid}=${text === undefined ? `#${toHex(value.encoding).toUpperCase()}` : escapeValue(text)}`;
}

/** Text of a character string type; `undefined` for other types and for octets that are no such text. */
export function decodeString(element: DerElement): string | undefined {
  switch (element.identifier) {
    case UTF8_STRING:
      return decodeUtf8(element.content);
    case PRINTABLE_STRING:
    case IA5_STRING:
    case NUMERIC_STRING:
    case VISIBLE_STRING:
    case TELETEX_STRING:
    case UTC_TIME:
    case GENERALIZED_TIME:
      // TeletexString is T.61 by the book; all that write it mean ISO 8859-1, and OpenSSL reads it so.
      return latin1(element.content);
    case BMP_STRING:
      return decodeUnits(element.content, 2);
    case UNIVERSAL_STRING:
      return decodeUnits(element.content, 4);
    default:
      return undefined;
  }
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return UTF8.decode(octets);
  } catch {
    return undefined;
  }
}

function decodeUnits(octets: Uint8Array, width: 2 | 4): string | undefined {
  if (octets.length % width !== 0) return undefined;
  let text = '';
  for (let at = 0; at < octets.length; at += width) {
    let code = 0;
    for (let i = 0; i < width; i++) code = code * 256 + octets[at + i]!;
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 ._:/@*()'?=&%!$^~|{}[\]`-]*[A-Za-z0-9]$/;

function escapeValue(text: string): string {
  if (PLAIN.test(text)) return text;
  const octets = Buffer.from(text, 'utf8');
  let escaped = '';
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i]!;
    const char = String.fromCharCode(octet);
    // RFC 4514 section 2.4: a leading `#` or space, a trailing space, and the seven special characters.
    const atEdge = (i === 0 && (char === '#' || char === ' ')) || (i === octets.length - 1 && char === ' ');
    if (atEdge || ',+"<>;\\'.includes(char)) escaped += `\\${char}`;
    else escaped += escapeOctet(octet);
  }
  return escaped;
}

/** Octets of a name that is not a distinguished name (DNS, URI, mail): printable ASCII, all else and `\` escaped. */
export function escapeText(octets: Uint8Array): string {
  let escaped = '';
  for (const octet of octets) escaped += octet === 0x5c ? '\\\\' : escapeOctet(octet);
  return escaped;
}

function escapeOctet(octet: number): string {
  if (octet >= 0x20 && octet < 0x7f) return String.fromCharCode(octet);
  return `\\${octet.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Values of the CN attributes of a name in the text form of {@link parseDistinguishedName}, escapes undone. */
export function commonNames(name: string): string[] {
  const names: string[] = [];
  for (const [, type, value] of name.matchAll(/(?:^|[,+])([^=,+]+)=((?:\\.|[^\\,+])*)/gs)) {
    if (type === 'CN' && !value!.startsWith('#')) names.push(unescapeValue(value!));
  }
  return names;
}

function unescapeValue(value: string): string {
  const octets: number[] = [];
  for (const [, hex, special, plain] of value.matchAll(/\\([0-9A-F]{2})|\\(.)|([^\\])/gs)) {
    octets.push(hex === undefined ? (special ?? plain)!.charCodeAt(0) : Number.parseInt(hex, 16));
  }
  return Buffer.from(octets).toString('utf8');
}
