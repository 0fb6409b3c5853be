import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Report } from '../../../src/model/report.ts';
import {
  type FileContentKind,
  fileContent,
  SAMPLE_HEAD_BYTES,
  SAMPLE_TAIL_BYTES,
} from '../../../src/protocols/state-file.ts';
import { type Bed, withCluster } from './bed.ts';
import { type Case, caseNamed } from './cases.ts';
import { type Cluster, checkpoints, configurationFolder, type Setting, settle, start, stop, until } from './cluster.ts';
import { secondsSince } from './command.ts';
import type { Distribution } from './distribution.ts';
import { CLUSTER_MEMBERS } from './members.ts';
import { launch } from './processes.ts';
import { jsonOf } from './rest.ts';
import { type BesideResult, had } from './results.ts';
import { needsZooKeeper, placeOf, type StateJob, type StatePlace, zooKeeperConfiguration } from './state-jobs.ts';
import { type NamedFile, namedFile } from './state-names.ts';
import { configurations, failure, flinkprobe } from './witnesses.ts';

/** What a job with state left on disk, and what it was taken for. */
export interface StateResult extends BesideResult {
  readonly kind: 'state';
  readonly job: string;
  /** Files by what their bytes are recognised as. */
  readonly kinds: Readonly<Record<string, number>>;
}

export function stateDigest(flink: Pick<Distribution, 'version'>, job: StateJob): string {
  const whole = JSON.stringify([flink.version, job, String(job.settings), CHECKPOINTS]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 16);
}

/** Runs a job with state until it has left all that it can leave, ends everything and looks at the files. */
export async function runState(bed: Bed, flink: Distribution, job: StateJob): Promise<StateResult> {
  const began = performance.now();
  const common = {
    ...({ kind: 'state', version: flink.version.version, job: job.name, digest: stateDigest(flink, job) } as const),
    ...had(bed),
  };
  const seconds = (): StateResult['seconds'] => ({ all: secondsSince(began) });
  try {
    const begin = async (setting: Setting): Promise<Cluster> => begun(setting, job);
    const found = await withCluster(bed, flink, CLEAR, (cluster) => leave(cluster, job), begin);
    return { ...common, seconds: seconds(), ...found };
  } catch (error) {
    return { ...common, seconds: seconds(), verdict: 'differs', differences: [(error as Error).message], kinds: {} };
  }
}

const CLEAR: Case = caseNamed('off');

async function begun(setting: Setting, job: StateJob): Promise<Cluster> {
  const { folder, network, distribution } = setting;
  const theCase: Case = {
    ...CLEAR,
    settings: (member, _, site, version) => job.settings(member, version, site, folder),
  };
  const cluster = start({ ...setting, theCase });
  if (needsZooKeeper(job)) {
    const own = join(folder, 'zookeeper');
    const file = join(folder, 'zoo.cfg');
    mkdirSync(own, { recursive: true });
    writeFileSync(file, zooKeeperConfiguration(network.site, own));
    const zooKeeper = launch(network, {
      ...{
        name: 'zookeeper',
        member: 'jm',
        main: ZOOKEEPER,
        args: ['--zkConfigFile', file, '--peerId', '1'],
        folder: own,
        jdk: undefined,
      },
      classPath: distribution.classPath,
      configuration: configurationFolder(folder, 'jm'),
      plugins: join(distribution.folder, 'plugins'),
    });
    cluster.processes.set('zookeeper', zooKeeper);
  }
  return cluster;
}

const ZOOKEEPER = 'org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer';
/** Completed before savepoints are taken: shared files are there from the second on. */
const CHECKPOINTS = 4;
const PATIENCE = 60;

