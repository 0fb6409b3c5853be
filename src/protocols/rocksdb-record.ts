/**
 * RocksDB's log format (`db/log_format.h`), in which write-ahead logs and manifests are written: records of CRC-32C,
 * LE16 length and type.
 */

/** CRC-32C, LE16 length, type. */
export const RECORD_HEADER_BYTES = 7;
/** Types from 5 on are of recycled files: the number of the file stands behind the type. */
export const FIRST_RECYCLABLE_TYPE = 5;
export const FULL = 1;

/** Whether the checksum of the record `bytes[at, end)` is right. */
export function isRightRecord(bytes: Uint8Array, at: number, end: number): boolean {
  return maskedCrc32c(bytes, at + 6, end) === uint32(bytes, at);
}

/** Little-endian, as RocksDB writes numbers of fixed length. */
export function uint32(bytes: Uint8Array, at: number): number {
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
