import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FileContentKind } from '../../../src/protocols/state-file.ts';
import type { Settings } from './configuration.ts';
import { type ClusterMember, PORTS, type Site } from './members.ts';
import { type FlinkVersion, since } from './versions.ts';

/** A job with state, as its cluster keeps it. */
export interface StateJob {
  readonly name: string;
  readonly what: string;
  readonly backend: 'rocksdb' | 'heap' | 'heap-with-changelog';
  settings(member: ClusterMember, version: FlinkVersion, site: Site, folder: string): Settings;
  /** Savepoints that are taken; not every version has the native format behind a changelog. */
  readonly savepoints: readonly ('CANONICAL' | 'NATIVE')[];
  /** Kinds of which there has to be a file, whatever else is there. */
  readonly leaves: readonly FileContentKind[];
}

/** Directories of state of a cluster, by what they are for; each member has some of its own. */
export type StatePlace = 'checkpoints' | 'savepoints' | 'ha' | 'changelog' | 'rocksdb' | 'local' | 'blobs';

const SHARED: readonly StatePlace[] = ['checkpoints', 'savepoints', 'ha', 'changelog'];

export function placeOf(folder: string, place: StatePlace, member: ClusterMember): string {
  const path = SHARED.includes(place) ? join(folder, 'state', place) : join(folder, 'state', member, place);
  mkdirSync(path, { recursive: true });
  return path;
}

const ZOOKEEPER_PORT = 2181;

/** Names of options of one version: 1.20 renamed most of them (FLIP-406), and reads the former ones too. */
function names({ version }: FlinkVersion): Readonly<Record<string, string>> {
  return since(version, '1.20')
    ? {
        backend: 'state.backend.type',
        checkpoints: 'execution.checkpointing.dir',
        savepoints: 'execution.checkpointing.savepoint-dir',
        incremental: 'execution.checkpointing.incremental',
        inline: 'execution.checkpointing.data-inline-threshold',
        retained: 'execution.checkpointing.num-retained',
        localBackup: 'execution.checkpointing.local-backup.enabled',
        localRecovery: 'execution.state-recovery.from-local',
        localPlaces: 'execution.checkpointing.local-backup.dirs',
        unaligned: 'execution.checkpointing.unaligned.enabled',
        changelog: 'state.changelog.enabled',
        changelogStorage: 'state.changelog.storage',
        materialize: 'state.changelog.periodic-materialize.interval',
      }
    : {
        backend: since(version, '1.18') ? 'state.backend.type' : 'state.backend',
        checkpoints: 'state.checkpoints.dir',
        savepoints: 'state.savepoints.dir',
        incremental: 'state.backend.incremental',
        inline: 'state.storage.fs.memory-threshold',
        retained: 'state.checkpoints.num-retained',
        localBackup: 'state.backend.local-recovery',
        localRecovery: 'state.backend.local-recovery',
        localPlaces: 'taskmanager.state.local.root-dirs',
        unaligned: 'execution.checkpointing.unaligned',
        changelog: 'state.backend.changelog.enabled',
        changelogStorage: 'state.backend.changelog.storage',
        materialize: 'state.backend.changelog.periodic-materialize.interval',
      };
}

/** Checkpoints in files, all of the state in files of its own, local copies, and the JobManager's own stores. */
function common(member: ClusterMember, version: FlinkVersion, folder: string): Settings {
  const name = names(version);
  const place = (one: StatePlace): string => placeOf(folder, one, member);
  return {
    [name.checkpoints!]: `file://${place('checkpoints')}`,
    [name.savepoints!]: `file://${place('savepoints')}`,
    [name.inline!]: '0b',
    [name.retained!]: '3',
    [name.localBackup!]: 'true',
    [name.localRecovery!]: 'true',
    [name.localPlaces!]: place('local'),
    'blob.storage.directory': place('blobs'),
  };
}

export const STATE_JOBS: readonly StateJob[] = [
  {
    name: 'rocksdb',
    backend: 'rocksdb',
    savepoints: ['CANONICAL', 'NATIVE'],
    what: 'RocksDB, incremental checkpoints, local copies, high availability by ZooKeeper, savepoints of both formats',
    settings: (member, version, site, folder) => ({
      ...common(member, version, folder),
      [names(version).backend!]: 'rocksdb',
      [names(version).incremental!]: 'true',
      'state.backend.rocksdb.localdir': placeOf(folder, 'rocksdb', member),
      [since(version.version, '1.17') ? 'high-availability.type' : 'high-availability']: 'zookeeper',
      'high-availability.zookeeper.quorum': `${site.name.jm}:${ZOOKEEPER_PORT}`,
      'high-availability.storageDir': `file://${placeOf(folder, 'ha', member)}`,
      // Otherwise a port by chance.
      'high-availability.jobmanager.port': String(PORTS.rpc),
    }),
    leaves: [
      'checkpoint-metadata',
      'savepoint-metadata',
      'rocksdb-sst',
      'rocksdb-manifest',
      'rocksdb-options',
      'rocksdb-current',
      'keyed-state',
      'operator-state',
      'completed-checkpoint',
      'job-graph',
      'jar',
    ],
  },
  {
    name: 'hashmap',
    backend: 'heap',
    savepoints: ['CANONICAL', 'NATIVE'],
    what: 'heap, unaligned checkpoints with snapshot compression, local copies, savepoints of both formats',
    settings: (member, version, _, folder) => ({
      ...common(member, version, folder),
      [names(version).backend!]: 'hashmap',
      [names(version).unaligned!]: 'true',
      'execution.checkpointing.snapshot-compression': 'true',
    }),
    leaves: ['checkpoint-metadata', 'savepoint-metadata', 'keyed-state', 'operator-state', 'jar'],
  },
  {
    name: 'changelog',
    backend: 'heap-with-changelog',
    savepoints: ['CANONICAL'],
    what: 'heap behind a changelog in files, materialized every two seconds, local copies, a savepoint',
    settings: (member, version, _, folder) => ({
      ...common(member, version, folder),
      [names(version).backend!]: 'hashmap',
      [names(version).changelog!]: 'true',
      [names(version).changelogStorage!]: 'filesystem',
      [names(version).materialize!]: '2 s',
      'dstl.dfs.base-path': `file://${placeOf(folder, 'changelog', member)}`,
    }),
    leaves: ['checkpoint-metadata', 'savepoint-metadata', 'keyed-state', 'operator-state', 'jar'],
  },
];

export const needsZooKeeper = ({ name }: StateJob): boolean => name === 'rocksdb';

/** Configuration of one ZooKeeper server, as `conf/zoo.cfg` of the distribution has it. */
export function zooKeeperConfiguration(site: Site, data: string): string {
  return `${[
    ...['tickTime=2000', 'initLimit=10', 'syncLimit=5', `dataDir=${data}`, `clientPort=${ZOOKEEPER_PORT}`],
    ...[`server.1=${site.name.jm}:2888:3888`, 'admin.enableServer=false'],
  ].join('\n')}\n`;
}
