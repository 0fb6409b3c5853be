import { standsAt } from './flink-state.ts';

/**
 * Messages of Akka and Pekko classic remoting (`WireFormats.proto`): protobuf with a length of four bytes before it.
 *
 * Bytes are indexed directly here: heads of frames are read once a frame, cut at a bound, and mostly end in the middle
 * of a field, which `Reader` would have to answer with an exception each time.
 */

/** `pekko.framesize`, the largest message that Flink's RPC sends. */
export const MAX_FRAME = 10_485_760;

/** Bytes of a frame body that {@link readPayloadHead} makes use of: paths, serializer, first class name, selection. */
export const FRAME_HEAD_BYTES = 1024;

/** Longest ASSOCIATE body that is believed: a host name of 253 bytes needs 300. */
export const MAX_ASSOCIATE = 511;

export interface Associate {
  readonly system: 'flink' | 'flink-metrics';
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'ssl.tcp';
  /** 16 hexadecimal digits; changes with each start of the process. */
  readonly uid: string;
}

/** What the head of a payload frame says; `path` is cut where the head was. */
export interface PayloadHead {
  readonly path: string;
  /** Span of the serialized message, which may reach past the head. */
  readonly messageStart: number;
  readonly messageEnd: number;
}

export type ControlCommand = 'DISASSOCIATE' | 'HEARTBEAT' | 'DISASSOCIATE_SHUTTING_DOWN' | 'DISASSOCIATE_QUARANTINED';
const COMMANDS: readonly (ControlCommand | undefined)[] = [
  undefined,
  undefined,
  'DISASSOCIATE',
  'HEARTBEAT',
  'DISASSOCIATE_SHUTTING_DOWN',
  'DISASSOCIATE_QUARANTINED',
];

/** Position after the varint at `at` (at most four bytes), or -1 where it is cut or longer. */
function afterVarint(bytes: Uint8Array, at: number, end: number): number {
  for (let i = 0; i < 4 && at + i < end; i++) {
    if (bytes[at + i]! < 0x80) {
      return at + i + 1;
    }
  }
  return -1;
}

function varint(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const b = bytes[at + i]!;
    value |= (b & 0x7f) << (7 * i);
    if (b < 0x80) {
      break;
    }
  }
  return value;
}

/** Start and end of the length-delimited field with this tag at `at`; undefined where another stands or it is cut. */
function field(bytes: Uint8Array, at: number, end: number, tag: number): readonly [number, number] | undefined {
  if (at >= end || bytes[at] !== tag) {
    return undefined;
  }
  const start = afterVarint(bytes, at + 1, end);
  return start < 0 ? undefined : [start, start + varint(bytes, at + 1)];
}

/**
 * `PekkoControlMessage` with command ASSOCIATE over a whole frame body; its nested lengths fill it exactly. The origin
 * is a Flink actor system, the transport `tcp` or `ssl.tcp`, and the uid a sign-extended int32, as in every recording.
 */
export function readAssociate(bytes: Uint8Array, start: number, end: number): Associate | undefined {
  const instruction = field(bytes, start, end, 0x12);
  if (instruction === undefined || instruction[1] !== end) {
    return undefined;
  }
  const command = instruction[0];
  if (command + 2 > end || bytes[command] !== 0x08 || bytes[command + 1] !== 1) {
    return undefined;
  }
  const handshake = field(bytes, command + 2, end, 0x12);
  if (handshake === undefined || handshake[1] !== end) {
    return undefined;
  }
  const origin = field(bytes, handshake[0], end, 0x0a);
  if (origin === undefined || origin[1] + 9 !== end || bytes[origin[1]] !== 0x11) {
    return undefined;
  }
  const uid = origin[1] + 1;
  const sign = bytes[uid + 4]!;
  if ((sign !== 0 && sign !== 0xff) || bytes[uid + 5] !== sign || bytes[uid + 6] !== sign || bytes[uid + 7] !== sign) {
    return undefined;
  }
  return readAddress(bytes, origin[0], origin[1], uid);
}

/** `AddressData`: system 1, hostname 2, port 3, protocol 4, in this order. */
function readAddress(bytes: Uint8Array, start: number, end: number, uid: number): Associate | undefined {
  const system = field(bytes, start, end, 0x0a);
  if (system === undefined || system[1] > end) {
    return undefined;
  }
  const host = field(bytes, system[1], end, 0x12);
  if (host === undefined || host[1] >= end || bytes[host[1]] !== 0x18) {
    return undefined;
  }
  const afterPort = afterVarint(bytes, host[1] + 1, end);
  const protocol = afterPort < 0 ? undefined : field(bytes, afterPort, end, 0x22);
  if (protocol === undefined || protocol[1] !== end) {
    return undefined;
  }
  const systemName = latin1(bytes, system[0], system[1]);
  const protocolName = latin1(bytes, protocol[0], protocol[1]);
  const hostName = latin1(bytes, host[0], host[1]);
  const port = varint(bytes, host[1] + 1);
  if ((systemName !== 'flink' && systemName !== 'flink-metrics') || port > 65535 || !isHost(hostName)) {
    return undefined;
  }
  if (protocolName !== 'tcp' && protocolName !== 'ssl.tcp') {
    return undefined;
  }
  let uidHex = '';
  for (let i = 7; i >= 0; i--) {
    uidHex += bytes[uid + i]!.toString(16).padStart(2, '0');
  }
  return { system: systemName, host: hostName, port, protocol: protocolName, uid: uidHex };
}

