import type { Cursor, Next } from './cursor.ts';
import type { Encapsulations } from './encapsulation.ts';

/** LINKTYPE_ values (the link-layer header types registry of tcpdump.org) that are decoded. */
export const LinkType = {
  NULL: 0,
  ETHERNET: 1,
  /** DLT_RAW of most systems, written to files by old tools. */
  DLT_RAW: 12,
  /** DLT_RAW of OpenBSD. */
  OPENBSD_DLT_RAW: 14,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

/** Names of further link types, for the message that refuses them. */
const LINK_TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'ETHERNET',
  3: 'AX25',
  6: 'IEEE802_5',
  7: 'ARCNET_BSD',
  8: 'SLIP',
  9: 'PPP',
  10: 'FDDI',
  50: 'PPP_HDLC',
  51: 'PPP_ETHER',
  100: 'ATM_RFC1483',
  101: 'RAW',
  104: 'C_HDLC',
  105: 'IEEE802_11',
  107: 'FRELAY',
  108: 'LOOP',
  113: 'LINUX_SLL',
  114: 'LTALK',
  117: 'PFLOG',
  119: 'IEEE802_11_PRISM',
  122: 'IP_OVER_FC',
  123: 'SUNATM',
  127: 'IEEE802_11_RADIOTAP',
  129: 'ARCNET_LINUX',
  138: 'APPLE_IP_OVER_IEEE1394',
  143: 'DOCSIS',
  163: 'IEEE802_11_AVS',
  187: 'BLUETOOTH_HCI_H4',
  189: 'USB_LINUX',
  192: 'PPI',
  195: 'IEEE802_15_4_WITHFCS',
  204: 'PPP_WITH_DIR',
  220: 'USB_LINUX_MMAPPED',
  227: 'CAN_SOCKETCAN',
  228: 'IPV4',
  229: 'IPV6',
  239: 'NFLOG',
  240: 'NETANALYZER',
  242: 'IPOIB',
  247: 'INFINIBAND',
  249: 'USBPCAP',
  252: 'WIRESHARK_UPPER_PDU',
  253: 'NETLINK',
  266: 'USB_DARWIN',
  271: 'VSOCK',
  272: 'NORDIC_BLE',
  276: 'LINUX_SLL2',
};

/** Tags of one frame that are unwrapped; deeper stacks are loops or damage. */
export const MAX_VLAN_TAGS = 8;
/** Labels of one MPLS stack. */
export const MAX_MPLS_LABELS = 16;

const EtherType = {
  IPV4: 0x0800,
  IPV6: 0x86dd,
  VLAN: 0x8100,
  SERVICE_VLAN: 0x88a8,
  OLD_QINQ: 0x9100,
  MPLS: 0x8847,
  MPLS_UPSTREAM: 0x8848,
  PPPOE_SESSION: 0x8864,
  TRANSPARENT_ETHERNET: 0x6558,
} as const;

/** Below this the field is an IEEE 802.3 length, up to 1500; 1501 to 1535 are undefined (IEEE 802.3 clause 3.2.6). */
const FIRST_ETHER_TYPE = 0x0600;
const MAX_802_3_LENGTH = 1500;

/** Sizes of the cooked headers (LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2). */
const SLL_HEADER = 16;
export const SLL2_HEADER = 20;

const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
const PPP_MPLS = 0x0281;

export function linkTypeName(linkType: number): string {
  const name = LINK_TYPE_NAMES[linkType];
  return name === undefined ? 'unknown' : `LINKTYPE_${name}`;
}

