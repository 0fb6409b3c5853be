import { toHex } from '../bytes/hex.ts';
import { uint32 } from './events.ts';
import { pcapByteOrder } from './pcap-layout.ts';
import { isAsciiTransferType } from './pcapng-blocks.ts';

/** Bytes at the start of an input that tell what it is: type, length and byte order of a Section Header Block. */
export const SIGNATURE_BYTES = 12;

export type CaptureKind = 'pcap' | 'pcapng' | 'ascii-mode-transfer' | 'none';

/** What capture starts with these bytes; by magic, never by name. */
export function detectCapture(bytes: Uint8Array): CaptureKind {
  if (bytes.length < 4) return 'none';
  if (pcapByteOrder(bytes, 0) !== undefined) return 'pcap';
  const type = uint32(bytes, 0, false);
  if (type === 0x0a0d0d0a) return 'pcapng';
  // LF to CR LF makes 0D 0A 0D 0D of it; CR LF to LF makes 0A 0D 0A; without any CR 0A 0A remain.
  if (type === 0x0d0a0d0d || isAsciiTransferType(type) || type >>> 16 === 0x0a0a) return 'ascii-mode-transfer';
  return 'none';
}

const LOOKS_LIKE: readonly (readonly [hex: string, what: string])[] = [
  ['736e6f6f7000', 'a snoop capture (convert it with editcap)'],
  ['474d4255', 'a Microsoft Network Monitor capture (convert it with editcap)'],
  ['52545353', 'a Microsoft Network Monitor 1 capture (convert it with editcap)'],
  ['58435000', 'a NetXRay or Sniffer capture (convert it with editcap)'],
  ['5452534e4946', 'a Sniffer capture (convert it with editcap)'],
  ['1234cdef', 'an Apache Flink checkpoint'],
  ['feedfeed', 'a Java key store (JKS)'],
  ['cececece', 'a Java key store (JCEKS)'],
  ['7f454c46', 'an ELF program'],
  ['cafebabe', 'a Java class file'],
  ['89504e47', 'a PNG image'],
  ['25504446', 'a PDF document'],
  ['2d2d2d2d2d424547494e', 'a PEM file'],
  ['3c21', 'an HTML page'],
  ['3c68746d6c', 'an HTML page'],
  ['3c3f786d6c', 'an XML document'],
  ['3082', 'a DER certificate or PKCS #12 key store'],
  ['53514c69746520666f726d6174', 'an SQLite database'],
];

/** "found …" for messages: the first bytes, and what they look like. */
export function describeStart(bytes: Uint8Array): string {
  const start = bytes.subarray(0, SIGNATURE_BYTES);
  const hex = toHex(start);
  const known = LOOKS_LIKE.find(([prefix]) => hex.startsWith(prefix))?.[1];
  const guess = known ?? (start.length > 0 && start.every(isTextByte) ? 'text' : undefined);
  const spaced = hex.replace(/..(?=.)/g, '$& ');
  return guess === undefined ? `found ${spaced}` : `found ${spaced}: this looks like ${guess}`;
}

function isTextByte(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
