import type { ParsedConfiguration } from '../flink/config.ts';
import { namedStores } from '../flink/ssl-stores.ts';
import type { Probe } from '../model/probe.ts';
import type { Input } from '../model/report.ts';
import type { ConfigurationSubject, FlinkHome, StoreFacts, StoreSubject } from '../model/rule.ts';
import { fileFacts } from '../observe/file-facts.ts';
import { flinkHome } from '../observe/flink-home.ts';
import { hadoopFacts } from '../observe/hadoop-conf.ts';
import type { GivenStore, StoreReadings } from '../observe/key-stores.ts';
import { exists, storeCandidates } from '../observe/store-path.ts';
import type { ConfigurationFiles } from './common.ts';

/** What reading key stores depends on. The lists of files and of what was parsed of them are of one order. */
export interface DiskRequest {
  readonly configurations: readonly ConfigurationFiles[];
  readonly keystores: readonly GivenStore[];
  /** Milliseconds since the epoch, as of which trust is judged. */
  readonly now: number;
  /**
   * `own`: Flink runs on this machine, so that a store which is not here is missing, and modes of files count.
   * `any`: configurations may be copies; stores that are not here are elsewhere, and modes tell nothing.
   */
  readonly machine: 'own' | 'any';
  /** Flink's folders as they were read before, by the path of the configuration; absent: they are read. */
  readonly homes?: Homes;
}

/** What stands around each configuration, whatever it says. */
type Homes = ReadonlyMap<string, FlinkHome | undefined>;

/** What the disk tells, as rules see it. */
export interface DiskTestimony {
  readonly configurations: readonly ConfigurationSubject[];
  readonly stores: readonly StoreSubject[];
  /** Key stores that were read, and those that could not be. */
  readonly inputs: readonly Input[];
}

/** Reads the stores that configurations name and those that were handed in. Never throws. */
export async function diskWitness(
  request: DiskRequest,
  parsed: readonly ParsedConfiguration[],
  probes: readonly Probe[],
): Promise<DiskTestimony> {
  const elsewhere = request.machine === 'any' ? storesElsewhere(request, parsed) : [];
  const readings = await readAll(request, parsed, elsewhere.length > 0 ? 'elsewhere' : 'here');
  const heard = request.machine === 'own' ? readings : withoutOtherMachines(readings);
  return {
    configurations: configurationSubjects(request, parsed, probes, heard),
    stores: heard.subjects,
    inputs: [...elsewhere.map(missing), ...storeInputs(readings)],
  };
}

const NOTHING: StoreReadings['byOwner'][number] = { stores: [], trust: [] };

/** The stores that configurations name, where none was handed in and this machine has none of them: all are elsewhere. */
function storesElsewhere(
  { configurations, keystores }: DiskRequest,
  parsed: readonly ParsedConfiguration[],
): readonly string[] {
  const named = parsed.flatMap((one, index) =>
    namedStores(one).map(({ setting }) => ({ base: configurations[index]!.path, name: setting.value.trim() })),
  );
  const isAnyHere = named.some(({ base, name }) => storeCandidates(base, name).some(exists));
  return keystores.length > 0 || isAnyHere ? [] : [...new Set(named.map(({ name }) => name))];
}

function missing(file: string): Input {
  return { kind: 'keystore', path: file, problems: [{ file, line: 1, message: 'no such file' }] };
}

/** What opens key stores is loaded only where there is one. */
async function readAll(
  request: DiskRequest,
  parsed: readonly ParsedConfiguration[],
  stores: 'here' | 'elsewhere',
): Promise<StoreReadings> {
  const { configurations, keystores, now } = request;
  const isNeeded = keystores.length > 0 || parsed.some((one) => namedStores(one).length > 0);
  if (!isNeeded || stores === 'elsewhere') return { subjects: [], byOwner: parsed.map(() => NOTHING) };
  const { readStores } = await import('../observe/key-stores.ts');
  const owners = parsed.map((configuration, index) => ({
    member: configuration.member,
    path: configurations[index]!.path,
    configuration,
  }));
  return readStores(owners, keystores, now);
}

