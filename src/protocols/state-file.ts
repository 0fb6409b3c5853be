import {
  backendState,
  checkpointMetadata,
  isCompressedState,
  latin1,
  positionOf,
  ROCKSDB_FOOTER_BYTES,
  rocksdbCurrent,
  rocksdbManifest,
  rocksdbOptions,
  rocksdbTable,
  SNAPPY_STREAM,
  snappyStream,
  standsAt,
} from './flink-state.ts';
import { firstClassOf } from './java-serialization.ts';
import { rocksdbWriteAheadLog } from './rocksdb-log.ts';

/** First and last bytes of a file, and how long it is. A file that fits is whole in both. */
export interface FileSample {
  readonly size: number;
  /** From offset 0. */
  readonly head: Uint8Array;
  /** Up to the end of the file; empty where it could not be read. */
  readonly tail: Uint8Array;
}

/** Where the proof stands in the file, bytes, and what stands there: Flink's or RocksDB's own bytes, never state. */
export interface ContentProof {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

export const FILE_CONTENT_KINDS = [
  'checkpoint-metadata',
  'savepoint-metadata',
  'keyed-state',
  'operator-state',
  'rocksdb-sst',
  'rocksdb-manifest',
  'rocksdb-options',
  'rocksdb-current',
  'rocksdb-write-ahead-log',
  'completed-checkpoint',
  'job-graph',
  'java-serialized',
  'jar',
  'zip',
  'job-archive',
  'compressed',
  'opaque',
  'empty',
  'unknown',
] as const;
export type FileContentKind = (typeof FILE_CONTENT_KINDS)[number];

interface Proven {
  readonly proof: ContentProof;
}

/**
 * What a file is, by its own bytes.
 *
 * `savepoint-metadata`: a `_metadata` whose properties say so (Flink 1.16 and newer); older ones are
 * `checkpoint-metadata`. `opaque`: bytes without any pattern, as compressed and encrypted files have; which of them, or
 * whether at all, is not claimed. `unknown`: none of these.
 *
 * A file in which Flink merged several (file merging, 1.20 and newer) is what its first segment is. Files of the
 * changelog (`StateChangeFormat`) and of the channels of unaligned checkpoints (`ChannelStateSerializerImpl`: version 0,
 * then lengths) begin with counts and lengths alone: nothing proves them, and they stay `unknown`.
 */
export type FileContent =
  | (Proven & {
      readonly kind: 'checkpoint-metadata' | 'savepoint-metadata';
      readonly version: number;
      readonly checkpointId: number;
    })
  | (Proven & { readonly kind: 'keyed-state' | 'operator-state'; readonly compression: 'none' | 'snappy' })
  | (Proven & { readonly kind: 'rocksdb-sst'; readonly format: 'block-based' | 'legacy' })
  | (Proven & { readonly kind: 'rocksdb-manifest' | 'rocksdb-options' | 'rocksdb-current' })
  | (Proven & { readonly kind: 'rocksdb-write-ahead-log'; readonly checksum: 'right' | 'not-in-window' })
  | (Proven & {
      readonly kind: 'completed-checkpoint' | 'job-graph' | 'java-serialized';
      /** Class of the first object; absent where the stream does not start with one, or it is cut. */
      readonly className?: string;
    })
  | (Proven & { readonly kind: 'jar' | 'zip' | 'job-archive' })
  | (Proven & { readonly kind: 'compressed'; readonly format: 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4' | 'snappy' })
  | { readonly kind: 'opaque' | 'empty' | 'unknown' };

/** Bytes of both ends that {@link fileContent} can make use of; fewer may do. */
export const SAMPLE_HEAD_BYTES = 4096;
export const SAMPLE_TAIL_BYTES = 2048;

/** What the two ends of a file say of it. Never throws; a sample that is cut anywhere says less, or nothing. */
export function fileContent({ size, head, tail }: FileSample): FileContent {
  if (size === 0 || head.length === 0) {
    return { kind: size === 0 ? 'empty' : 'unknown' };
  }
  const isWhole = head.length >= size;
  return (
    metadata(head, tail) ??
    snapshot(head) ??
    table(size, tail) ??
    rocksdb(head, isWhole) ??
    serialized(head) ??
    archive(head) ??
    compressed(head) ?? { kind: isWithoutPattern(head) ? 'opaque' : 'unknown' }
  );
}

const SAVEPOINT_TYPE = latin1('org.apache.flink.runtime.checkpoint.SavepointType');
function metadata(head: Uint8Array, tail: Uint8Array): FileContent | undefined {
  const found = checkpointMetadata(head, 0, head.length);
  if (found === undefined) {
    return undefined;
  }
  const isSavepoint = positionOf(tail, 0, tail.length, SAVEPOINT_TYPE) >= 0;
  const kind = isSavepoint ? 'savepoint-metadata' : 'checkpoint-metadata';
  const text = `_metadata, version ${found.version}, checkpoint ${found.checkpointId}`;
  return { kind, ...found, proof: { offset: 0, length: 16, text } };
}

/** Fewer bytes of a snapshot's start could be either backend's; no snapshot is so short. */
const MIN_SNAPSHOT_BYTES = 32;

function snapshot(head: Uint8Array): FileContent | undefined {
  if (head.length < MIN_SNAPSHOT_BYTES) {
    return undefined;
  }
  const kind = backendState(head, 0, head.length);
  if (kind === undefined) {
    return undefined;
  }
  const isCompressed = isCompressedState(head, 0, head.length) || snappyStream(head, 0, head.length) >= 0;
  const what = kind === 'keyed-state' ? 'keyed state backend' : 'operator state backend';
  const text = `header of a snapshot of the ${what}, version ${head[3]}${isCompressed ? ', snapshot compression on' : ''}`;
  return { kind, compression: isCompressed ? 'snappy' : 'none', proof: { offset: 0, length: 5, text } };
}

/** First byte of the footer's magic number in formats before RocksDB 3.0. */
const LEGACY_MAGIC_START = 0x57;

function table(size: number, tail: Uint8Array): FileContent | undefined {
  if (rocksdbTable(tail, 0, tail.length) === undefined) {
    return undefined;
  }
  const format = tail[tail.length - ROCKSDB_FOOTER_BYTES] === LEGACY_MAGIC_START ? 'legacy' : 'block-based';
  const text = `magic number of a RocksDB ${format} table at its end`;
  return {
    kind: 'rocksdb-sst',
    format,
    proof: { offset: size - ROCKSDB_FOOTER_BYTES, length: ROCKSDB_FOOTER_BYTES, text },
  };
}

const COMPARATOR = 'leveldb.BytewiseComparator';

function rocksdb(head: Uint8Array, isWhole: boolean): FileContent | undefined {
  const end = head.length;
  const comparator = rocksdbManifest(head, 0, end);
  if (comparator >= 0) {
    return { kind: 'rocksdb-manifest', proof: { offset: comparator, length: COMPARATOR.length, text: COMPARATOR } };
  }
  if (rocksdbOptions(head, 0, end) !== undefined) {
    return { kind: 'rocksdb-options', proof: { offset: 0, length: 32, text: '# This is a RocksDB option file.' } };
  }
  if (isWhole && rocksdbCurrent(head, 0, end) !== undefined) {
    return { kind: 'rocksdb-current', proof: { offset: 0, length: end, text: 'name of a MANIFEST and nothing else' } };
  }
  const checksum = rocksdbWriteAheadLog(head, 0, end, isWhole ? 'whole-file' : 'start-of-file');
  if (checksum === undefined) {
    return undefined;
  }
  const text = `record of a RocksDB log with a batch of writes${checksum === 'right' ? ', its checksum is right' : ''}`;
  return { kind: 'rocksdb-write-ahead-log', checksum, proof: { offset: 0, length: 7, text } };
}

const JAVA_STREAM = new Uint8Array([0xac, 0xed, 0x00, 0x05]);
/** Tags of `java.io.ObjectStreamConstants`, with which the first element of a stream begins. */
const FIRST_TAG = 0x70;
const LAST_TAG = 0x7e;

const COMPLETED_CHECKPOINT = /^org\.apache\.flink\.runtime\.checkpoint\.CompletedCheckpoint$/;
/** What the `JobGraphStore`, since 2.0 the `ExecutionPlanStore`, keeps. */
const JOB_GRAPH =
  /^org\.apache\.flink\.(?:runtime\.jobgraph\.JobGraph|streaming\.api\.graph\.(?:StreamGraph|ExecutionPlan))$/;

function serialized(head: Uint8Array): FileContent | undefined {
  if (!standsAt(head, 0, head.length, JAVA_STREAM) || head.length < 5 || head[4]! < FIRST_TAG || head[4]! > LAST_TAG) {
    return undefined;
  }
  const className = firstClassOf(head, 0, head.length);
  if (className === undefined) {
    return { kind: 'java-serialized', proof: { offset: 0, length: 4, text: 'Java serialization stream' } };
  }
  const text = `Java serialization of ${className}`;
  const proof: ContentProof = { offset: 0, length: 8 + className.length, text };
  if (COMPLETED_CHECKPOINT.test(className)) {
    return { kind: 'completed-checkpoint', className, proof };
  }
  return { kind: JOB_GRAPH.test(className) ? 'job-graph' : 'java-serialized', className, proof };
}

const ZIP_ENTRY = new Uint8Array([0x50, 0x4b, 0x03, 0x04]);
/** Length of the fixed part of a ZIP entry's header; the name of the entry follows (APPNOTE.TXT 4.3.7). */
const ZIP_ENTRY_NAME = 30;
const META_INF = latin1('META-INF/');
/** `FsJobArchivist`: how an archive of the history server begins. */
const JOB_ARCHIVE = /^\s*\{\s*"archive"\s*:\s*\[/;

function archive(head: Uint8Array): FileContent | undefined {
  if (standsAt(head, 0, head.length, ZIP_ENTRY)) {
    const isJar = standsAt(head, ZIP_ENTRY_NAME, head.length, META_INF);
    const text = isJar ? 'ZIP whose first entry is META-INF/' : 'ZIP';
    return { kind: isJar ? 'jar' : 'zip', proof: { offset: 0, length: isJar ? 39 : 4, text } };
  }
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 64)).toString('latin1');
  const found = JOB_ARCHIVE.exec(start);
  if (found === null) {
    return undefined;
  }
  return {
    kind: 'job-archive',
    proof: { offset: 0, length: found[0].length, text: "archive of a job's REST answers" },
  };
}

type Compression = Extract<FileContent, { kind: 'compressed' }>['format'];
const COMPRESSIONS: readonly (readonly [Compression, Uint8Array])[] = [
  ['gzip', new Uint8Array([0x1f, 0x8b, 0x08])],
  ['zstd', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['bzip2', latin1('BZh')],
  ['lz4', new Uint8Array([0x04, 0x22, 0x4d, 0x18])],
  ['snappy', SNAPPY_STREAM],
];

function compressed(head: Uint8Array): FileContent | undefined {
  const found = COMPRESSIONS.find(([, magic]) => standsAt(head, 0, head.length, magic));
  if (found === undefined) {
    return undefined;
  }
  const [format, magic] = found;
  return { kind: 'compressed', format, proof: { offset: 0, length: magic.length, text: `${format} stream` } };
}

/** Fewer bytes than these look like anything. */
const MIN_PATTERN_BYTES = 512;
/**
 * Pearson's chi-square of byte values: 255 on average for random bytes, with a deviation of 22.6. Random bytes exceed
 * this by chance once in ten billion files; text, tables and serialized objects exceed it by far.
 */
const MAX_CHI_SQUARE = 400;

function isWithoutPattern(bytes: Uint8Array): boolean {
  if (bytes.length < MIN_PATTERN_BYTES) {
    return false;
  }
  const counts = new Uint32Array(256);
  for (const byte of bytes) {
    counts[byte]! += 1;
  }
  const expected = bytes.length / 256;
  let chiSquare = 0;
  for (const count of counts) {
    chiSquare += (count - expected) ** 2 / expected;
  }
  return chiSquare <= MAX_CHI_SQUARE;
}
