import { compareWithBaseline } from '../evaluate/baseline.ts';
import { coverage } from '../evaluate/coverage.ts';
import { loadProbes, loadRules } from '../evaluate/directory.ts';
import { type Evaluation, evaluate } from '../evaluate/engine.ts';
import { expectationFor } from '../evaluate/policy.ts';
import { runVerdict } from '../evaluate/severity.ts';
import { expectations } from '../flink/expectation.ts';
import { Topology } from '../flink/topology.ts';
import type { Channel } from '../model/channel.ts';
import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import {
  type Expectation,
  type Input,
  type Observation,
  type ProcessIdentity,
  type Report,
  SCHEMA_VERSION,
} from '../model/report.ts';
import type { Budget, LostTarget, Profile, Target } from '../observe/active/types.ts';
import { CollectSinkGuard } from '../observe/collect-sink-guard.ts';
import { isLoopback, type NamedTarget, placeOf } from '../observe/named-target.ts';
import type { FailOn } from '../report/severity.ts';
import type { ConfigurationFiles } from './common.ts';
import { describeConfiguration, parseConfigurations } from './configurations.ts';
import { byPlace, inTurns, type Located, locate } from './endpoints.ts';
import { Unusable } from './failure.ts';
import { version } from './version.ts';

/** All that a verification depends on. */
export interface VerificationRequest {
  /** Endpoints that the user named, by arguments or by a file. */
  readonly named: readonly NamedTarget[];
  /** What the user named, as it stands in the report. */
  readonly inputs: readonly Input[];
  readonly configurations: readonly ConfigurationFiles[];
  /** Text in hosts-file syntax. */
  readonly names?: string;
  readonly flinkVersion?: string;
  /** An earlier run of the same cluster, and where it was read. */
  readonly baseline?: { readonly path: string; readonly report: Report };
  readonly profile: Profile;
  /** Endpoints that are asked at the same time. */
  readonly parallel: number;
  readonly failOn: FailOn;
  /** Milliseconds since the epoch, as of which validity is judged; the run's time where left out. */
  readonly now?: number;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
  readonly warn?: (line: string) => void;
}

/** What REST told of the cluster. Where REST failed, `problems` says how, and the rest is empty. */
export interface Discovery {
  readonly input: Input;
  readonly targets: readonly NamedTarget[];
  /** Endpoints whose name would mean another process from here. */
  readonly lost: readonly LostTarget[];
  readonly processes: readonly ProcessIdentity[];
  /** Of the JobManager, as it is in force. */
  readonly configuration?: EffectiveConfiguration;
  readonly flinkVersion?: string;
  /** What kept the discovery from being whole, one sentence each: the run is inconclusive then. */
  readonly shortfalls: readonly string[];
}

/** What a verification does to the world, so that tests can do without one. */
export interface Instruments {
  /**
   * Asks REST, and waits for TaskManagers where that is wanted; left out where no REST is named. `memberOf` knows the
   * processes that hosts files and configurations name.
   */
  readonly discover?: (memberOf: (host: string) => string | undefined) => Promise<Discovery>;
  /** Endpoints that a configuration names, and what it leaves open. */
  targetsOf(configuration: EffectiveConfiguration): {
    readonly endpoints: readonly NamedTarget[];
    readonly notes: readonly string[];
  };
  /** Endpoints of this machine, where nobody names any. */
  defaults(): readonly NamedTarget[];
  /** All addresses of a name; none where it has none. Never throws. */
  resolve(name: string): Promise<readonly string[]>;
  budget(targets: readonly Target[]): Budget;
  /** Asks one endpoint; once the run is interrupted, it ends soon with what it has. */
  survey(target: Target): Promise<Observation>;
  /** Milliseconds since the epoch. */
  clock(): number;
}

