import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { StatePurpose } from '../flink/state-directories.ts';
import type { Channel } from '../model/channel.ts';
import type { FileSighting, Input, Observation, Setting, VolumeSighting } from '../model/report.ts';
import type { FileContentKind } from '../protocols/state-file.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import { isWithin } from './mount-table.ts';
import { StateTally } from './state-tally.ts';
import { WALK_LIMITS, type WalkLimits, type WalkResult, walk } from './state-walk.ts';
import { type Machine, volumeOf } from './volume.ts';

/** A directory to be sampled, and who names it. */
export interface StateDirectory {
  readonly path: string;
  readonly purpose?: StatePurpose;
  /** The setting that names it; absent for one that the user named. */
  readonly setting?: Setting;
  readonly member?: string;
  /** Entries of the directory that are Flink's; absent: all. */
  readonly only?: RegExp;
}

export interface StateOptions {
  readonly limits?: WalkLimits;
  readonly machine?: Machine;
  readonly clock?: () => number;
  readonly signal?: AbortSignal;
}

/** What was seen; ids of observations are given later. */
export interface StateTestimony {
  readonly inputs: readonly Input[];
  readonly observations: readonly Observation[];
  /** `partial`: something that was asked for was not looked at; the problems of its input say what. */
  readonly extent: 'whole' | 'partial';
}

/** File systems within a directory that are looked at too; what is more is told. */
const MAX_VOLUMES = 8;

/**
 * Samples directories of state: what kinds of files there are by their own bytes, who can read them, and what protects
 * the volume. Bounded ({@link WALK_LIMITS}, each directory), links are not followed out of it. Never throws.
 *
 * What only a configuration names and this machine lacks or keeps closed is told among the inputs and no shortfall: the
 * configuration may be another host's, and closed is how state should be.
 */
export async function observeStateDirectories(
  directories: readonly StateDirectory[],
  options: StateOptions = {},
): Promise<StateTestimony> {
  const machine = options.machine ?? { root: '/', platform: process.platform };
  const accounts = readAccounts(machine.root);
  const found = directories.map(locate);
  const inputs: Input[] = found.flatMap((one) => ('problem' in one ? [inputOfLost(one)] : []));
  const queue = withoutNested(found.filter((one): one is Place => 'real' in one));
  const observations: Observation[] = [];
  let isPartial = found.some((one) => 'problem' in one && one.directory.setting === undefined);
  let volumes = 0;
  for (let at = 0; at < queue.length; at++) {
    const place = queue[at]!;
    if (options.signal?.aborted === true) break;
    const sampled = await sample(place, { ...options, machine }, accounts);
    observations.push(...sampled.observations);
    const further = sampled.volumes.slice(0, MAX_VOLUMES - volumes);
    volumes += further.length;
    const { only: _, ...directory } = place.directory;
    const fresh = further.filter((one) => !queue.some(({ real }) => real === one));
    queue.push(...fresh.map((real) => ({ directory, real })));
    const left = sampled.volumes.length - further.length;
    const problems = [...sampled.problems, ...(left > 0 ? [`${left} further file systems within were not read`] : [])];
    isPartial ||= problems.length > 0 && place.directory.setting === undefined;
    inputs.push(inputOf(place, problems, sampled.observations));
  }
  return { inputs, observations, extent: isPartial ? 'partial' : 'whole' };
}

interface Place {
  readonly directory: StateDirectory;
  /** Absolute, without links. */
  readonly real: string;
}

interface Lost {
  readonly directory: StateDirectory;
  readonly problem: string;
}

function locate(directory: StateDirectory): Place | Lost {
  try {
    const real = realpathSync(path.resolve(directory.path));
    return statSync(real).isDirectory() ? { directory, real } : { directory, problem: 'is no directory' };
  } catch (error) {
    return { directory, problem: problemText(error) };
  }
}

function problemText(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such directory on this machine';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ELOOP':
      return 'links that lead in circles';
    default:
      return code;
  }
}

/** Each directory once, and none that lies in another one that is read whole. */
function withoutNested(places: readonly Place[]): Place[] {
  const kept = new Map<string, Place>();
  for (const place of places) {
    const known = kept.get(place.real);
    const isWider = known?.directory.only !== undefined && place.directory.only === undefined;
    if (known === undefined || isWider) kept.set(place.real, place);
    else if (known.directory.member !== place.directory.member) kept.set(place.real, withoutMember(known));
  }
  const whole = [...kept.values()].filter(({ directory }) => directory.only === undefined);
  return [...kept.values()].filter(
    ({ real }) => !whole.some((other) => other.real !== real && isWithin(real, other.real)),
  );
}

/** Several members name it. */
function withoutMember({ directory: { member: _, ...directory }, real }: Place): Place {
  return { directory, real };
}

interface Sampled {
  readonly observations: readonly Observation[];
  readonly problems: readonly string[];
  readonly volumes: readonly string[];
}

