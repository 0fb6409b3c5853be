import { Decoder, type DecoderOptions } from '../../src/capture/decoder.ts';
import { Packet } from '../../src/capture/packet.ts';
import type { Segment } from '../../src/capture/segment.ts';
import type { Encapsulation } from '../../src/model/report.ts';

/** Builders of packets, innermost last: `ethernet(0x0800, ipv4({ ... }, tcp({ ... })))`. Checksums are filled in. */
type Bytes = Uint8Array;

export function concat(...parts: readonly Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat(parts));
}

function u8(...values: readonly number[]): Bytes {
  return Uint8Array.from(values);
}

function u16(...values: readonly number[]): Bytes {
  return Uint8Array.from(values.flatMap((v) => [(v >>> 8) & 0xff, v & 0xff]));
}

function u32(...values: readonly number[]): Bytes {
  return Uint8Array.from(values.flatMap((v) => [(v >>> 24) & 0xff, (v >>> 16) & 0xff, (v >>> 8) & 0xff, v & 0xff]));
}

/** RFC 1071, the slow way: on purpose not the one under test. */
export function internetChecksum(bytes: Bytes): number {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 2) sum += BigInt((bytes[i]! << 8) | (bytes[i + 1] ?? 0));
  while (sum > 0xffffn) sum = (sum >> 16n) + (sum & 0xffffn);
  return Number(~sum & 0xffffn);
}

export function ethernet(type: number, payload: Bytes): Bytes {
  return concat(u8(2, 0x42, 10, 77, 0, 1, 2, 0x42, 10, 77, 0, 2), u16(type), payload);
}

/** What stands behind the type field of the layer around it. */
export function vlan(id: number, type: number, payload: Bytes): Bytes {
  return concat(u16(id, type), payload);
}

export function mpls(labels: readonly number[], payload: Bytes): Bytes {
  const stack = labels.map((label, i) => u32(((label << 12) | (i === labels.length - 1 ? 0x100 : 0) | 64) >>> 0));
  return concat(...stack, payload);
}

export function pppoe(session: number, protocol: number, payload: Bytes): Bytes {
  return concat(u16(0x1100, session, payload.length + 2, protocol), payload);
}

/** SNAP in an 802.3 frame. */
export function snap(type: number, payload: Bytes): Bytes {
  return ethernet(payload.length + 8, concat(u8(0xaa, 0xaa, 3, 0, 0, 0), u16(type), payload));
}

export interface Ipv4Fields {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly protocol?: number;
  readonly identification?: number;
  /** Octets. */
  readonly fragmentOffset?: number;
  readonly more?: boolean;
  readonly options?: Bytes;
  readonly totalLength?: number;
  readonly checksum?: number;
}

const SOURCE = [10, 77, 0, 2];
const DESTINATION = [10, 77, 0, 1];
const SOURCE6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const DESTINATION6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

export function ipv4(fields: Ipv4Fields, payload: Bytes): Bytes {
  const options = fields.options ?? new Uint8Array(0);
  const length = 20 + options.length;
  const flags = (fields.more === true ? 0x2000 : 0) | ((fields.fragmentOffset ?? 0) >>> 3);
  const header = concat(
    u8(0x40 | (length >>> 2), 0),
    u16(fields.totalLength ?? length + payload.length, fields.identification ?? 0x1234, flags),
    u8(64, fields.protocol ?? 6),
    u16(0),
    u8(...(fields.source ?? SOURCE), ...(fields.destination ?? DESTINATION)),
    options,
  );
  header.set(u16(fields.checksum ?? internetChecksum(header)), 10);
  return concat(header, payload);
}

export interface Ipv6Fields {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly next?: number;
  readonly payloadLength?: number;
}

export function ipv6(fields: Ipv6Fields, payload: Bytes): Bytes {
  return concat(
    u32(0x6000_0000),
    u16(fields.payloadLength ?? payload.length),
    u8(fields.next ?? 6, 64, ...(fields.source ?? SOURCE6), ...(fields.destination ?? DESTINATION6)),
    payload,
  );
}

/** An extension header with `data` of 6 + 8n octets. */
export function extension(next: number, data: Bytes, payload: Bytes): Bytes {
  return concat(u8(next, (data.length + 2) / 8 - 1), data, payload);
}

export function jumboPayload(next: number, payload: Bytes): Bytes {
  return extension(next, concat(u8(0xc2, 4), u32(payload.length + 8)), payload);
}

export function fragmentHeader(
  next: number,
  offset: number,
  more: boolean,
  identification: number,
  payload: Bytes,
): Bytes {
  return concat(u8(next, 0), u16(offset | (more ? 1 : 0)), u32(identification), payload);
}

export interface TcpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly options?: Bytes;
  /** `right` needs the addresses of {@link ipv4} or {@link ipv6}; `partial` is what Linux leaves to the card. */
  readonly checksum?: number | 'right' | 'partial';
  readonly version?: 4 | 6;
}

export function tcp(fields: TcpFields, payload: Bytes = new Uint8Array(0)): Bytes {
  const options = fields.options ?? new Uint8Array(0);
  const segment = concat(
    u16(fields.sourcePort ?? 40122, fields.destinationPort ?? 6121),
    u32(fields.sequence ?? 1000, fields.acknowledgement ?? 2000),
    u8(((20 + options.length) >>> 2) << 4, fields.flags ?? 0x18),
    u16(501, 0, 0),
    options,
    payload,
  );
  const addresses = fields.version === 6 ? [...SOURCE6, ...DESTINATION6] : [...SOURCE, ...DESTINATION];
  const pseudo = concat(u8(...addresses), u32(segment.length), u8(0, 0, 0, 6));
  const kind = fields.checksum ?? 'right';
  const right = internetChecksum(concat(pseudo, segment));
  const partial = ~internetChecksum(pseudo) & 0xffff;
  segment.set(u16(kind === 'right' ? right : kind === 'partial' ? partial : kind), 16);
  return segment;
}

