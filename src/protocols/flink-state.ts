import { FIRST_RECYCLABLE_TYPE, FULL, isRightRecord, RECORD_HEADER_BYTES } from './rocksdb-record.ts';

/**
 * What bytes look like that are Flink state: inside a Java-serialized message, as a checkpoint file, as the body of an
 * upload. Each test is pure, over `bytes[start, end)`, and never reads outside it. Bytes are indexed directly: the
 * tests stand on the hot path of every clear connection, and a miss has to cost a comparison, not an object.
 *
 * Alone they prove nothing: ask only where the connection is already known to speak a clear protocol that carries
 * state, and at the start of a body, a file or a serialized array.
 */
export type StateContent =
  | 'keyed-state'
  | 'operator-state'
  | 'checkpoint-metadata'
  | 'rocksdb-sst'
  | 'rocksdb-manifest'
  | 'rocksdb-current'
  | 'rocksdb-options';

/** Bytes from the start of a file that {@link stateHead} can make use of; fewer may do. */
export const STATE_HEAD_BYTES = 512;

/** Bytes from the end of a file that {@link rocksdbTable} needs. */
export const ROCKSDB_FOOTER_BYTES = 8;

/** Longest name of a state or class that is believed (Java allows 65,535): protects against chance matches. */
const MAX_NAME = 512;

export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** True where `pattern` stands at `at` and ends at or before `end`. */
export function standsAt(bytes: Uint8Array, at: number, end: number, pattern: Uint8Array): boolean {
  if (at < 0 || at + pattern.length > end) {
    return false;
  }
  for (let i = 0; i < pattern.length; i++) {
    if (bytes[at + i] !== pattern[i]) {
      return false;
    }
  }
  return true;
}

/** Position of `pattern` in `bytes[start, end)`, or -1. For short windows: linear, no native call, no view. */
export function positionOf(bytes: Uint8Array, start: number, end: number, pattern: Uint8Array): number {
  const first = pattern[0];
  for (let at = start; at + pattern.length <= end; at++) {
    if (bytes[at] === first && standsAt(bytes, at, end, pattern)) {
      return at;
    }
  }
  return -1;
}

const FLINK_PACKAGE = latin1('org.apache.flink.');
const DISTRIBUTION_MODE = latin1('OPERATOR_STATE_DISTRIBUTION_MODE');
const KEYED_STATE_TYPE = latin1('\x00\x10KEYED_STATE_TYPE\x00');

/** Java class name: letters of an identifier with at least one dot, as `writeUTF` put them. */
function isClassName(bytes: Uint8Array, start: number, end: number): boolean {
  let dots = 0;
  for (let at = start; at < end; at++) {
    const c = bytes[at]!;
    const letter = (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === 0x5f || c === 0x24 || c >= 0x80;
    const digit = c >= 0x30 && c <= 0x39;
    if (c === 0x2e) {
      dots++;
    } else if (!letter && !(digit && at > start)) {
      return false;
    }
  }
  return dots > 0;
}

/** True where a non-empty `writeUTF` text of printable characters stands, as far as the window shows it. */
function isPrintableName(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 3 > end) {
    return false;
  }
  const length = (bytes[at]! << 8) | bytes[at + 1]!;
  if (length === 0 || length > MAX_NAME) {
    return false;
  }
  const stop = Math.min(at + 2 + length, end);
  for (let i = at + 2; i < stop; i++) {
    const c = bytes[i]!;
    if (c < 0x20 || c === 0x7f) {
      return false;
    }
  }
  return true;
}

/**
 * Keyed state: `KeyedBackendSerializationProxy` version 6, compression flag, key serializer snapshot version 2, its
 * class name. A key serializer of the user's own is believed where `KEYED_STATE_TYPE` follows in the window.
 */
function isKeyedState(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 11 > end || !startsVersioned(bytes, start, 6) || bytes[start + 4]! > 1) {
    return false;
  }
  if (bytes[start + 5] !== 0 || bytes[start + 6] !== 0 || bytes[start + 7] !== 0 || bytes[start + 8] !== 2) {
    return false;
  }
  const length = (bytes[start + 9]! << 8) | bytes[start + 10]!;
  const name = start + 11;
  if (length < FLINK_PACKAGE.length || length > MAX_NAME) {
    return false;
  }
  if (standsAt(bytes, name, end, FLINK_PACKAGE)) {
    return true;
  }
  if (name + length > end || !isClassName(bytes, name, name + length)) {
    return false;
  }
  return positionOf(bytes, name + length, end, KEYED_STATE_TYPE) >= 0;
}