/** Host name, IPv4 address, or IPv6 address with or without brackets and scope. */
function isHost(text: string): boolean {
  return /^[\w.:%[\]-]{1,253}$/.test(text);
}

/** Command of a four-byte body `12 02 08 ..`; ASSOCIATE never comes without its handshake. */
export function readControl(bytes: Uint8Array, start: number, end: number): ControlCommand | undefined {
  if (end - start !== 4 || bytes[start] !== 0x12 || bytes[start + 1] !== 2 || bytes[start + 2] !== 8) {
    return undefined;
  }
  return COMMANDS[bytes[start + 3]!];
}

/**
 * Head of a payload frame: payload 1, envelope 2, recipient 1 with path 1, message 2 with bytes 1. `bodyLength` is the
 * frame's, `end` may come earlier. Undefined unless the outer two lengths fill the frame exactly and the path names an
 * actor of a Flink system in clear or under TLS.
 */
export function readPayloadHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  bodyLength: number,
): PayloadHead | undefined {
  const path = pathOf(bytes, start, end, bodyLength);
  if (path === undefined) {
    return undefined;
  }
  const text = latin1(bytes, path[0], Math.min(path[1], end));
  if (!ACTOR_PATH.test(text)) {
    return undefined;
  }
  const message = field(bytes, path[1], end, 0x12);
  const inner = message === undefined ? undefined : field(bytes, message[0], end, 0x0a);
  const at = Math.min(path[1], end);
  return { path: text, messageStart: inner?.[0] ?? at, messageEnd: inner?.[1] ?? at };
}

const ACTOR_PATH = /^(?:akka|pekko)\.(?:ssl\.)?tcp:\/\/flink(?:-metrics)?@/;

/** Span of the recipient's path; its end may lie past `end`. */
function pathOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  bodyLength: number,
): readonly [number, number] | undefined {
  const payload = field(bytes, start, end, 0x0a);
  if (payload === undefined || payload[1] !== start + bodyLength) {
    return undefined;
  }
  const envelope = field(bytes, payload[0], end, 0x12);
  if (envelope === undefined || envelope[1] !== payload[1]) {
    return undefined;
  }
  const recipient = field(bytes, envelope[0], end, 0x0a);
  if (recipient === undefined || recipient[1] > envelope[1]) {
    return undefined;
  }
  const path = field(bytes, recipient[0], end, 0x0a);
  return path === undefined || path[1] !== recipient[1] ? undefined : path;
}

/** True where a body of this length may start like this: a payload that fills the frame, or an instruction. */
export function startsBody(bytes: Uint8Array, start: number, end: number, bodyLength: number): boolean {
  const tag = bytes[start];
  if (tag !== 0x0a && tag !== 0x12) {
    return false;
  }
  const outer = field(bytes, start, end, tag);
  return outer === undefined ? end - start < 5 : outer[1] === start + bodyLength;
}

/** Bytes from a frame's start to its path's scheme, at least and at most. */
const MIN_TO_PATH = 4 + 8;
const MAX_TO_PATH = 4 + 4 + 4 * 4;
/** Bytes after the scheme's start that {@link findPayloadFrame} needs. */
const SCHEME_BYTES = 32;
const SCHEMES = ['akka.', 'pekko.', 'akka.ssl.', 'pekko.ssl.'].map((text) => Buffer.from(text, 'latin1'));
const SYSTEM = Buffer.from('tcp://flink', 'latin1');

/** Bytes that {@link findPayloadFrame} has to see around a match. */
export const FIND_MARGIN: number = MAX_TO_PATH + SCHEME_BYTES;

/**
 * Start of the first payload frame in `[from, end)` that shows its path, or -1: `00 [00-a0] .. .. 0a V 12 V 0a V 0a V
 * (akka|pekko).(ssl.)tcp://flink`, the lengths being those of one frame. Searched from the end of the text backwards.
 */
export function findPayloadFrame(bytes: Buffer, from: number, end: number): number {
  for (let at = bytes.indexOf(SYSTEM, from); at >= 0 && at + SYSTEM.length < end; ) {
    const scheme = schemeStart(bytes, at, from);
    for (let to = MIN_TO_PATH; scheme >= 0 && to <= MAX_TO_PATH; to++) {
      const start = scheme - to;
      if (start >= from && isPayloadFrame(bytes, start, end, scheme)) {
        return start;
      }
    }
    at = bytes.indexOf(SYSTEM, at + SYSTEM.length);
  }
  return -1;
}

function schemeStart(bytes: Buffer, tcp: number, from: number): number {
  for (const scheme of SCHEMES) {
    const at = tcp - scheme.length;
    if (at >= from && standsAt(bytes, at, tcp, scheme)) {
      return at;
    }
  }
  return -1;
}

function isPayloadFrame(bytes: Buffer, start: number, end: number, scheme: number): boolean {
  const length = bytes.readUInt32BE(start);
  if (length > MAX_FRAME || length < 16) {
    return false;
  }
  const path = pathOf(bytes, start + 4, end, length);
  return path !== undefined && path[0] === scheme && path[1] > path[0];
}

export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start)).toString('latin1');
}