/** What will be asked, known before anything is sent but to DNS and REST. */
export interface Plan {
  readonly located: Located;
  readonly budget: Budget;
  readonly inputs: readonly Input[];
  readonly promised: readonly Expectation[];
  readonly processes: readonly ProcessIdentity[];
  readonly flinkVersion?: string;
  readonly shortfalls: readonly string[];
  readonly probes: readonly Probe[];
  readonly startedAt: number;
}

/** Finds the endpoints and what they promise. Throws `Unusable` where there is nothing that may be asked. */
export async function plan(request: VerificationRequest, instruments: Instruments): Promise<Plan> {
  const startedAt = instruments.clock();
  const probes = await loadProbes();
  const parsed = await parseConfigurations(request);
  const topology = new Topology(probes, parsed);
  if (request.names !== undefined) topology.addHosts(request.names);
  const discovery = await instruments.discover?.((host) => topology.member(host));
  const configured = parsed.map((one) => instruments.targetsOf(one));
  for (const note of new Set(configured.flatMap(({ notes }) => notes))) request.say?.(note);
  const told = [...request.named, ...configured.flatMap((one) => one.endpoints), ...(discovery?.targets ?? [])];
  const isLocal = request.named.length === 0 && parsed.length === 0 && discovery === undefined;
  // What REST says is in force at one process; files speak for the process that reads them.
  const ofRest = discovery?.configuration === undefined ? [] : [discovery.configuration];
  const sources = parsed.length > 0 ? parsed : ofRest;
  const guard = new CollectSinkGuard([...parsed, ...ofRest]);
  const { allowed, refused } = guard.divide(isLocal ? instruments.defaults() : told);
  for (const { target, reason } of refused) request.warn?.(`${placeOf(target)} is not asked: ${reason}`);

  const found = withMembers(await locate(allowed, instruments.resolve), topology);
  const asked = new Set(found.targets.map(placeOf));
  const lost = (discovery?.lost ?? []).filter((one) => !asked.has(placeOf(one)));
  const promised = expectations(sources, probes);
  const targets = found.targets.map((target) => withPins(target, promised, probes));
  const located = { targets, lost: [...found.lost, ...lost] };
  if (located.targets.length === 0 && located.lost.length === 0 && discovery === undefined) {
    throw new Unusable('no endpoint to verify: the configuration fixes no port; name a target, or --rest URL');
  }
  const flinkVersion = request.flinkVersion ?? discovery?.flinkVersion;
  return {
    located,
    budget: instruments.budget(located.targets),
    inputs: [
      ...request.inputs,
      ...(isLocal ? [{ kind: 'target', path: 'default ports of this machine' } as const] : []),
      ...(discovery === undefined ? [] : [discovery.input]),
      ...request.configurations.map((one, index) => describeConfiguration(one, parsed[index]!)),
    ],
    promised,
    processes: discovery?.processes ?? [],
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
    shortfalls: discovery?.shortfalls ?? [],
    probes,
    startedAt,
  };
}

/** Gives processes their names: from the hosts file, from `--conf MEMBER=`, or that by which the user called them. */
function withMembers(located: Located, topology: Topology): Located {
  const addresses = new Map<string, Set<string>>();
  for (const { name, address } of located.targets) {
    addresses.set(name, (addresses.get(name) ?? new Set()).add(address));
  }
  const targets = located.targets.map((target) => {
    const { name, address } = target;
    const isNameOfOne = name !== address && name !== 'localhost' && addresses.get(name)!.size === 1;
    const member = target.member ?? topology.member(address) ?? (isNameOfOne ? topology.member(name) : undefined);
    return member === undefined ? target : { ...target, member };
  });
  return { ...located, targets };
}

/** A certificate of the right authority that is none of the pinned ones must be refused. */
function withPins(target: Target, promised: readonly Expectation[], probes: readonly Probe[]): Target {
  if (target.channel === undefined) return target;
  const byId = new Map(probes.map((probe) => [probe.id as Channel, probe]));
  const pins = expectationFor(promised, byId, target.channel, target.member)?.certificateSha1 ?? [];
  return pins.length === 0 ? target : { ...target, pins };
}