function startsVersioned(bytes: Uint8Array, start: number, version: number): boolean {
  return bytes[start] === 0 && bytes[start + 1] === 0 && bytes[start + 2] === 0 && bytes[start + 3] === version;
}

/**
 * Operator state: `OperatorBackendSerializationProxy` version 6 with compression flag (1.18+) or 5 without (1.17 and
 * before), number of partitionable states, name of the first; broadcast states where there are no others.
 */
function isOperatorState(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 9 > end) {
    return false;
  }
  let at = start + 4;
  if (startsVersioned(bytes, start, 6)) {
    if (bytes[at]! > 1) {
      return false;
    }
    at++;
  } else if (!startsVersioned(bytes, start, 5)) {
    return false;
  }
  // A job has few operator states: the high byte of their number is 0.
  if (bytes[at] !== 0) {
    return false;
  }
  const broadcastOnly = bytes[at + 1] === 0;
  if (!broadcastOnly) {
    return isPrintableName(bytes, at + 2, end);
  }
  if (bytes[at + 2] !== 0 || bytes[at + 3] === 0 || !isPrintableName(bytes, at + 4, end)) {
    return false;
  }
  // Two broadcast states, the first named like a class, could as well be keyed state with a serializer of the user's.
  return !(bytes[at + 3] === 2 && namesClass(bytes, at + 4, end)) || positionOf(bytes, at, end, DISTRIBUTION_MODE) >= 0;
}

function namesClass(bytes: Uint8Array, at: number, end: number): boolean {
  const length = (bytes[at]! << 8) | bytes[at + 1]!;
  return isClassName(bytes, at + 2, Math.min(end, at + 2 + length));
}

/** Header of a snapshot that a state backend wrote: inline in a message, or at the start of a file. */
export function backendState(
  bytes: Uint8Array,
  start: number,
  end: number,
): 'keyed-state' | 'operator-state' | undefined {
  if (isKeyedState(bytes, start, end)) {
    return 'keyed-state';
  }
  return isOperatorState(bytes, start, end) ? 'operator-state' : undefined;
}

/** Value of the compression flag of a {@link backendState} header. Version 5 of operator state has none. */
export function isCompressedState(bytes: Uint8Array, start: number, end: number): boolean {
  return start + 5 <= end && startsVersioned(bytes, start, 6) && bytes[start + 4] === 1;
}

/** Most master hook states that are believed; a job has none to a few. */
const MAX_MASTER_STATES = 1024;

/**
 * Start of a `_metadata` file: `49 60 67 2d`, version 3 (1.13) to 6 (2.1) or a later one, checkpoint id, number of
 * master states, which is 0 or followed by their magic `c9 6b 16 96` (`Checkpoints`, `MetadataV2V3SerializerBase`).
 */
