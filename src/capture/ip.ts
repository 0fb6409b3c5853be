import { type ChecksumState, checkIpv4Header, sumAddressWord } from './checksum.ts';
import type { Cursor, Next } from './cursor.ts';

/** IP protocol numbers (IANA) that lead on, or to TCP. */
export const IpProtocol = {
  HOP_BY_HOP: 0,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  IPV6: 41,
  ROUTING: 43,
  FRAGMENT: 44,
  GRE: 47,
  AUTHENTICATION: 51,
  DESTINATION_OPTIONS: 60,
  MOBILITY: 135,
  HOST_IDENTITY: 139,
  SHIM6: 140,
} as const;

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const JUMBO_PAYLOAD_OPTION = 0xc2;

/** What of the innermost IP header outlives it. One object is reused for all packets. */
export class IpHeader {
  version: 4 | 6 = 4;
  /** Signed 32-bit words; IPv4 addresses stand in the first. */
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  /** 16 bits in IPv4; 32 bits of a fragment header in IPv6, else 0. */
  identification = 0;
  /** Octets. */
  fragmentOffset = 0;
  fragments: 'more' | 'last' = 'last';
  /** IPv6 has no header checksum and is always right. */
  checksum: ChecksumState = 'right';

  /** The part of the pseudo-header that both addresses make up, not folded. */
  get addressSum(): number {
    return (
      sumAddressWord(this.source0) +
      sumAddressWord(this.source1) +
      sumAddressWord(this.source2) +
      sumAddressWord(this.source3) +
      sumAddressWord(this.destination0) +
      sumAddressWord(this.destination1) +
      sumAddressWord(this.destination2) +
      sumAddressWord(this.destination3)
    );
  }
}

/** IPv4 (RFC 791). The total length ends the packet: what the link adds behind it is padding. */
export function enterIpv4(cursor: Cursor, ip: IpHeader): Next {
  const lacking = cursor.lacks(IPV4_HEADER, 'malformed-ip-header');
  if (lacking !== undefined) return lacking;
  const first = cursor.uint8(0);
  const headerLength = (first & 0x0f) << 2;
  if (first >>> 4 !== 4 || headerLength < IPV4_HEADER) return 'malformed-ip-header';
  const lackingOptions = cursor.lacks(headerLength, 'malformed-ip-header');
  if (lackingOptions !== undefined) return lackingOptions;
  const totalLength = cursor.uint16(2);
  // Segmentation offload leaves 0, as does BIG TCP above 65,535 octets: the packet then ends where the frame does.
  if (totalLength !== 0) {
    if (totalLength < headerLength) return 'malformed-ip-header';
    cursor.limit(totalLength);
  }
  ip.version = 4;
  ip.source0 = cursor.int32(12);
  ip.destination0 = cursor.int32(16);
  ip.source1 = ip.source2 = ip.source3 = 0;
  ip.destination1 = ip.destination2 = ip.destination3 = 0;
  ip.identification = cursor.uint16(4);
  ip.checksum = checkIpv4Header(cursor.bytes, cursor.position, cursor.position + headerLength);
  cursor.protocol = cursor.uint8(9);
  const fragment = cursor.uint16(6);
  cursor.position += headerLength;
  return enterFragmentFlags(ip, (fragment & 0x1fff) << 3, (fragment & 0x2000) !== 0);
}

function enterFragmentFlags(ip: IpHeader, offset: number, more: boolean): Next {
  ip.fragmentOffset = offset;
  ip.fragments = more ? 'more' : 'last';
  return more || offset !== 0 ? 'fragment' : 'transport';
}

/** The fixed IPv6 header (RFC 8200 section 3) and the length of the packet, jumbograms included. */
export function enterIpv6(cursor: Cursor, ip: IpHeader): Next {
  const lacking = cursor.lacks(IPV6_HEADER, 'malformed-ip-header');
  if (lacking !== undefined) return lacking;
  if (cursor.uint8(0) >>> 4 !== 6) return 'malformed-ip-header';
  ip.version = 6;
  ip.source0 = cursor.int32(8);
  ip.source1 = cursor.int32(12);
  ip.source2 = cursor.int32(16);
  ip.source3 = cursor.int32(20);
  readDestination(cursor, ip, 24);
  ip.identification = 0;
  ip.checksum = 'right';
  const payloadLength = cursor.uint16(4);
  cursor.protocol = cursor.uint8(6);
  cursor.position += IPV6_HEADER;
  if (payloadLength !== 0) cursor.limit(payloadLength);
  // 0 without the jumbo option is BIG TCP as recent Linux shows it: the packet ends where the frame does.
  else if (cursor.protocol === IpProtocol.HOP_BY_HOP) limitToJumboPayload(cursor);
  return 'transport';
}