/** Asks all endpoints, judges what they said and puts the report together. */
export async function verify(planned: Plan, request: VerificationRequest, instruments: Instruments): Promise<Report> {
  const rules = await loadRules();
  const asked = await surveyAll(planned.located.targets, request, instruments);
  const isInterrupted = request.signal?.aborted === true;
  const finishedAt = instruments.clock();
  const unresolved = planned.located.lost.map((one) => observationOfLost(one, request.profile, finishedAt));
  const { shown, absent } = withoutAbsent(asked);
  const seen = [...shown, ...unresolved].sort(byPlace).map((one, index) => ({ ...one, id: `o${index + 1}` }));
  const processes = [...planned.processes, ...associatedProcesses(seen)];
  const evaluation = evaluate(rules, seen, planned.promised, {
    now: request.now ?? planned.startedAt,
    probes: planned.probes,
    processes,
    ...(request.baseline === undefined ? {} : { baseline: request.baseline.report }),
    ...(planned.flinkVersion === undefined ? {} : { flinkVersion: planned.flinkVersion }),
  });
  const report = assemble(planned, request, { seen, absent, processes, evaluation, isInterrupted, finishedAt });
  return request.baseline === undefined
    ? report
    : compareWithBaseline(report, request.baseline.report, request.baseline.path);
}

interface Surveyed {
  readonly target: Target;
  readonly observation: Observation;
}

async function surveyAll(
  targets: readonly Target[],
  request: VerificationRequest,
  instruments: Instruments,
): Promise<Surveyed[]> {
  const queue = inTurns(targets);
  const done: Surveyed[] = [];
  const work = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      if (request.signal?.aborted === true) return;
      done.push({ target, observation: await surveyOne(target, request, instruments) });
    }
  };
  await Promise.all(Array.from({ length: Math.min(request.parallel, targets.length) }, work));
  return done;
}

/** A defect of ours costs one endpoint, not the run. */
async function surveyOne(target: Target, request: VerificationRequest, instruments: Instruments): Promise<Observation> {
  try {
    return await instruments.survey(target);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    request.warn?.(`a defect, please report it: ${placeOf({ ...target, name: target.address })}: ${message}`);
    const place = { ...target, host: target.address };
    return { ...blank(place, request.profile, instruments.clock()), kind: 'undecided', because: 'malformed' };
  }
}

/** Where an RPC port gave away its origin, the uid that it chose at its start tells a restart. */
function associatedProcesses(seen: readonly Observation[]): ProcessIdentity[] {
  return seen.flatMap(({ server, plaintext }) => {
    const { origins } = plaintext?.details ?? {};
    const uid = (Array.isArray(origins) ? origins : []).map((one) => / uid ([0-9a-f]+)$/.exec(one)?.[1]).find(Boolean);
    if (uid === undefined || server.component === undefined) return [];
    return [{ component: server.component, member: server.member ?? server.host, source: 'rpc', identity: uid }];
  });
}

function observationOfLost(lost: LostTarget, profile: Profile, at: number): Observation {
  return { ...blank({ ...lost, host: lost.name }, profile, at), kind: 'no-answer', because: lost.because };
}

type Blank = Omit<Observation, 'kind' | 'because'>;

function blank(place: Omit<LostTarget, 'because'> & { readonly host: string }, profile: Profile, at: number): Blank {
  const { host, port, component, member } = place;
  const time = new Date(at).toISOString();
  return {
    id: '',
    vantage: 'active',
    observedAt: time,
    lastSeenAt: time,
    channel: place.channel ?? 'unknown',
    channelBasis: place.channelBasis,
    roleBasis: 'syn',
    server: {
      host,
      port,
      ...(component === undefined ? {} : { component }),
      ...(member === undefined ? {} : { member }),
    },
    bytes: { client: 0, server: 0 },
    asked: { profile, connections: 0, complete: false, reason: 'no-answer', logLines: 0, attempts: [] },
  };
}