export function checkpointMetadata(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly version: number; readonly checkpointId: number } | undefined {
  if (start + 20 > end) {
    return undefined;
  }
  if (bytes[start] !== 0x49 || bytes[start + 1] !== 0x60 || bytes[start + 2] !== 0x67 || bytes[start + 3] !== 0x2d) {
    return undefined;
  }
  const version = uint32(bytes, start + 4);
  const checkpointId = uint32(bytes, start + 8) * 2 ** 32 + uint32(bytes, start + 12);
  const masterStates = uint32(bytes, start + 16);
  if (version < 1 || version > 15 || checkpointId > Number.MAX_SAFE_INTEGER || masterStates > MAX_MASTER_STATES) {
    return undefined;
  }
  if (masterStates > 0 && start + 24 <= end && uint32(bytes, start + 20) !== 0xc96b1696) {
    return undefined;
  }
  return { version, checkpointId };
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

const TABLE_MAGIC = new Uint8Array([0xf7, 0xcf, 0xf4, 0x85, 0xb7, 0x41, 0xe2, 0x88]);
const LEGACY_TABLE_MAGIC = new Uint8Array([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);

/** RocksDB table: the last eight bytes of the file; `end` is the end of the file or of the decoded body. */
export function rocksdbTable(bytes: Uint8Array, start: number, end: number): 'rocksdb-sst' | undefined {
  const at = end - ROCKSDB_FOOTER_BYTES;
  if (at < start) {
    return undefined;
  }
  const found = standsAt(bytes, at, end, TABLE_MAGIC) || standsAt(bytes, at, end, LEGACY_TABLE_MAGIC);
  return found ? 'rocksdb-sst' : undefined;
}

/** Tag of an edit that names the comparator (`db/version_edit.h`, `kComparator`), its length, the name. */
const COMPARATOR_EDIT = latin1('\x01\x1aleveldb.BytewiseComparator');
/** Records of a manifest that are looked at: newer versions put an empty one first. */
const MAX_MANIFEST_RECORDS = 8;

/**
 * RocksDB manifest: one of the first log records, all of type full, names the comparator that Flink's column families
 * use. Offset of `leveldb.BytewiseComparator`, or -1.
 */
export function rocksdbManifest(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let record = 0; record < MAX_MANIFEST_RECORDS && at + RECORD_HEADER_BYTES <= end; record++) {
    const type = bytes[at + 6]!;
    if (type !== FULL && type !== FULL + FIRST_RECYCLABLE_TYPE - 1) {
      return -1;
    }
    const payload = at + RECORD_HEADER_BYTES + (type >= FIRST_RECYCLABLE_TYPE ? 4 : 0);
    // Where it comes first, the name is proof enough: its record may be longer than the window.
    if (at === start && type === FULL && standsAt(bytes, payload, end, COMPARATOR_EDIT)) {
      return payload + 2;
    }
    const next = payload + (bytes[at + 4]! | (bytes[at + 5]! << 8));
    if (next > end || !isRightRecord(bytes, at, next)) {
      return -1;
    }
    if (standsAt(bytes, payload, next, COMPARATOR_EDIT)) {
      return payload + 2;
    }
    at = next;
  }
  return -1;
}

const MANIFEST_NAME = latin1('MANIFEST-');

/** RocksDB `CURRENT`: the whole file is `MANIFEST-nnnnnn` and a line feed. */
export function rocksdbCurrent(bytes: Uint8Array, start: number, end: number): 'rocksdb-current' | undefined {
  if (end - start < 16 || end - start > 30 || !standsAt(bytes, start, end, MANIFEST_NAME) || bytes[end - 1] !== 0x0a) {
    return undefined;
  }
  for (let at = start + MANIFEST_NAME.length; at < end - 1; at++) {
    if (bytes[at]! < 0x30 || bytes[at]! > 0x39) {
      return undefined;
    }
  }
  return 'rocksdb-current';
}

const OPTIONS_TITLE = latin1('# This is a RocksDB option file.');

export function rocksdbOptions(bytes: Uint8Array, start: number, end: number): 'rocksdb-options' | undefined {
  return standsAt(bytes, start, end, OPTIONS_TITLE) ? 'rocksdb-options' : undefined;
}

export const SNAPPY_STREAM: Uint8Array = new Uint8Array([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]);

/** Offset of a snappy stream identifier in the window, or -1: state under `snapshot-compression`. */
export function snappyStream(bytes: Uint8Array, start: number, end: number): number {
  return positionOf(bytes, start, end, SNAPPY_STREAM);
}

/**
 * What a file or a body is by its first bytes. A RocksDB table is known by its end only: {@link rocksdbTable}.
 * `CURRENT` is told only where `end` is the end of the file.
 */
export function stateHead(bytes: Uint8Array, start: number, end: number): StateContent | undefined {
  const backend = backendState(bytes, start, end);
  if (backend !== undefined) {
    return backend;
  }
  if (checkpointMetadata(bytes, start, end) !== undefined) {
    return 'checkpoint-metadata';
  }
  if (rocksdbManifest(bytes, start, end) >= 0) {
    return 'rocksdb-manifest';
  }
  return rocksdbOptions(bytes, start, end) ?? rocksdbCurrent(bytes, start, end);
}