function readDestination(cursor: Cursor, ip: IpHeader, offset: number): void {
  ip.destination0 = cursor.int32(offset);
  ip.destination1 = cursor.int32(offset + 4);
  ip.destination2 = cursor.int32(offset + 8);
  ip.destination3 = cursor.int32(offset + 12);
}

/** The jumbo payload option (RFC 2675 section 2) counts all octets after the fixed header. */
function limitToJumboPayload(cursor: Cursor): void {
  const optionsEnd = extensionLength(cursor);
  if (optionsEnd === undefined) return;
  for (let at = 2; at < optionsEnd; ) {
    const type = cursor.uint8(at);
    if (type === 0) {
      at += 1;
      continue;
    }
    if (at + 2 > optionsEnd) return;
    const length = cursor.uint8(at + 1);
    if (type === JUMBO_PAYLOAD_OPTION) {
      if (length === 4 && at + 6 <= optionsEnd) cursor.limit(cursor.uint32(at + 2));
      return;
    }
    at += 2 + length;
  }
}

/** Length of the extension header at the cursor; undefined where it was not captured whole. */
function extensionLength(cursor: Cursor): number | undefined {
  if (cursor.lacks(8, 'malformed-ip-header') !== undefined) return undefined;
  const length = (cursor.uint8(1) + 1) << 3;
  return cursor.lacks(length, 'malformed-ip-header') === undefined ? length : undefined;
}

/**
 * Passes one IPv6 extension header (RFC 8200 section 4), or the authentication header (RFC 4302) of either version.
 * A protocol that is none: `other`.
 */
export function enterExtension(cursor: Cursor, ip: IpHeader): Next {
  const protocol = cursor.protocol;
  if (protocol === IpProtocol.AUTHENTICATION) return passExtension(cursor, 8, 2);
  if (ip.version === 4) return 'other';
  switch (protocol) {
    case IpProtocol.HOP_BY_HOP:
    case IpProtocol.DESTINATION_OPTIONS:
    case IpProtocol.MOBILITY:
    case IpProtocol.HOST_IDENTITY:
    case IpProtocol.SHIM6:
      return passExtension(cursor, 8, 3);
    case IpProtocol.ROUTING:
      readFinalDestination(cursor, ip);
      return passExtension(cursor, 8, 3);
    case IpProtocol.FRAGMENT:
      return enterFragmentHeader(cursor, ip);
    default:
      return 'other';
  }
}

/** Lengths count units of `1 << unitShift` octets beyond the first 8. */
function passExtension(cursor: Cursor, fixedLength: number, unitShift: number): Next {
  const lacking = cursor.lacks(fixedLength, 'malformed-ip-header');
  if (lacking !== undefined) return lacking;
  const length = fixedLength + (cursor.uint8(1) << unitShift);
  const lackingRest = cursor.lacks(length, 'malformed-ip-header');
  if (lackingRest !== undefined) return lackingRest;
  cursor.protocol = cursor.uint8(0);
  cursor.position += length;
  return 'transport';
}

/**
 * While segments are left, the header's destination is the next hop only. The pseudo-header, and so the connection,
 * has the final one (RFC 8200 section 8.1): the last of the list in types 0 and 2, the first in type 4 (RFC 8754).
 */
function readFinalDestination(cursor: Cursor, ip: IpHeader): void {
  const length = extensionLength(cursor);
  if (length === undefined || length < 24 || cursor.uint8(3) === 0) return;
  const type = cursor.uint8(2);
  if (type === 4) readDestination(cursor, ip, 8);
  if (type === 0 || type === 2) readDestination(cursor, ip, 8 + ((length - 8) & ~15) - 16);
}

function enterFragmentHeader(cursor: Cursor, ip: IpHeader): Next {
  const lacking = cursor.lacks(8, 'malformed-ip-header');
  if (lacking !== undefined) return lacking;
  const fragment = cursor.uint16(2);
  cursor.protocol = cursor.uint8(0);
  ip.identification = cursor.uint32(4);
  cursor.position += 8;
  // Offset 0 with nothing to follow is an atomic fragment (RFC 6946): it goes on at once.
  return enterFragmentFlags(ip, fragment & 0xfff8, (fragment & 0x0001) !== 0);
}