async function sample(
  place: Place,
  options: StateOptions & { readonly machine: Machine },
  accounts: Accounts,
): Promise<Sampled> {
  const clock = options.clock ?? Date.now;
  const from = clock();
  const { machine } = options;
  const limits = options.limits ?? WALK_LIMITS;
  const tally = new StateTally(place.real, accounts, machine.platform === 'win32' ? 'none' : 'modes');
  const result = await walk(place.real, tally, {
    limits,
    now: clock,
    ...(place.directory.only === undefined ? {} : { only: place.directory.only }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const top = tally.sightingOfDirectory();
  if (top === undefined) return { observations: [], problems: ['vanished, or cannot be looked at'], volumes: [] };
  const observe = observer(place, result, [from, clock()]);
  const kinds = tally.sightings();
  const observations = [
    observe(
      channelOfDirectory(place.directory.purpose, kinds),
      withVolume(top, place, result.opened, volumeOf(place.real, machine)),
    ),
    ...kinds.map(({ kind, files, file }) => {
      const observation = observe(channelOf(kind, place.directory.purpose), file);
      return files > 1 ? { ...observation, repeats: files - 1 } : observation;
    }),
  ];
  return { observations, problems: problemsOf(result, tally.unreadableCount, limits), volumes: tally.volumes };
}

function problemsOf({ limits }: WalkResult, unreadable: number, allowed: WalkLimits): readonly string[] {
  const texts: Readonly<Record<WalkResult['limits'][number], string | undefined>> = {
    // Sampling is what was meant; the observation of the directory says so.
    sampled: undefined,
    entries: `more than ${allowed.entries} entries: the rest was not looked at`,
    bytes: `more than ${allowed.bytes} bytes read: the rest was not opened`,
    depth: `deeper than ${allowed.depth} levels: the rest was not looked at`,
    time: `took longer than ${allowed.milliseconds / 1000} s: the rest was not looked at`,
  };
  const told = limits.map((limit) => texts[limit]).filter((text) => text !== undefined);
  return unreadable > 0 ? [...told, `${unreadable} entries may not be read by this user`] : told;
}

function withVolume(top: FileSighting, { directory }: Place, opened: number, volume: VolumeSighting): FileSighting {
  const { purpose, setting } = directory;
  const details = {
    ...(purpose === undefined ? {} : { purpose }),
    ...(setting === undefined ? {} : { setting: setting.key }),
    ...top.details,
    opened,
  };
  return { ...top, details, volume };
}

type Observe = (channel: Channel, file: FileSighting) => Observation;

function observer({ directory }: Place, { limits }: WalkResult, [from, to]: readonly [number, number]): Observe {
  return (channel, file) => ({
    id: '',
    vantage: 'disk',
    observedAt: new Date(from).toISOString(),
    lastSeenAt: new Date(to).toISOString(),
    channel,
    channelBasis: directory.setting === undefined ? 'argument' : 'configuration',
    roleBasis: 'protocol',
    server: { host: 'localhost', port: 0, ...(directory.member === undefined ? {} : { member: directory.member }) },
    kind: 'file',
    bytes: { client: 0, server: 0 },
    file,
    ...(limits.length > 0 && file.content === 'directory' ? { quality: { limits } } : {}),
  });
}

const OF_CONTENT: Readonly<Partial<Record<FileContentKind, Channel>>> = {
  'completed-checkpoint': 'high-availability',
  'job-graph': 'high-availability',
  'job-archive': 'history-server',
  jar: 'blob-server',
};
const OF_PURPOSE: Readonly<Record<StatePurpose, Channel>> = {
  checkpoints: 'checkpoint-storage',
  savepoints: 'checkpoint-storage',
  'working-state': 'checkpoint-storage',
  'local-recovery': 'checkpoint-storage',
  changelog: 'checkpoint-storage',
  'high-availability': 'high-availability',
  blobs: 'blob-server',
  uploads: 'rest',
  archives: 'history-server',
  temporary: 'unknown',
};
const STATE_KINDS: ReadonlySet<FileContentKind> = new Set<FileContentKind>([
  'checkpoint-metadata',
  'savepoint-metadata',
  'keyed-state',
  'operator-state',
  'rocksdb-sst',
  'rocksdb-manifest',
  'rocksdb-options',
  'rocksdb-current',
  'rocksdb-write-ahead-log',
]);

function channelOf(kind: FileContentKind, purpose: StatePurpose | undefined): Channel {
  if (STATE_KINDS.has(kind)) return 'checkpoint-storage';
  return OF_CONTENT[kind] ?? (purpose === undefined ? 'unknown' : OF_PURPOSE[purpose]);
}

/** By what it is for, else by what is in it. */
function channelOfDirectory(
  purpose: StatePurpose | undefined,
  kinds: readonly { readonly kind: FileContentKind }[],
): Channel {
  const named = purpose === undefined ? 'unknown' : OF_PURPOSE[purpose];
  if (named !== 'unknown') return named;
  const channels = kinds.map(({ kind }) => channelOf(kind, undefined));
  if (channels.includes('checkpoint-storage')) return 'checkpoint-storage';
  return channels.find((channel) => channel !== 'unknown') ?? 'unknown';
}

const PROTECTION: Readonly<Record<VolumeSighting['protection'], string>> = {
  encrypted: 'encrypted',
  'none-seen': 'no encryption seen',
  memory: 'in memory',
  remote: 'kept by a server',
  hidden: 'volume out of sight',
};

function inputOf({ directory, real }: Place, problems: readonly string[], seen: readonly Observation[]): Input {
  const shown = directory.path === real ? real : `${directory.path} (${real})`;
  const volume = seen.find(({ file }) => file?.volume !== undefined)?.file?.volume;
  const input = withProblems(shown, problems);
  return volume === undefined ? input : { ...input, format: `${volume.fileSystem}, ${PROTECTION[volume.protection]}` };
}

function inputOfLost({ directory, problem }: Lost): Input {
  const { setting } = directory;
  return withProblems(directory.path, [setting === undefined ? problem : `${setting.key}: ${problem}`]);
}

function withProblems(shown: string, problems: readonly string[]): Input {
  const listed = problems.map((message) => ({ file: shown, line: 1, message }));
  return { kind: 'directory', path: shown, ...(listed.length > 0 ? { problems: listed } : {}) };
}
