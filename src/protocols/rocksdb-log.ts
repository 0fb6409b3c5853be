import { FIRST_RECYCLABLE_TYPE, FULL, isRightRecord, RECORD_HEADER_BYTES, uint32 } from './rocksdb-record.ts';

/**
 * RocksDB's write-ahead logs. Pure, over `bytes[start, end)`; bytes are indexed directly, since a miss has to cost
 * nothing.
 */

const FIRST = 2;
const BLOCK_BYTES = 32_768;
/** `WriteBatch`: sequence number, count of operations. */
const BATCH_HEADER_BYTES = 12;
/** Highest tag of an operation (`db/dbformat.h`, `ValueType`, RocksDB 5 to 10), with room for some to come. */
const MAX_OPERATION_TAG = 0x20;
const MAX_OPERATIONS = 0x00ff_ffff;

/** Whether more of the file follows `end`. */
type Window = 'whole-file' | 'start-of-file';

/**
 * The checksum of a write-ahead log's first record, undefined where it is none; `not-in-window` where the record is
 * longer than what was read. An empty log (Flink's own case) says nothing.
 */
export function rocksdbWriteAheadLog(
  bytes: Uint8Array,
  start: number,
  end: number,
  window: Window,
): 'right' | 'not-in-window' | undefined {
  if (start + RECORD_HEADER_BYTES + 4 + BATCH_HEADER_BYTES > end) {
    return undefined;
  }
  const length = bytes[start + 4]! | (bytes[start + 5]! << 8);
  const type = bytes[start + 6]!;
  const isRecyclable = type >= FIRST_RECYCLABLE_TYPE;
  const plainType = isRecyclable ? type - 4 : type;
  const payload = start + RECORD_HEADER_BYTES + (isRecyclable ? 4 : 0);
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
    return operations > 0 && window === 'start-of-file' ? 'not-in-window' : undefined;
  }
  return isRightRecord(bytes, start, payload + length) ? 'right' : undefined;
}

function isOperation(bytes: Uint8Array, payload: number, length: number, end: number): boolean {
  const at = payload + BATCH_HEADER_BYTES;
  return length === BATCH_HEADER_BYTES || at >= end || bytes[at]! <= MAX_OPERATION_TAG;
}
