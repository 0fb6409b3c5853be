import type { Cursor, Next, UndecodedReason } from './cursor.ts';
import type { Encapsulations, Tunnel } from './encapsulation.ts';

/** Tunnels inside each other that are unwrapped; no real network nests deeper, a hostile packet might. */
export const MAX_TUNNELS = 8;

/** UDP destination ports: VXLAN (RFC 7348) and Linux's older default, which flannel uses; Geneve (RFC 8926). */
const VXLAN_PORT = 4789;
const LINUX_VXLAN_PORT = 8472;
const GENEVE_PORT = 6081;

const UDP_HEADER = 8;
const VXLAN_VALID_VNI = 0x08;

/** GRE flags (RFC 2784, RFC 2890; routing and version: RFC 1701 and RFC 2637). */
const Gre = { CHECKSUM: 0x8000, ROUTING: 0x4000, KEY: 0x2000, SEQUENCE: 0x1000, VERSION: 0x0007 } as const;
const ERSPAN_I_II = 0x88be;
const ERSPAN_III = 0x22eb;
/** An ERSPAN source that cuts what it mirrors leaves the inner length as the only true one: at most an IP packet. */
const MAX_MIRRORED_FRAME = 65_535 + 64;

/** UDP is followed only where its destination port names a tunnel and the content agrees. */
export function enterUdp(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(UDP_HEADER, 'malformed-transport-header');
  if (lacking !== undefined) return lacking;
  const port = cursor.uint16(2);
  const length = cursor.uint16(4);
  // 0 is a jumbogram (RFC 2675 section 4): as long as IP says.
  if (length !== 0) {
    if (length < UDP_HEADER) return 'malformed-transport-header';
    cursor.limit(length);
  }
  cursor.position += UDP_HEADER;
  if (port === VXLAN_PORT || port === LINUX_VXLAN_PORT) return enterVxlan(cursor, encapsulations);
  return port === GENEVE_PORT ? enterGeneve(cursor, encapsulations) : 'datagram';
}

/** IPv4 or IPv6 in IP (RFC 2003, RFC 2473, RFC 4213). */
export function enterIpInIp(cursor: Cursor, encapsulations: Encapsulations, outer: 4 | 6, inner: 4 | 6): Next {
  const tooDeep = enterTunnel(cursor, encapsulations, outer === 4 && inner === 6 ? '6in4' : 'ipip');
  return tooDeep ?? (inner === 4 ? 'ipv4' : 'ipv6');
}

function enterTunnel(
  cursor: Cursor,
  encapsulations: Encapsulations,
  kind: Tunnel,
  identifier?: number,
): UndecodedReason | undefined {
  cursor.tunnels += 1;
  if (cursor.tunnels > MAX_TUNNELS) return 'nested-too-deep';
  cursor.encapsulation = encapsulations.enter(cursor.encapsulation, kind, identifier);
  return undefined;
}

function enterVxlan(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(8, 'malformed-tunnel-header');
  if (lacking === 'cut-header') return lacking;
  if (lacking !== undefined || (cursor.uint8(0) & VXLAN_VALID_VNI) === 0) return 'datagram';
  const tooDeep = enterTunnel(cursor, encapsulations, 'vxlan', cursor.uint24(4));
  cursor.position += 8;
  return tooDeep ?? 'ethernet';
}

function enterGeneve(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(8, 'malformed-tunnel-header');
  if (lacking === 'cut-header') return lacking;
  if (lacking !== undefined || cursor.uint8(0) >>> 6 !== 0) return 'datagram';
  const length = 8 + ((cursor.uint8(0) & 0x3f) << 2);
  const lackingOptions = cursor.lacks(length, 'malformed-tunnel-header');
  if (lackingOptions === 'cut-header') return lackingOptions;
  if (lackingOptions !== undefined) return 'datagram';
  cursor.protocol = cursor.uint16(2);
  const tooDeep = enterTunnel(cursor, encapsulations, 'geneve', cursor.uint24(4));
  cursor.position += length;
  return tooDeep ?? 'ether-type';
}