/** Nothing listens there; `unreachable` is how a machine without IPv6 says it of `::1`. */
const ABSENT: readonly Observation['because'][] = ['refused', 'unreachable'];

/**
 * Nothing needs to listen on a default port that nobody named: where one refuses, nothing is there. A host that was
 * named and refuses on all of them stays in the report: something had to be there.
 */
function withoutAbsent(all: readonly Surveyed[]): { shown: readonly Observation[]; absent: readonly Observation[] } {
  const isSilentDefault = ({ target, observation }: Surveyed): boolean =>
    target.channelBasis === 'port' && observation.kind === 'no-answer' && ABSENT.includes(observation.because);
  const alive = new Set(all.filter((one) => !isSilentDefault(one)).map(({ target }) => target.address));
  const isAbsent = (one: Surveyed): boolean =>
    isSilentDefault(one) && (alive.has(one.target.address) || isLoopback(one.target.address));
  return {
    shown: all.filter((one) => !isAbsent(one)).map(({ observation }) => observation),
    absent: all.filter(isAbsent).map(({ observation }) => observation),
  };
}

interface Parts {
  readonly seen: readonly Observation[];
  readonly absent: readonly Observation[];
  readonly processes: readonly ProcessIdentity[];
  readonly evaluation: Evaluation;
  readonly isInterrupted: boolean;
  readonly finishedAt: number;
}

function assemble(planned: Plan, request: VerificationRequest, parts: Parts): Report {
  const { seen, evaluation, isInterrupted } = parts;
  const { findings, subjects } = evaluation;
  const covered = coverage(subjects, planned.promised, planned.probes, [], findings, request.failOn, seen);
  const judged = runVerdict(findings, covered, request.failOn);
  const isWhole = !isInterrupted && planned.shortfalls.length === 0 && seen.length > 0 && seen.every(isAnswered);
  return {
    schemaVersion: SCHEMA_VERSION,
    producer: { name: 'flinkprobe', version: version() },
    command: 'verify',
    startedAt: new Date(planned.startedAt).toISOString(),
    finishedAt: new Date(parts.finishedAt).toISOString(),
    complete: !isInterrupted,
    verdict: judged === 'pass' && !isWhole ? 'inconclusive' : judged,
    inputs: planned.inputs,
    observations: seen,
    expectations: planned.promised,
    findings,
    coverage: covered,
    ...(parts.processes.length === 0 ? {} : { processes: parts.processes }),
    watchedSeconds: Math.round((parts.finishedAt - planned.startedAt) / 100) / 10,
    summary: summaryOf(planned, parts),
  };
}

/** An endpoint that was named and said nothing, or only a part, has not passed. */
function isAnswered({ kind, asked }: Observation): boolean {
  return kind !== 'no-answer' && kind !== 'undecided' && asked?.complete !== false;
}

function summaryOf(planned: Plan, { seen, absent }: Parts): NonNullable<Report['summary']> {
  const all = [...seen, ...absent];
  const bytes = (kind: Observation['kind']): number =>
    all.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.bytes.client + one.bytes.server, 0);
  const because = (reasons: readonly string[]): number =>
    all.filter((one) => reasons.includes(one.because ?? '')).length;
  return {
    connections: all.reduce((sum, { asked }) => sum + (asked?.connections ?? 0), 0),
    refusedAttempts: because(['refused']),
    unansweredAttempts: because(['timeout', 'unreachable', 'silent']),
    clearUnknownConnections: seen.filter(({ kind, channel }) => kind === 'plaintext' && channel === 'unknown').length,
    clearBytes: bytes('plaintext'),
    tlsBytes: bytes('tls'),
    ...(planned.flinkVersion === undefined ? {} : { flinkVersions: [planned.flinkVersion] }),
  };
}