/** Reads the header that the capture's link type puts in front of each packet. */
export function enterLink(cursor: Cursor, linkType: number): Next {
  switch (linkType) {
    case LinkType.ETHERNET:
      return 'ethernet';
    case LinkType.DLT_RAW:
    case LinkType.OPENBSD_DLT_RAW:
    case LinkType.RAW:
      return enterRaw(cursor);
    case LinkType.IPV4:
      return 'ipv4';
    case LinkType.IPV6:
      return 'ipv6';
    case LinkType.NULL:
    case LinkType.LOOP:
      return enterLoopback(cursor, linkType);
    case LinkType.LINUX_SLL:
      return enterCooked(cursor, SLL_HEADER, SLL_HEADER - 2);
    case LinkType.LINUX_SLL2:
      return enterCooked(cursor, SLL2_HEADER, 0);
    default:
      return 'unsupported-link-type';
  }
}

function enterRaw(cursor: Cursor): Next {
  const lacking = cursor.lacks(1, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  return ipVersionAt(cursor, 0) ?? 'malformed-link-header';
}

function ipVersionAt(cursor: Cursor, offset: number): 'ipv4' | 'ipv6' | undefined {
  const version = cursor.uint8(offset) >>> 4;
  if (version === 4) return 'ipv4';
  return version === 6 ? 'ipv6' : undefined;
}

/**
 * LINKTYPE_NULL has the address family in the byte order of the capturing host, LINKTYPE_LOOP in network order.
 * Families are below 2^16, so the order shows. IPv6 is 10 (Linux), 23 (Windows), 24 (NetBSD, OpenBSD), 28 (FreeBSD)
 * or 30 (Darwin).
 */
function enterLoopback(cursor: Cursor, linkType: number): Next {
  const lacking = cursor.lacks(4, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  const bigEndian = cursor.uint32(0);
  const littleEndian = cursor.uint8(0) | (cursor.uint8(1) << 8);
  const family = linkType === LinkType.NULL && bigEndian > 0xffff ? littleEndian : bigEndian;
  cursor.position += 4;
  if (family === 2) return 'ipv4';
  return family === 10 || family === 23 || family === 24 || family === 28 || family === 30 ? 'ipv6' : 'other';
}

function enterCooked(cursor: Cursor, headerLength: number, protocolOffset: number): Next {
  const lacking = cursor.lacks(headerLength, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  cursor.protocol = cursor.uint16(protocolOffset);
  cursor.position += headerLength;
  // 4 is ETH_P_802_2: an LLC header follows; other values below the EtherTypes are Linux's own (linux/if_ether.h).
  if (cursor.protocol === 4) return enterLlc(cursor);
  return cursor.protocol < FIRST_ETHER_TYPE ? 'other' : 'ether-type';
}

/** Ethernet II, or IEEE 802.3 with LLC. */
export function enterEthernet(cursor: Cursor): Next {
  const lacking = cursor.lacks(14, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  cursor.protocol = cursor.uint16(12);
  cursor.position += 14;
  cursor.vlanTags = 0;
  return enterTypeOrLength(cursor);
}

function enterTypeOrLength(cursor: Cursor): Next {
  if (cursor.protocol >= FIRST_ETHER_TYPE) return 'ether-type';
  if (cursor.protocol > MAX_802_3_LENGTH) return 'other';
  cursor.limit(cursor.protocol);
  return enterLlc(cursor);
}

/** LLC unnumbered information with SNAP (RFC 1042), or IP as its own service access point (6). */
function enterLlc(cursor: Cursor): Next {
  const lacking = cursor.lacks(3, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  const accessPoints = cursor.uint16(0);
  if (cursor.uint8(2) !== 0x03) return 'other';
  if (accessPoints === 0x0606) {
    cursor.position += 3;
    return 'ipv4';
  }
  if (accessPoints !== 0xaaaa) return 'other';
  const lackingSnap = cursor.lacks(8, 'malformed-link-header');
  if (lackingSnap !== undefined) return lackingSnap;
  const organisation = cursor.uint24(3);
  cursor.protocol = cursor.uint16(6);
  cursor.position += 8;
  // 0 encapsulates Ethernet; 0x0000f8 is the bridge tunnel of IEEE 802.1H.
  if (organisation !== 0 && organisation !== 0x0000f8) return 'other';
  return cursor.protocol < FIRST_ETHER_TYPE ? 'other' : 'ether-type';
}

/** One step from an EtherType: to IP, or through a tag. */
export function enterEtherType(cursor: Cursor, encapsulations: Encapsulations): Next {
  switch (cursor.protocol) {
    case EtherType.IPV4:
      return 'ipv4';
    case EtherType.IPV6:
      return 'ipv6';
    case EtherType.VLAN:
    case EtherType.SERVICE_VLAN:
    case EtherType.OLD_QINQ:
      return enterVlan(cursor, encapsulations);
    case EtherType.MPLS:
    case EtherType.MPLS_UPSTREAM:
      return enterMpls(cursor, encapsulations);
    case EtherType.PPPOE_SESSION:
      return enterPppoe(cursor, encapsulations);
    case EtherType.TRANSPARENT_ETHERNET:
      return 'ethernet';
    default:
      return 'other';
  }
}

function enterVlan(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(4, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  cursor.vlanTags += 1;
  if (cursor.vlanTags > MAX_VLAN_TAGS) return 'nested-too-deep';
  const id = cursor.uint16(0) & 0x0fff;
  cursor.protocol = cursor.uint16(2);
  cursor.position += 4;
  // Id 0 is a priority tag (IEEE 802.1Q clause 9.6): it names no VLAN, and the other direction may lack it.
  if (id !== 0) cursor.encapsulation = encapsulations.enter(cursor.encapsulation, 'vlan', id);
  return enterTypeOrLength(cursor);
}

/** A label stack (RFC 3032); the payload's kind is not told, so its first nibble must (RFC 4928). */
function enterMpls(cursor: Cursor, encapsulations: Encapsulations): Next {
  for (let labels = 1; ; labels += 1) {
    const lacking = cursor.lacks(4, 'malformed-link-header');
    if (lacking !== undefined) return lacking;
    const bottom = (cursor.uint8(2) & 0x01) === 1;
    cursor.position += 4;
    if (bottom) break;
    if (labels === MAX_MPLS_LABELS) return 'nested-too-deep';
  }
  const lacking = cursor.lacks(1, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  cursor.encapsulation = encapsulations.enter(cursor.encapsulation, 'mpls');
  const next = ipVersionAt(cursor, 0) ?? 'other';
  if (next !== 'other' || cursor.uint8(0) >>> 4 !== 0) return next;
  // A pseudowire's control word (RFC 4385), then Ethernet where it looks like it: other pseudowires start alike.
  if (cursor.lacks(18, 'malformed-link-header') !== undefined) return 'other';
  const innerType = cursor.uint16(16);
  if (
    innerType !== EtherType.IPV4 &&
    innerType !== EtherType.IPV6 &&
    innerType !== EtherType.VLAN &&
    innerType !== EtherType.SERVICE_VLAN
  ) {
    return 'other';
  }
  cursor.position += 4;
  return 'ethernet';
}

/** PPPoE session stage (RFC 2516 section 4), then the PPP protocol. */
function enterPppoe(cursor: Cursor, encapsulations: Encapsulations): Next {
  const lacking = cursor.lacks(8, 'malformed-link-header');
  if (lacking !== undefined) return lacking;
  const length = cursor.uint16(4);
  if (cursor.uint16(0) !== 0x1100 || length < 2) return 'malformed-link-header';
  cursor.encapsulation = encapsulations.enter(cursor.encapsulation, 'pppoe', cursor.uint16(2));
  const protocol = cursor.uint16(6);
  cursor.position += 6;
  cursor.limit(length);
  cursor.position += 2;
  if (protocol === PPP_IPV4) return 'ipv4';
  if (protocol === PPP_IPV6) return 'ipv6';
  return protocol === PPP_MPLS ? enterMpls(cursor, encapsulations) : 'other';
}