/** GRE version 0. Version 1 carries PPP (RFC 2637), which may be compressed: it is not followed. */
export function enterGre(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(4, 'malformed-tunnel-header');
  if (lacking !== undefined) return lacking;
  const flags = cursor.uint16(0);
  const protocol = cursor.uint16(2);
  if ((flags & Gre.VERSION) !== 0 || (flags & Gre.ROUTING) !== 0) return 'other';
  const keyOffset = (flags & Gre.CHECKSUM) === 0 ? 4 : 8;
  const sequenceOffset = keyOffset + ((flags & Gre.KEY) === 0 ? 0 : 4);
  const length = sequenceOffset + ((flags & Gre.SEQUENCE) === 0 ? 0 : 4);
  const lackingOptions = cursor.lacks(length, 'malformed-tunnel-header');
  if (lackingOptions !== undefined) return lackingOptions;
  const key = (flags & Gre.KEY) === 0 ? undefined : cursor.uint32(keyOffset);
  cursor.position += length;
  cursor.protocol = protocol;
  if (protocol === ERSPAN_III) return enterErspan3(cursor, encapsulations);
  if (protocol !== ERSPAN_I_II) return enterTunnel(cursor, encapsulations, 'gre', key) ?? 'ether-type';
  // Type I has no header of its own and no GRE sequence number; type II always has one.
  if ((flags & Gre.SEQUENCE) !== 0) return enterErspan2(cursor, encapsulations);
  return enterTunnel(cursor, encapsulations, 'erspan') ?? 'ethernet';
}

/** ERSPAN type II (draft-foschiano-erspan section 4.2): 8 octets. */
function enterErspan2(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(8, 'malformed-tunnel-header');
  if (lacking !== undefined) return lacking;
  const tagKept = (cursor.uint16(2) & 0x1800) === 0x1800;
  const tooDeep = enterMirror(cursor, encapsulations, tagKept ? 0 : cursor.uint16(0) & 0x0fff);
  cursor.position += 8;
  if (isCut(cursor, 8)) cursor.wireEnd = cursor.position + MAX_MIRRORED_FRAME;
  return tooDeep ?? 'ethernet';
}

/** ERSPAN type III (draft-foschiano-erspan section 4.3): 12 octets and, with the O flag, 8 more. */
function enterErspan3(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(12, 'malformed-tunnel-header');
  if (lacking !== undefined) return lacking;
  const last = cursor.uint16(10);
  const length = (last & 0x0001) === 0 ? 12 : 20;
  const lackingRest = cursor.lacks(length, 'malformed-tunnel-header');
  if (lackingRest !== undefined) return lackingRest;
  const tooDeep = enterMirror(cursor, encapsulations, cursor.uint16(0) & 0x0fff);
  const frameType = (last >>> 10) & 0x1f;
  cursor.position += length;
  if (isCut(cursor, length)) cursor.wireEnd = cursor.position + MAX_MIRRORED_FRAME;
  if (tooDeep !== undefined) return tooDeep;
  if (frameType === 0) return 'ethernet';
  if (frameType !== 2) return 'other';
  const lackingIp = cursor.lacks(1, 'malformed-ip-header');
  if (lackingIp !== undefined) return lackingIp;
  return cursor.uint8(0) >>> 4 === 6 ? 'ipv6' : 'ipv4';
}

/** The T flag, at the same place in both types; `headerLength` octets back. */
function isCut(cursor: Cursor, headerLength: number): boolean {
  return (cursor.uint8(2 - headerLength) & 0x04) !== 0;
}

/** A mirrored frame whose VLAN tag moved into the ERSPAN header keeps its VLAN. */
function enterMirror(cursor: Cursor, encapsulations: Encapsulations, vlan: number): UndecodedReason | undefined {
  const tooDeep = enterTunnel(cursor, encapsulations, 'erspan', cursor.uint16(2) & 0x03ff);
  if (tooDeep === undefined && vlan !== 0) {
    cursor.encapsulation = encapsulations.enter(cursor.encapsulation, 'vlan', vlan);
  }
  return tooDeep;
}
