import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';

/** What Flink keeps in a directory. */
export type StatePurpose =
  | 'checkpoints'
  | 'savepoints'
  | 'working-state'
  | 'local-recovery'
  | 'changelog'
  | 'high-availability'
  | 'blobs'
  | 'uploads'
  | 'archives'
  | 'temporary';

/** A directory of this machine's file system, or mounted there, that a configuration names. */
export interface NamedStateDirectory {
  readonly purpose: StatePurpose;
  /** As Flink would open it: without scheme, absolute or relative to Flink's working directory. */
  readonly path: string;
  readonly setting: Setting;
  /** Others keep files there too: only entries of these names are Flink's. */
  readonly only?: RegExp;
}

interface DirectoryKey {
  readonly purpose: StatePurpose;
  /** Newest first; older names behind. */
  readonly keys: readonly [string, ...string[]];
  /** `list`: several, apart by comma or `File.pathSeparator` (`ConfigurationUtils.splitPaths`). */
  readonly holds: 'one' | 'list' | 'comma-list';
}

/**
 * Entries that Flink makes in a temporary directory, which everybody may share: working directories of processes,
 * BLOBs, spilled records, shuffle data, local state, RocksDB's library, JAAS files, the web upload directory. Not the
 * jars of Flink's own that it unpacks there.
 */
const FLINKS_TEMPORARIES =
  /^(?:[jt]m_|minicluster_|flink-(?!rpc-|table-planner)|blobStor(?:e|age)|localState|job_|rocksdb-lib-|jaas-.*\.conf$|slot_|hybrid-shuffle)/;

/** Options of CheckpointingOptions, HighAvailabilityOptions, CoreOptions, RocksDBOptions, BlobServerOptions and others. */
const DIRECTORY_KEYS: readonly DirectoryKey[] = [
  {
    purpose: 'checkpoints',
    keys: ['execution.checkpointing.dir', 'state.checkpoints.dir', 'state.backend.fs.checkpointdir'],
    holds: 'one',
  },
  {
    purpose: 'savepoints',
    keys: [
      'execution.checkpointing.savepoint-dir',
      'state.savepoints.dir',
      'state.backend.fs.savepointdir',
      'savepoints.state.backend.fs.dir',
    ],
    holds: 'one',
  },
  { purpose: 'high-availability', keys: ['high-availability.storageDir'], holds: 'one' },
  { purpose: 'high-availability', keys: ['job-result-store.storage-path'], holds: 'one' },
  {
    purpose: 'working-state',
    keys: ['state.backend.rocksdb.localdir', 'state.backend.rocksdb.checkpointdir'],
    holds: 'list',
  },
  { purpose: 'working-state', keys: ['state.backend.forst.local-dir'], holds: 'list' },
  { purpose: 'working-state', keys: ['state.backend.forst.primary-dir'], holds: 'one' },
  {
    purpose: 'local-recovery',
    keys: ['execution.checkpointing.local-backup.dirs', 'taskmanager.state.local.root-dirs'],
    holds: 'list',
  },
  { purpose: 'working-state', keys: ['process.taskmanager.working-dir'], holds: 'one' },
  { purpose: 'blobs', keys: ['process.jobmanager.working-dir'], holds: 'one' },
  { purpose: 'working-state', keys: ['process.working-dir'], holds: 'one' },
  { purpose: 'changelog', keys: ['dstl.dfs.base-path'], holds: 'one' },
  { purpose: 'blobs', keys: ['blob.storage.directory'], holds: 'one' },
  { purpose: 'uploads', keys: ['web.upload.dir'], holds: 'one' },
  { purpose: 'archives', keys: ['jobmanager.archive.fs.dir'], holds: 'one' },
  { purpose: 'archives', keys: ['historyserver.archive.fs.dir'], holds: 'comma-list' },
  { purpose: 'archives', keys: ['historyserver.web.tmpdir'], holds: 'one' },
  { purpose: 'temporary', keys: ['io.tmp.dirs', 'taskmanager.tmp.dirs'], holds: 'list' },
];

/**
 * Directories of state that a configuration names and that this machine may have: paths without a scheme and `file:`.
 * Those of object stores and HDFS are left out, and Flink's defaults too: what nobody named may be anybody's.
 */
export function stateDirectoriesOf(configuration: EffectiveConfiguration): readonly NamedStateDirectory[] {
  const found: NamedStateDirectory[] = [];
  for (const { purpose, keys, holds } of DIRECTORY_KEYS) {
    const setting = configuration.setting(...keys);
    for (const value of setting === undefined ? [] : valuesOf(setting.value, holds)) {
      const path = localPath(value, purpose, configuration);
      if (path === undefined || setting === undefined) continue;
      found.push({ purpose, path, setting, ...(purpose === 'temporary' ? { only: FLINKS_TEMPORARIES } : {}) });
    }
  }
  return found;
}

function valuesOf(value: string, holds: DirectoryKey['holds']): readonly string[] {
  return partsOf(value, holds)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function partsOf(value: string, holds: DirectoryKey['holds']): readonly string[] {
  if (holds === 'one') return [value];
  if (holds === 'comma-list') return value.split(',');
  // Windows' separator is the semicolon: a colon belongs to a drive.
  if (/(?:^|[,;])\s*[A-Za-z]:[\\/]/.test(value)) return value.split(/[,;]/);
  return value.replace(/(^|[,:])file:\/*(?=\/)/g, '$1').split(/[,:]/);
}

/** Purposes whose directories Flink opens as java.io.File, whatever the default file system is. */
const LOCAL_PURPOSES: ReadonlySet<StatePurpose> = new Set<StatePurpose>([
  'working-state',
  'local-recovery',
  'blobs',
  'uploads',
  'temporary',
]);

/** Path of a `file:` URL or of a value without a scheme; undefined for what another system keeps. */
function localPath(value: string, purpose: StatePurpose, configuration: EffectiveConfiguration): string | undefined {
  const url = /^file:(?:\/\/(?:localhost)?(?=\/))?(\/.*)$/i.exec(value);
  if (url !== null) return withoutSlashes(decode(url[1]!));
  if (/^[a-z][a-z0-9+.-]+:/i.test(value)) return undefined;
  const scheme = configuration.setting('fs.default-scheme')?.value.trim() ?? '';
  const isElsewhere = scheme !== '' && !/^file:/i.test(scheme) && !LOCAL_PURPOSES.has(purpose);
  return isElsewhere ? undefined : withoutSlashes(value);
}

function withoutSlashes(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

/** Java's `URI.getPath` decodes; what is no escape stays. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
