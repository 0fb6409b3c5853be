import type { Evidence, FileSighting, Observation, VolumeSighting } from '../../model/report.ts';
import type { ClusterSubject } from '../../model/rule.ts';
import { count } from './text.ts';

/** Contents that are state, or hold some of it: a manifest has keys, metadata and completed checkpoints small state. */
const STATE: Readonly<Record<string, string>> = {
  'checkpoint-metadata': 'checkpoint metadata',
  'savepoint-metadata': 'savepoint metadata',
  'keyed-state': 'keyed state',
  'operator-state': 'operator state',
  'rocksdb-sst': 'RocksDB tables',
  'rocksdb-manifest': 'RocksDB manifests',
  'rocksdb-write-ahead-log': 'RocksDB write-ahead logs',
  'completed-checkpoint': 'completed checkpoints',
};

/** Flink's, and no state: user code, its configuration, answers about jobs. */
const OTHERS: Readonly<Record<string, string>> = {
  'job-graph': 'job graphs',
  'java-serialized': 'serialized objects',
  jar: 'jars',
  'job-archive': 'job archives',
};

export interface SeenFile {
  readonly observation: Observation;
  readonly file: FileSighting;
  readonly what: string;
  readonly holds: 'state' | 'other';
}

/** One sampled directory: what was told of itself, and what it holds of Flink's. */
export interface SeenDirectory {
  readonly path: string;
  readonly observation: Observation;
  readonly file: FileSighting;
  readonly volume?: VolumeSighting;
  readonly files: readonly SeenFile[];
}

export function seenDirectories({ observations }: ClusterSubject): readonly SeenDirectory[] {
  const onDisk = observations.flatMap((observation) =>
    observation.kind === 'file' && observation.file?.directory !== undefined
      ? [{ observation, file: observation.file, path: observation.file.directory }]
      : [],
  );
  const tops = onDisk.filter(({ file }) => file.content === 'directory');
  return tops.map(({ observation, file, path }) => ({
    path,
    observation,
    file,
    ...(file.volume === undefined ? {} : { volume: file.volume }),
    files: onDisk.filter((one) => one.path === path).flatMap((one) => seenFile(one.observation, one.file)),
  }));
}

function seenFile(observation: Observation, file: FileSighting): readonly SeenFile[] {
  const state = STATE[file.content];
  const what = state ?? OTHERS[file.content];
  return what === undefined ? [] : [{ observation, file, what, holds: state === undefined ? 'other' : 'state' }];
}

/** `16 files of keyed state`, with one of them as the proof. */
export function fileEvidence({ observation, file, what }: SeenFile, said: 'content' | 'mode'): Evidence {
  const files = count((observation.repeats ?? 0) + 1, 'file');
  const proof = file.proof === undefined ? '' : ` (byte ${file.offset ?? 0}: ${file.proof})`;
  const mode = ` (mode ${file.mode}, owner ${file.owner})`;
  return {
    observation: observation.id,
    text: `${files} of ${what}, one of them ${file.path}${said === 'content' ? proof : mode}`,
    file: file.path,
  };
}

export function volumeEvidence({ observation, volume, path }: SeenDirectory): readonly Evidence[] {
  if (volume === undefined) return [];
  const { mountPoint, fileSystem, device, evidence } = volume;
  const place = mountPoint === 'unknown' ? '' : `${device} on ${mountPoint} (${fileSystem}): `;
  return [{ observation: observation.id, text: `volume: ${place}${evidence.join('; ')}`, file: path }];
}

/** `keyed state, RocksDB tables`, each once. */
export function contentsOf(files: readonly SeenFile[]): string {
  return [...new Set(files.map(({ what }) => what))].join(', ');
}

export function filesOf(files: readonly SeenFile[]): number {
  return files.reduce((sum, { observation }) => sum + 1 + (observation.repeats ?? 0), 0);
}
