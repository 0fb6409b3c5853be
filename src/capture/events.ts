import type { PacketSink } from './packet.ts';
import type { ProblemSink } from './problems.ts';

/** What a parser tells while it reads. Callbacks run synchronously, in the order of the file. */
export interface CaptureEvents {
  readonly onPacket: PacketSink;
  readonly onProblem: ProblemSink;
  /** A Name Resolution Block's record: an IPv4 or IPv6 address (RFC 5952 text) and its names. */
  readonly onName?: (address: string, names: readonly string[]) => void;
  /** TLS key log lines of a Decryption Secrets Block. Secret: never to be printed. */
  readonly onSecrets?: (keyLog: string) => void;
  readonly onInterface?: (description: InterfaceDescription) => void;
  /** Frame number of the first packet; 1 where absent. */
  readonly firstFrame?: number;
  /** Run-unique id of the first capture interface; 0 where absent. */
  readonly firstInterfaceId?: number;
}

/** A capture interface as the file describes it (Interface Description Block). */
export interface InterfaceDescription {
  /** As in `Packet.interfaceId`. */
  readonly id: number;
  readonly linkType: number;
  /** 0: unlimited. */
  readonly snaplen: number;
  readonly name?: string;
  /** Capture filter: what it left out cannot be missed here. */
  readonly filter?: string;
}

/** Variants of pcap are those of Wireshark's wiretap: they differ in magic, record header or time unit. */
export type CaptureFormat =
  | 'pcap'
  | 'pcap-ns'
  | 'pcap-modified'
  | 'pcap-ss990417'
  | 'pcap-ss990915'
  | 'pcap-nokia'
  | 'pcap-ixia'
  | 'pcap-aix'
  | 'pcapng';

/** Unit of the time stamps of an input: how many decimals its times deserve. */
export type Precision = 's' | 'ms' | 'us' | 'ns';

/** A push parser of one input. Never throws on any bytes; chunks may be of any size and are not kept. */
export interface CaptureParser {
  push(bytes: Uint8Array, start: number, end: number): void;
  /** No more bytes come. After an interruption what is incomplete is no fault of the input. */
  finish(how: 'end' | 'interrupted'): void;
  /** Known once the file header was read; before, the likeliest. */
  readonly format: CaptureFormat;
  readonly precision: Precision;
  /** `refused`: the file header is of no version that is known. */
  readonly header: 'not-read' | 'read' | 'refused';
  /** Packets that the capturing side says it lost. */
  readonly captureDrops: number;
  /** Frame number that follows the last packet's. */
  readonly nextFrame: number;
  readonly nextInterfaceId: number;
}

/** Largest captured length where the file does not declare a larger snaplen (libpcap's MAXIMUM_SNAPLEN). */
export const MAX_RECORD_BYTES = 262_144;
/** Largest captured length at all: a larger one is damage. Protects memory. */
export const MAX_DECLARED_RECORD_BYTES = 16_777_216;
/** 9999-12-31T23:59:59Z: RFC 3339 knows no later time. */
export const MAX_SECONDS = 253_402_300_799;

/** Captured lengths above this are malformed, given the snaplen that a file header declares (0: none). */
export function recordLimit(snaplen: number): number {
  return snaplen > MAX_RECORD_BYTES ? Math.min(snaplen, MAX_DECLARED_RECORD_BYTES) : MAX_RECORD_BYTES;
}

// Hot path: a million records a second, in either byte order; a Reader per record would cost more than the record.
export function uint32(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian
    ? (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
    : ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function uint16(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian ? bytes[at]! | (bytes[at + 1]! << 8) : (bytes[at]! << 8) | bytes[at + 1]!;
}