/** Without stores that are not to be read here, and without the modes of copies; what was handed in stays. */
function withoutOtherMachines({ subjects, byOwner }: StoreReadings): StoreReadings {
  const given = new Set(subjects.filter(({ uses }) => uses.some(isGiven)).map(({ store }) => store));
  const isHere = (store: StoreFacts): boolean =>
    given.has(store) || (store.state !== 'missing' && store.state !== 'unreadable');
  const bare = new Map(subjects.map(({ store }) => [store, withoutMode(store)]));
  const bareOf = (store: StoreFacts): StoreFacts => bare.get(store) ?? store;
  return {
    subjects: subjects
      .filter(({ store }) => isHere(store))
      .map((subject) => ({ ...subject, store: bareOf(subject.store) })),
    byOwner: byOwner.map(({ stores, trust }) => ({
      stores: stores.filter(({ store }) => isHere(store)).map(({ use, store }) => ({ use, store: bareOf(store) })),
      trust: trust.map((one) => ({
        ...one,
        keystore: bareOf(one.keystore),
        truststore: bareOf(one.truststore),
      })),
    })),
  };
}

function isGiven({ family }: StoreSubject['uses'][number]): boolean {
  return family === undefined;
}

function withoutMode(store: StoreFacts): StoreFacts {
  return store.file === undefined ? store : { ...store, file: { path: store.file.path } };
}

/** What rules see of each configuration. */
export function configurationSubjects(
  { configurations, machine, homes }: Pick<DiskRequest, 'configurations' | 'machine' | 'homes'>,
  parsed: readonly ParsedConfiguration[],
  probes: readonly Probe[],
  stores: StoreReadings,
): readonly ConfigurationSubject[] {
  const around: Homes = homes ?? (machine === 'own' ? homesOf(configurations) : new Map());
  return parsed.map((configuration, index) => {
    const given = configurations[index]!;
    const { flinkVersion } = configuration;
    return {
      scope: 'configuration',
      member: configuration.member,
      path: configuration.file ?? given.path,
      configuration,
      files: machine === 'own' ? ownFiles(given).map(fileFacts) : [],
      problems: configuration.problems,
      ...(configuration.exposed.length === 0 ? {} : { exposed: configuration.exposed }),
      ...(flinkVersion === undefined ? {} : { flinkVersion }),
      expectations: probes.map((probe) => probe.expect(configuration)).filter((one) => one !== undefined),
      ...stores.byOwner[index]!,
      ...(machine === 'own' ? surroundings(given.path, configuration, around) : {}),
    };
  });
}

/** Flink's own files: a manifest that holds one is a copy, whose mode tells nothing. */
function ownFiles({ files }: ConfigurationFiles): readonly string[] {
  return files.flatMap(({ name, within }) => (within === undefined ? [name] : []));
}

/** Members of one folder have one Flink: the directories of its jars are read once. */
function homesOf(configurations: readonly ConfigurationFiles[]): Homes {
  const paths = new Set(configurations.map(({ path }) => path));
  return new Map([...paths].map((path) => [path, flinkHome(path)]));
}

/** The Flink around a configuration, and what its Hadoop says. */
function surroundings(
  folder: string,
  configuration: ParsedConfiguration,
  homes: Homes,
): Pick<ConfigurationSubject, 'home' | 'hadoop'> {
  const home = homes.get(folder);
  const hadoop = hadoopFacts(configuration, folder, process.env);
  return { ...(home === undefined ? {} : { home }), ...(hadoop === undefined ? {} : { hadoop }) };
}

/** One input a file, whoever names it. */
function storeInputs({ subjects }: StoreReadings): readonly Input[] {
  const byPath = new Map(subjects.map(({ store }) => [store.path, store]));
  return [...byPath.values()].map(({ path, format, state, problem, problems: read }) => {
    const messages = state === 'read' || problem === undefined ? read : [problem];
    return {
      kind: 'keystore',
      path,
      ...(format === undefined ? {} : { format }),
      ...(messages.length === 0 ? {} : { problems: messages.map((message) => ({ file: path, line: 1, message })) }),
    };
  });
}
