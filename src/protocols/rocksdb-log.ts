import { standsAt } from './flink-state.ts';

/**
 * RocksDB's log format (`db/log_format.h`), in which write-ahead logs and manifests are written: records of CRC-32C,
 * LE16 length and type. Pure, over `bytes[start, end)`; bytes are indexed directly, since a miss has to cost nothing.
 */

/** First record of a write-ahead log. `checksum`: `not-in-window` where the record is longer than what was read. */
export interface WriteAheadLog {
  readonly checksum: 'right' | 'not-in-window';
  /** Operations of the first batch. */
  readonly operations: number;
}

/** CRC-32C, LE16 length, type. */
const HEADER_BYTES = 7;
/** Types from 5 on are of recycled files: the number of the file stands behind the type. */
const FIRST_RECYCLABLE_TYPE = 5;
const FULL = 1;
const FIRST = 2;
const BLOCK_BYTES = 32_768;
/** `WriteBatch`: sequence number, count of operations. */
const BATCH_HEADER_BYTES = 12;
/** Highest tag of an operation (`db/dbformat.h`, `ValueType`, RocksDB 5 to 10), with room for some to come. */
const MAX_OPERATION_TAG = 0x20;
const MAX_OPERATIONS = 0x00ff_ffff;

/** Whether more of the file follows `end`. */
export type Window = 'whole-file' | 'start-of-file';

/** A write-ahead log by its first record, undefined where it is none. An empty log (Flink's own case) says nothing. */
export function rocksdbWriteAheadLog(
  bytes: Uint8Array,
  start: number,
  end: number,
  window: Window,
): WriteAheadLog | undefined {
  if (start + HEADER_BYTES + 4 + BATCH_HEADER_BYTES > end) {
    return undefined;
  }
  const length = bytes[start + 4]! | (bytes[start + 5]! << 8);
  const type = bytes[start + 6]!;
  const isRecyclable = type >= FIRST_RECYCLABLE_TYPE;
  const plainType = isRecyclable ? type - 4 : type;
  const payload = start + HEADER_BYTES + (isRecyclable ? 4 : 0);
  const isFilled = length === BLOCK_BYTES - (payload - start);
  if (length < BATCH_HEADER_BYTES || (plainType !== FULL && !(plainType === FIRST && isFilled))) {
    return undefined;
  }
  const operations = uint32(bytes, payload + 8);
  // A sequence number has 56 bits.
  if (bytes[payload + 7] !== 0 || operations > MAX_OPERATIONS || !isOperation(bytes, payload, length, end)) {
    return undefined;
  }
  if (payload + length > end) {
    return operations > 0 && window === 'start-of-file' ? { checksum: 'not-in-window', operations } : undefined;
  }
  const right = maskedCrc32c(bytes, start + 6, payload + length) === uint32(bytes, start);
  return right ? { checksum: 'right', operations } : undefined;
}

/** Tag of an edit that names the comparator (`db/version_edit.h`, `kComparator`), its length, the name. */
const COMPARATOR_EDIT = new Uint8Array(Buffer.from('\x01\x1aleveldb.BytewiseComparator', 'latin1'));
/** Records of a manifest that are looked at: newer versions put an empty one first. */
const MAX_RECORDS = 8;

/**
 * Offset of the comparator's name in a manifest's first records, whose checksums are right; -1 where this is none.
 * `leveldb.BytewiseComparator` is what Flink's column families use.
 */
export function rocksdbManifestComparator(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let record = 0; record < MAX_RECORDS && at + HEADER_BYTES <= end; record++) {
    const length = bytes[at + 4]! | (bytes[at + 5]! << 8);
    const type = bytes[at + 6]!;
    const payload = at + HEADER_BYTES + (type >= FIRST_RECYCLABLE_TYPE ? 4 : 0);
    const next = payload + length;
    const isFull = type === FULL || type === FULL + 4;
    if (!isFull || next > end || maskedCrc32c(bytes, at + 6, next) !== uint32(bytes, at)) {
      return -1;
    }
    if (standsAt(bytes, payload, next, COMPARATOR_EDIT)) {
      return payload + 2;
    }
    at = next;
  }
  return -1;
}

function isOperation(bytes: Uint8Array, payload: number, length: number, end: number): boolean {
  const at = payload + BATCH_HEADER_BYTES;
  return length === BATCH_HEADER_BYTES || at >= end || bytes[at]! <= MAX_OPERATION_TAG;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** RFC 3720 appendix B.4, reflected. */
const CASTAGNOLI = 0x82f6_3b78;
const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  }
  return crc >>> 0;
});

export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffff_ffff;
  for (let at = start; at < end; at++) {
    crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** As RocksDB stores it (`util/crc32c.h`): the CRC of bytes that hold CRCs would be weak otherwise. */
function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}
