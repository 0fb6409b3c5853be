import type { StoresRead } from '../daemon/types.ts';
import { loadProbes } from '../evaluate/directory.ts';
import { expectationFor } from '../evaluate/policy.ts';
import { policyExpectations } from '../evaluate/policy-expectations.ts';
import type { ParsedConfiguration } from '../flink/config.ts';
import { expectations } from '../flink/expectation.ts';
import { Topology } from '../flink/topology.ts';
import type { Channel } from '../model/channel.ts';
import type { Policy } from '../model/policy.ts';
import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import type { Expectation, Input, Observation, ProcessIdentity, Report } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import type { Budget, LostTarget, Profile, Target } from '../observe/active/types.ts';
import { CollectSinkGuard } from '../observe/collect-sink-guard.ts';
import type { GivenStore } from '../observe/key-stores.ts';
import type { LogRun } from '../observe/logs.ts';
import { type NamedTarget, placeOf } from '../observe/named-target.ts';
import type { FailOn } from '../report/severity.ts';
import type { ConfigurationFiles } from './common.ts';
import { describeConfiguration, parseConfigurations } from './configurations.ts';
import { type Located, locate } from './endpoints.ts';
import { Unusable } from './failure.ts';
import type { WireTestimony } from './wire-witness.ts';

/** All that a verification depends on. */
export interface VerificationRequest {
  /** Endpoints that the user named, by arguments or by a file. */
  readonly named: readonly NamedTarget[];
  /** What the user named, as it stands in the report. */
  readonly inputs: readonly Input[];
  readonly configurations: readonly ConfigurationFiles[];
  /** What they say, in the same order, where somebody else had to know it already. */
  readonly parsed?: readonly ParsedConfiguration[];
  /** Key stores to hold served certificates against, besides those that configurations name. */
  readonly keystores?: readonly GivenStore[];
  /** Text in hosts-file syntax. */
  readonly names?: string;
  readonly flinkVersion?: string;
  /** Known-good baseline to judge by. */
  readonly policy?: Policy;
  /** What somebody answers for. */
  readonly waivers?: readonly Waiver[];
  /** An earlier run of the same cluster, and where it was read. */
  readonly baseline?: { readonly path: string; readonly report: Report };
  /** What captures of the same cluster show. */
  readonly wire?: WireTestimony;
  /** What the logs said before anything was asked: lines that this run causes accuse nobody. */
  readonly record?: LogRun;
  readonly profile: Profile;
  /** Endpoints that are asked at the same time. */
  readonly parallel: number;
  readonly failOn: FailOn;
  /** Milliseconds since the epoch, as of which validity is judged; the run's time where left out. */
  readonly now?: number;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
  readonly warn?: (line: string) => void;
  /** Told of the key stores that were read: the report names the files, not what they hold. */
  readonly storesRead?: (read: StoresRead) => void;
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
  /** What the configurations of the request say, in their order. */
  readonly parsed: readonly ParsedConfiguration[];
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
  const parsed = request.parsed ?? (await parseConfigurations(request));
  const topology = request.wire?.topology ?? new Topology(probes, parsed);
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
  const promised = [...expectations(sources, probes), ...policyExpectations(request.policy, probes)];
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
    parsed,
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