async function leave(cluster: Cluster, job: StateJob): Promise<Pick<StateResult, 'verdict' | 'differences' | 'kinds'>> {
  const { folder } = cluster.setting;
  await settle(cluster);
  await until(cluster, 'checkpoints', PATIENCE, async () => (await checkpoints(cluster)).completed >= CHECKPOINTS);
  for (const format of job.savepoints) await savepoint(cluster, format);
  // Local directories are removed by a process that ends in order: these do not get the chance.
  await stop(cluster);
  const files = CLUSTER_MEMBERS.flatMap((member) =>
    PLACES.flatMap((place) =>
      isOwn(place) || member === 'jm' ? filesBelow(placeOf(folder, place, member), place) : [],
    ),
  );
  const counted = new Map<FileContentKind, number>();
  const differences: string[] = [];
  const twins = namedTwins(files, job);
  const inCheckpoints = new Map<string, number>();
  for (const { place, path, full } of files) {
    const { kind } = contentOf(full);
    counted.set(kind, (counted.get(kind) ?? 0) + 1);
    const checkpoint = place === 'checkpoints' ? /^.*\/chk-\d+\//.exec(path)?.[0] : undefined;
    if (checkpoint && /^(?:keyed|operator)-state$/.test(kind))
      inCheckpoints.set(checkpoint, (inCheckpoints.get(checkpoint) ?? 0) + 1);
    const named = twins.get(hashOf(full)) ?? namedFile(job.name, place, path);
    if (named === undefined) differences.push(`${place}/${path}: no name that is known, recognised as ${kind}`);
    else if (!named.kinds.includes(kind)) differences.push(`${place}/${path}, ${named.what}: recognised as ${kind}`);
  }
  // Each of four sources, and with a heap each of four keyed operators, has a file in each checkpoint that is whole.
  const least = job.backend === 'heap' ? SUBTASKS * 2 : SUBTASKS;
  for (const { place, path } of files) {
    const checkpoint = place === 'checkpoints' ? /^(.*\/chk-\d+\/)_metadata$/.exec(path)?.[1] : undefined;
    const seen = checkpoint === undefined ? least : (inCheckpoints.get(checkpoint) ?? 0);
    if (seen < least) differences.push(`${checkpoint}: ${seen} snapshots are recognised, ${least} are there`);
  }
  for (const kind of job.leaves) if (!counted.has(kind)) differences.push(`${kind}: no file is recognised as one`);
  differences.push(...countsDiffer(counted, await askAudit(cluster)));
  return {
    verdict: differences.length > 0 ? 'differs' : 'equal',
    differences: [...new Set(differences)].slice(0, MOST_DIFFERENCES),
    kinds: Object.fromEntries([...counted].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Parallelism of the job. */
const SUBTASKS = 4;
const MOST_DIFFERENCES = 12;
const PLACES: readonly StatePlace[] = [
  ...(['checkpoints', 'savepoints', 'ha', 'changelog'] as const),
  ...(['rocksdb', 'local', 'blobs'] as const),
];
const isOwn = (place: StatePlace): boolean => place === 'rocksdb' || place === 'local' || place === 'blobs';

interface Left {
  readonly place: StatePlace;
  /** Below the place, with slashes. */
  readonly path: string;
  readonly full: string;
}

function filesBelow(folder: string, place: StatePlace): readonly Left[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .map((full) => ({ place, full, path: relative(folder, full).split(sep).join('/') }));
}

/** What upload gives a new name is, byte for byte, what RocksDB itself has under its own: by hash. */
function namedTwins(files: readonly Left[], job: StateJob): ReadonlyMap<string, NamedFile> {
  const own = files.filter(({ place }) => place === 'rocksdb' || place === 'local');
  return new Map(
    own.flatMap(({ place, path, full }) => {
      const named = namedFile(job.name, place, path);
      return named?.kinds.length === 1 ? [[hashOf(full), named] as const] : [];
    }),
  );
}

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

function contentOf(file: string): ReturnType<typeof fileContent> {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const head = Buffer.alloc(Math.min(size, SAMPLE_HEAD_BYTES));
    const tail = Buffer.alloc(Math.min(size, SAMPLE_TAIL_BYTES));
    readSync(handle, head, 0, head.length, 0);
    readSync(handle, tail, 0, tail.length, size - tail.length);
    return fileContent({ size, head, tail });
  } finally {
    closeSync(handle);
  }
}

interface Triggered {
  readonly status: { readonly id: string };
  readonly operation?: { readonly location?: string; readonly 'failure-cause'?: { readonly class?: string } };
}

/** @throws Error when it is not completed */
async function savepoint(cluster: Cluster, formatType: string): Promise<void> {
  const { rest } = cluster.setting;
  const path = `/jobs/${cluster.job}/savepoints`;
  const asked = await rest.post(cluster.access, path, { json: { 'cancel-job': false, formatType } });
  const id = jsonOf<{ 'request-id': string }>(asked)?.['request-id'];
  if (!id) throw new Error(`${formatType} savepoint: not accepted: ${(asked.body ?? asked.error ?? '').slice(0, 200)}`);
  let last: Triggered | undefined;
  await until(cluster, `${formatType} savepoint`, PATIENCE, async () => {
    last = jsonOf<Triggered>(await rest.get(cluster.access, `${path}/${id}`));
    return last?.status.id === 'COMPLETED';
  });
  if (!last?.operation?.location) {
    throw new Error(`${formatType} savepoint: ${last?.operation?.['failure-cause']?.class ?? 'no place is told'}`);
  }
}

/** Files by kind, as `audit` finds them through the members' configurations. */
async function askAudit(cluster: Cluster): Promise<Report> {
  const answer = await flinkprobe(
    [],
    ['audit', ...configurations(cluster)],
    join(cluster.setting.folder, 'audit.json'),
  );
  if (!answer.report) throw failure('audit', answer);
  return answer.report;
}

/** Below `io.tmp.dirs` are the bed's own processes' files, which are not among those that are counted. */
const isCounted = (details: Readonly<Record<string, unknown>> | undefined): boolean => details?.purpose !== 'temporary';

function countsDiffer(counted: ReadonlyMap<FileContentKind, number>, report: Report): readonly string[] {
  const directories = report.observations.filter(({ file }) => file?.content === 'directory');
  const meant = new Set(
    directories.filter(({ file }) => isCounted(file?.details)).map(({ file }) => file?.directory ?? file?.path),
  );
  const told = new Map<string, number>();
  for (const { file, repeats = 0 } of report.observations) {
    if (!file || file.content === 'directory' || !meant.has(file.directory)) continue;
    told.set(file.content, (told.get(file.content) ?? 0) + 1 + repeats);
  }
  const kinds = new Set<string>([...counted.keys(), ...told.keys()]);
  // A folder of more than 64 files is sampled, and says so: then each kind is found, and none more often than it is there.
  const isSampled = directories.some(({ quality }) => quality?.limits?.includes('sampled') === true);
  return [...kinds].flatMap((kind) => {
    const there = counted.get(kind as FileContentKind) ?? 0;
    const found = told.get(kind) ?? 0;
    const isRight = isSampled ? found <= there && found > 0 : found === there;
    return isRight ? [] : [`${kind}: ${there} files, the audit tells of ${found}`];
  });
}
