import type { FileContentKind } from '../../../src/protocols/state-file.ts';
import type { StatePlace } from './state-jobs.ts';

/** What a file may be, by the name and the place that Flink or RocksDB gave it. */
export interface NamedFile {
  readonly kinds: readonly FileContentKind[];
  /** In words, for a difference. */
  readonly what: string;
}

/** Whatever its bytes look like, it is no state. */
const NO_STATE: readonly FileContentKind[] = ['unknown', 'opaque', 'empty', 'zip', 'jar', 'compressed'];

const ROCKSDB_KINDS = ['rocksdb-sst', 'rocksdb-manifest', 'rocksdb-options', 'rocksdb-current'] as const;

/** Names within a RocksDB directory (RocksDB `db/filename.cc`). */
const ROCKSDB: readonly (readonly [RegExp, NamedFile])[] = [
  [/^\d{6,}\.sst$/, { kinds: ['rocksdb-sst'], what: 'table of RocksDB' }],
  [/^MANIFEST-\d+$/, { kinds: ['rocksdb-manifest'], what: 'manifest of RocksDB' }],
  [/^OPTIONS-\d+$/, { kinds: ['rocksdb-options'], what: 'options of RocksDB' }],
  [/^CURRENT$/, { kinds: ['rocksdb-current'], what: 'pointer to the manifest' }],
  // Flink switches the write-ahead log off: the file is there and stays empty.
  [/^\d{6,}\.log$/, { kinds: ['empty', 'rocksdb-write-ahead-log'], what: 'write-ahead log of RocksDB' }],
  [/^(?:LOG(?:\.old\.\d+)?|LOCK|IDENTITY)$/, { kinds: ['unknown', 'opaque', 'empty'], what: 'text of RocksDB' }],
];

/** Beside the tables an incremental checkpoint has its meta data, with the header of a keyed backend (materializeMetaData). */
const INCREMENTAL = [...ROCKSDB_KINDS, 'keyed-state', 'operator-state'] as const;

const SNAPSHOT: NamedFile = { kinds: ['keyed-state', 'operator-state'], what: 'snapshot of a state backend' };

const UNFINISHED = [
  ...NO_STATE,
  ...['checkpoint-metadata', 'savepoint-metadata', 'keyed-state', 'operator-state'],
  ...ROCKSDB_KINDS,
] as readonly FileContentKind[];

/** Flink's `BlobUtils`, `FsCheckpointStorageAccess`, `FileSystemStateStorageHelper`. */
const RULES: readonly (readonly [StatePlace | 'any', RegExp, NamedFile])[] = [
  ['checkpoints', /\/chk-\d+\/_metadata$/, { kinds: ['checkpoint-metadata'], what: 'metadata of a checkpoint' }],
  ['savepoints', /^savepoint-[^/]+\/_metadata$/, { kinds: ['savepoint-metadata'], what: 'metadata of a savepoint' }],
  // A stream that was being written when the process was killed: nothing of it may be there, or all.
  ['any', /\.inprogress|\.part-|^\./, { kinds: UNFINISHED, what: 'unfinished file' }],
  ['ha', /(?:^|\/)completedCheckpoint[^/]+$/, { kinds: ['completed-checkpoint'], what: 'handle of a checkpoint' }],
  ['ha', /(?:^|\/)submitted(?:JobGraph|ExecutionPlan)[^/]+$/, { kinds: ['job-graph'], what: 'graph of a job' }],
  ['any', /(?:^|\/)blob_p-[^/]+$/, { kinds: ['jar'], what: 'jar in a BLOB store' }],
  // Serialized task information, which is offloaded where it is large.
  ['any', /(?:^|\/)blob_t-[^/]+$/, { kinds: ['java-serialized', ...NO_STATE], what: 'transient BLOB' }],
  // TaskLocalStateStoreImpl writes the handles of a local copy by Java serialization.
  ['local', /\/_task_state_snapshot$/, { kinds: ['java-serialized'], what: 'handles of a local copy' }],
];

/** Names that say nothing: what stands there by the job's backend. */
const BY_JOB: Readonly<Record<string, (place: StatePlace, path: string) => NamedFile | undefined>> = {
  rocksdb: (place, path) => {
    const uuid = { what: 'file of an incremental checkpoint' };
    // RocksIncrementalSnapshotStrategy uploads tables, manifest, options and pointer alike.
    if (place === 'checkpoints' && /\/shared\/[^/]+$/.test(path)) return { ...uuid, kinds: ROCKSDB_KINDS };
    if (place === 'checkpoints') return { ...uuid, kinds: INCREMENTAL };
    if (place === 'savepoints') return { what: 'file of a savepoint', kinds: INCREMENTAL };
    return place === 'local' ? { what: 'local copy', kinds: INCREMENTAL } : undefined;
  },
  hashmap: (place) => {
    // Records in flight: lengths and bytes without a magic number (ChannelStateSerializerImpl).
    if (place === 'checkpoints') return { ...SNAPSHOT, kinds: [...SNAPSHOT.kinds, 'unknown'] };
    return place === 'savepoints' || place === 'local' ? SNAPSHOT : undefined;
  },
  changelog: (place, path) => {
    // Changes in Flink's own format, which has no magic number; a compression flag goes before them.
    const changes = { kinds: NO_STATE, what: 'segment of a changelog' } as const;
    if (place === 'changelog' || (place === 'local' && /\/taskowned\/[^/]+$/.test(path))) return changes;
    return ['checkpoints', 'savepoints', 'local'].includes(place) ? SNAPSHOT : undefined;
  },
};

/** What a file below `place` has to be; `path` is relative to it, with slashes. Undefined where no name is known. */
export function namedFile(job: string, place: StatePlace, path: string): NamedFile | undefined {
  const rule = RULES.find(([where, name]) => (where === 'any' || where === place) && name.test(path));
  if (rule) return rule[2];
  const base = path.split('/').at(-1)!;
  const ofRocksDb = place === 'rocksdb' || place === 'local' ? ROCKSDB.find(([name]) => name.test(base)) : undefined;
  return ofRocksDb?.[1] ?? BY_JOB[job]?.(place, path);
}