export function udp(sourcePort: number, destinationPort: number, payload: Bytes): Bytes {
  return concat(u16(sourcePort, destinationPort, payload.length + 8, 0), payload);
}

export function vxlan(vni: number, frame: Bytes): Bytes {
  return concat(u32(0x0800_0000, (vni << 8) >>> 0), frame);
}

export function geneve(vni: number, type: number, options: Bytes, payload: Bytes): Bytes {
  return concat(u8(options.length / 4, 0), u16(type), u32((vni << 8) >>> 0), options, payload);
}

export interface GreFields {
  readonly type?: number;
  readonly checksum?: boolean;
  readonly key?: number;
  readonly sequence?: number;
}

/** The checksum field is left 0: no decoder needs it. */
export function gre(fields: GreFields, payload: Bytes): Bytes {
  const flags =
    (fields.checksum === true ? 0x8000 : 0) |
    (fields.key === undefined ? 0 : 0x2000) |
    (fields.sequence === undefined ? 0 : 0x1000);
  return concat(
    u16(flags, fields.type ?? 0x0800),
    fields.checksum === true ? u32(0) : new Uint8Array(0),
    fields.key === undefined ? new Uint8Array(0) : u32(fields.key),
    fields.sequence === undefined ? new Uint8Array(0) : u32(fields.sequence),
    payload,
  );
}

/** Bytes that differ from their neighbours, so that a wrong offset shows. */
export function text(length: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff);
}

export function cookedHeader(protocol: number): Bytes {
  return u16(4, 1, 6, 0x0242, 0x0a4d, 0x0002, 0, protocol);
}

export function cooked2Header(protocol: number, interfaceIndex: number): Bytes {
  return concat(u16(protocol, 0), u32(interfaceIndex), u16(1), u8(4, 6), u16(0x0242, 0x0a4d, 0x0002, 0));
}

/** A classic pcap file, little-endian, microseconds; second `i` of the epoch for packet `i`. */
export function pcapFile(linkType: number, packets: readonly Bytes[]): Bytes {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(linkType, 20);
  const records = packets.map((packet, i) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(i, 0);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return concat(record, packet);
  });
  return concat(header, ...records);
}

/** What of a segment outlives the callback, with addresses as text. */
export interface DecodedSegment {
  readonly frame: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly length: number;
  readonly checksum: number;
  readonly ipIdentification: number;
  /** Hex. */
  readonly payload: string;
  readonly encapsulation: number;
  readonly interfaceId: number;
}

export interface DecodeResult {
  readonly segments: readonly DecodedSegment[];
  readonly decoder: Decoder;
  readonly problems: readonly string[];
  describe(segment: DecodedSegment): Encapsulation;
}

export interface CapturedFrame {
  readonly bytes: Bytes;
  readonly linkType?: number;
  readonly originalLength?: number;
  readonly fcsLength?: number;
  readonly interfaceId?: number;
  readonly seconds?: number;
}

/** Feeds frames, each at an odd place of a larger buffer as in a real chunk, and finishes. */
export function decodeFrames(frames: readonly CapturedFrame[], options: DecoderOptions = {}): DecodeResult {
  const segments: DecodedSegment[] = [];
  const problems: string[] = [];
  const decoder = new Decoder((segment) => segments.push(copyOf(segment)), {
    onProblem: (problem) => problems.push(`${problem.offset} ${problem.reason}: ${problem.message}`),
    ...options,
  });
  const packet = new Packet();
  for (const frame of frames) {
    const chunk = new Uint8Array(frame.bytes.length + 64).fill(0xa5);
    chunk.set(frame.bytes, 13);
    packet.bytes = chunk;
    packet.start = 13;
    packet.end = 13 + frame.bytes.length;
    packet.originalLength = frame.originalLength ?? frame.bytes.length;
    packet.linkType = frame.linkType ?? 1;
    packet.fcsLength = frame.fcsLength ?? 0;
    packet.interfaceId = frame.interfaceId ?? 0;
    packet.seconds = frame.seconds ?? packet.frame;
    packet.frame += 1;
    packet.fileOffset = 24;
    decoder.decode(packet);
  }
  decoder.finish();
  return { segments, decoder, problems, describe: (s) => decoder.encapsulations.describe(s.encapsulation) };
}

function copyOf(segment: Segment): DecodedSegment {
  const four = segment.ipVersion === 4;
  const source = [segment.source0, segment.source1, segment.source2, segment.source3];
  const destination = [segment.destination0, segment.destination1, segment.destination2, segment.destination3];
  return {
    frame: segment.frame,
    source: four ? dotted(segment.source0) : colons(source),
    destination: four ? dotted(segment.destination0) : colons(destination),
    sourcePort: segment.sourcePort,
    destinationPort: segment.destinationPort,
    sequence: segment.sequence,
    acknowledgement: segment.acknowledgement,
    flags: segment.flags,
    length: segment.length,
    checksum: segment.checksum,
    ipIdentification: segment.ipIdentification,
    payload: Buffer.from(segment.bytes.subarray(segment.start, segment.end)).toString('hex'),
    encapsulation: segment.encapsulation,
    interfaceId: segment.interfaceId,
  };
}

function dotted(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
}

/** RFC 5952 by way of the WHATWG URL parser. */
function colons(words: readonly number[]): string {
  const groups = words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]);
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
