/** Operation that opens a data transfer (`org.apache.hadoop.hdfs.protocol.datatransfer.Op`). */
export interface BlockOperation {
  readonly name: string;
  /** Position behind the operation's message. */
  readonly end: number;
}

/** `DATA_TRANSFER_VERSION`, unchanged since Hadoop 0.23. */
const VERSION = 28;
const FIRST_OPERATION = 80;
const OPERATIONS: readonly string[] = [
  'WRITE_BLOCK',
  'READ_BLOCK',
  'READ_METADATA',
  'REPLACE_BLOCK',
  'COPY_BLOCK',
  'BLOCK_CHECKSUM',
  'TRANSFER_BLOCK',
  'REQUEST_SHORT_CIRCUIT_FDS',
  'RELEASE_SHORT_CIRCUIT_FDS',
  'REQUEST_SHORT_CIRCUIT_SHM',
  'BLOCK_GROUP_CHECKSUM',
];
/** Longest operation that is believed: a pipeline of targets with tokens stays far below. */
const MAX_OPERATION = 64 * 1024;
/** Bytes behind the length in which the block pool's name stands: four nested headers. */
const POOL_WINDOW = 24;

/** Unsigned base-128 number of Protocol Buffers at `at`, and the position behind it. */
function varint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5 && at + i < end; i++) {
    const byte = bytes[at + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return { value, next: at + i + 1 };
    }
  }
  return undefined;
}

/**
 * First bytes of a client: `00 1c`, operation, length, message whose innermost first field is the block pool `BP-…`.
 * `more`: what is there fits so far; undefined: this is no HDFS data transfer.
 */
export function readBlockOperation(bytes: Uint8Array, end: number): BlockOperation | 'more' | undefined {
  const fixed = [0, VERSION];
  for (let i = 0; i < Math.min(end, 2); i++) {
    if (bytes[i] !== fixed[i]) {
      return undefined;
    }
  }
  if (end < 3) {
    return 'more';
  }
  const name = OPERATIONS[bytes[2]! - FIRST_OPERATION];
  if (name === undefined) {
    return undefined;
  }
  const length = varint(bytes, 3, end);
  if (length === undefined) {
    return end < 8 ? 'more' : undefined;
  }
  if (length.value < 8 || length.value > MAX_OPERATION || (end > length.next && bytes[length.next] !== 0x0a)) {
    return undefined;
  }
  const window = Math.min(length.next + POOL_WINDOW, length.next + length.value);
  if (end < window) {
    return 'more';
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + length.next, window - length.next).toString('latin1');
  return text.includes('BP-') ? { name, end: length.next + length.value } : undefined;
}

/** Position behind a length-prefixed answer (`BlockOpResponseProto`). */
export function readResponseLength(bytes: Uint8Array, end: number): number | undefined {
  const length = varint(bytes, 0, end);
  return length === undefined || length.value > MAX_OPERATION ? undefined : length.next + length.value;
}

/**
 * Data of the packet at `at` (`PacketHeader`): int32 payload length with itself, int16 header length, header whose
 * field 4 is the data's length (little-endian), checksums, data. Only a packet at offset 0 of its block counts.
 */
export function readPacketData(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
  if (at + 6 > end) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  const payload = view.getInt32(at);
  const header = view.getUint16(at + 4);
  // Offset, sequence number, last packet, length: tags 09, 11, 18 and 25, with 8, 8, 1 and 4 bytes.
  const fields = at + 6;
  if (payload < 4 || header < 25 || fields + header > end || bytes[fields] !== 0x09 || bytes[fields + 9] !== 0x11) {
    return undefined;
  }
  if (view.getBigInt64(fields + 1, true) !== 0n || bytes[fields + 18] !== 0x18 || bytes[fields + 20] !== 0x25) {
    return undefined;
  }
  const length = view.getInt32(fields + 21, true);
  const checksums = payload - 4 - length;
  const start = fields + header + checksums;
  if (length <= 0 || checksums < 0 || start >= end) {
    return undefined;
  }
  return { start, end: Math.min(start + length, end) };
}
