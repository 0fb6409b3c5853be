import { foldSum, sumWords } from './checksum.ts';
import { IpProtocol } from './ip.ts';
import { TcpFlag } from './segment.ts';

/** One TCP segment as it goes into an IP packet. */
export interface TcpPacket {
  /** 4 octets each for IPv4, 16 for IPv6. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** Of IPv4; IPv6 has none. */
  readonly identification: number;
}

/** Payload that fits every packet: total lengths have 16 bits, the largest headers take 80 octets. */
export const PACKET_PAYLOAD_MAX = 65_000;

const HOP_LIMIT = 64;
const TCP_HEADER = 20;
/** Windows as they are sent; shifted by the window scale they are 1 MiB. */
const WINDOW = 4096;
const WINDOW_SCALE = 8;
/** Maximum segment size and window scale (RFC 9293 section 3.2, RFC 7323 section 2.2), padded by a NOP. */
const SYN_OPTIONS: readonly number[] = [
  2,
  4,
  PACKET_PAYLOAD_MAX >>> 8,
  PACKET_PAYLOAD_MAX & 0xff,
  3,
  3,
  WINDOW_SCALE,
  1,
];

/** The bytes of an IP packet, with right checksums. */
export function tcpPacket(packet: TcpPacket): Uint8Array {
  const tcp = tcpSegment(packet);
  return packet.source.length === 4 ? ipv4Packet(packet, tcp) : ipv6Packet(packet, tcp);
}

function tcpSegment(packet: TcpPacket): Uint8Array {
  const isSyn = (packet.flags & TcpFlag.SYN) !== 0;
  const header = TCP_HEADER + (isSyn ? SYN_OPTIONS.length : 0);
  const bytes = Buffer.alloc(header + packet.payload.length);
  bytes.writeUInt16BE(packet.sourcePort, 0);
  bytes.writeUInt16BE(packet.destinationPort, 2);
  bytes.writeUInt32BE(packet.sequence, 4);
  bytes.writeUInt32BE(packet.acknowledgement, 8);
  bytes[12] = (header >>> 2) << 4;
  bytes[13] = packet.flags;
  // The window of a SYN is never scaled (RFC 7323 section 2.2).
  bytes.writeUInt16BE(isSyn ? 0xffff : WINDOW, 14);
  if (isSyn) bytes.set(SYN_OPTIONS, TCP_HEADER);
  bytes.set(packet.payload, header);
  const addresses = sumWords(packet.source, 0, packet.source.length, 0);
  const pseudoHeader = sumWords(packet.destination, 0, packet.destination.length, addresses + IpProtocol.TCP);
  bytes.writeUInt16BE(checksum(bytes, pseudoHeader + bytes.length), 16);
  return bytes;
}

function ipv4Packet({ source, destination, identification }: TcpPacket, tcp: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(20 + tcp.length);
  bytes[0] = 0x45;
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt16BE(identification & 0xffff, 4);
  // Don't fragment.
  bytes.writeUInt16BE(0x4000, 6);
  bytes[8] = HOP_LIMIT;
  bytes[9] = IpProtocol.TCP;
  bytes.set(source, 12);
  bytes.set(destination, 16);
  bytes.writeUInt16BE(checksum(bytes.subarray(0, 20), 0), 10);
  bytes.set(tcp, 20);
  return bytes;
}

function ipv6Packet({ source, destination }: TcpPacket, tcp: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(40 + tcp.length);
  bytes[0] = 0x60;
  bytes.writeUInt16BE(tcp.length, 4);
  bytes[6] = IpProtocol.TCP;
  bytes[7] = HOP_LIMIT;
  bytes.set(source, 8);
  bytes.set(destination, 24);
  bytes.set(tcp, 40);
  return bytes;
}

function checksum(bytes: Uint8Array, initial: number): number {
  return ~foldSum(sumWords(bytes, 0, bytes.length, initial)) & 0xffff;
}
