import { BlockType, BYTE_ORDER_MAGIC, TLS_KEY_LOG } from './pcapng-blocks.ts';

/** Packets start at their IP header (LINKTYPE_RAW): no link layer has to be made up. */
export const LINK_TYPE_RAW = 101;

/** Octets of a packet that are kept at most: as much as Wireshark takes. */
const SNAPLEN = 262_144;
/** if_tsresol: nanoseconds. */
const NANOSECONDS = 9;

/** Section Header Block (draft-ietf-opsawg-pcapng section 4.1), little-endian, of unknown length. */
export function sectionHeaderBlock(application: string): Uint8Array {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  body.writeUInt16LE(1, 4);
  body.writeBigInt64LE(-1n, 8);
  // shb_userappl
  return block(BlockType.SECTION_HEADER, [body, option(4, Buffer.from(application)), END_OF_OPTIONS]);
}

/** Interface Description Block (section 4.2) with times in nanoseconds. */
export function interfaceDescriptionBlock(linkType: number, name: string): Uint8Array {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linkType, 0);
  body.writeUInt32LE(SNAPLEN, 4);
  const options = [option(2, Buffer.from(name)), option(9, Buffer.of(NANOSECONDS)), END_OF_OPTIONS];
  return block(BlockType.INTERFACE_DESCRIPTION, [body, ...options]);
}

/** Decryption Secrets Block (section 4.7); the packets that it opens have to follow it. */
export function decryptionSecretsBlock(lines: readonly string[]): Uint8Array {
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
  const body = Buffer.alloc(8);
  body.writeUInt32LE(TLS_KEY_LOG, 0);
  body.writeUInt32LE(text.length, 4);
  return block(BlockType.DECRYPTION_SECRETS, [body, text]);
}

/** Enhanced Packet Block (section 4.3) of the first interface, captured whole. */
export function enhancedPacketBlock(seconds: number, nanoseconds: number, packet: Uint8Array): Uint8Array {
  const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const body = Buffer.alloc(20);
  body.writeUInt32LE(Number(time >> 32n), 4);
  body.writeUInt32LE(Number(time & 0xffff_ffffn), 8);
  body.writeUInt32LE(packet.length, 12);
  body.writeUInt32LE(packet.length, 16);
  return block(BlockType.ENHANCED_PACKET, [body, packet]);
}

const END_OF_OPTIONS: Uint8Array = new Uint8Array(4);

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = parts.reduce((sum, part) => sum + part.length, 0);
  const length = 12 + padded(body);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(length, 4);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.writeUInt32LE(length, length - 4);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
