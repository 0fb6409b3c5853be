import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { ContentType } from './code-points.ts';

/** Octets before the fragment: type, version, length (RFC 8446 section 5.1). */
export const RECORD_HEADER_LENGTH = 5;

/** RFC 8446 section 5.1: what one record may carry before protection. */
export const MAX_PLAINTEXT_LENGTH: number = 2 ** 14;

/** RFC 5246 section 6.2.3, the widest limit of any version; beyond it record framing is lost. */
export const MAX_RECORD_LENGTH: number = 2 ** 14 + 2048;

export interface TlsRecord {
  readonly type: number;
  /** legacy_record_version: says nothing about the version in use. */
  readonly version: number;
  readonly fragment: Uint8Array;
}

/** RFC 8446 section 5.1. The fragment is a view. */
export function readRecord(reader: Reader): TlsRecord {
  const type = reader.uint8('type');
  const version = reader.uint16('legacy_record_version');
  if (version >> 8 !== 3) {
    throw reader.fail('illegal-value', 'legacy_record_version', `0x${version.toString(16)}`);
  }
  const length = reader.uint16('length');
  if (length > MAX_RECORD_LENGTH) {
    throw reader.fail('length-out-of-range', 'length', `${length}`);
  }
  return { type, version, fragment: reader.bytes(length, 'fragment') };
}

/** One fragment as records of at most 2^14 octets each; an empty fragment is one empty record. */
export function writeRecords(record: TlsRecord): Uint8Array {
  const writer = new Writer();
  let at = 0;
  do {
    const part = record.fragment.subarray(at, at + MAX_PLAINTEXT_LENGTH);
    writer
      .uint8(record.type)
      .uint16(record.version)
      .vector16((inner) => inner.bytes(part));
    at += part.length;
  } while (at < record.fragment.length);
  return writer.finish();
}

/**
 * Whether a record header can stand at `at`; five bytes must be there. Type, version 03 00 to 03 04 and length only,
 * by plain indexing: it runs at every byte while framing is searched for.
 */
export function isRecordHeader(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at]!;
  if (
    type < ContentType.changeCipherSpec ||
    type > ContentType.heartbeat ||
    bytes[at + 1] !== 3 ||
    bytes[at + 2]! > 4
  ) {
    return false;
  }
  const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  return length <= MAX_RECORD_LENGTH && (length > 0 || type === ContentType.applicationData);
}

/** Change cipher spec and alert records carry some octets and a MAC with padding at most. */
const MAX_SMALL_RECORD_LENGTH = 512;

/** Stricter than {@link isRecordHeader}: what is believed where framing was lost. Heartbeats are not. */
export function isLikelyRecordHeader(bytes: Uint8Array, at: number): boolean {
  if (!isRecordHeader(bytes, at) || bytes[at] === ContentType.heartbeat) {
    return false;
  }
  return bytes[at]! >= ContentType.handshake || ((bytes[at + 3]! << 8) | bytes[at + 4]!) <= MAX_SMALL_RECORD_LENGTH;
}
