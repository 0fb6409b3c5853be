import { expectedTaskManagers } from '../evaluate/baseline.ts';
import { loadProbes } from '../evaluate/directory.ts';
import type { Channel } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Input, Observation, Report } from '../model/report.ts';
import { createDialer } from '../net/dial.ts';
import type { RestAccess } from '../net/flink-rest-types.ts';
import { DEFAULT_DIAL_LIMITS } from '../net/limits.ts';
import { resolveName } from '../net/resolve.ts';
import { CaptureWriter } from '../observe/active/capture-writer.ts';
import { budgetOf } from '../observe/active/plan.ts';
import { surveyEndpoint } from '../observe/active/survey.ts';
import type { ActiveOptions, Budget, Target } from '../observe/active/types.ts';
import { targetsOfConfiguration } from '../observe/configured-targets.ts';
import type { NamedTarget } from '../observe/named-target.ts';
import { defaultTargets, parseTarget, parseTargetsFile, TargetError, targetsOf } from '../observe/target-text.ts';
import { parseDuration, readText } from './common.ts';
import { Unusable } from './failure.ts';
import type { Keys } from './keys.ts';
import type { Awaited } from './rest-discovery.ts';
import type { Instruments } from './verification-plan.ts';
import type { VerifyArguments } from './verify-options.ts';
import { version } from './version.ts';

/** What the user named by arguments and `--targets`. Throws `Unusable` for what cannot be meant. */
export async function namedTargets(
  targets: readonly string[],
  files: readonly string[],
): Promise<{ readonly named: readonly NamedTarget[]; readonly inputs: readonly Input[] }> {
  const probes = await loadProbes();
  try {
    const parsed = [
      ...targets.map(parseTarget),
      ...files.flatMap((file) => parseTargetsFile(readText('targets', file), file)),
    ];
    return {
      named: parsed.flatMap((one) => targetsOf(one, probes)),
      inputs: [...targets, ...files].map((path) => ({ kind: 'target', path })),
    };
  } catch (error) {
    if (error instanceof TargetError) throw new Unusable(error.message);
    throw error;
  }
}

export interface Surroundings {
  readonly signal: AbortSignal;
  readonly warn: (line: string) => void;
  /** Progress of waiting. */
  readonly say?: (line: string) => void;
  /** Told of every finished endpoint, as `ActiveOptions.progress`. */
  readonly done: NonNullable<ActiveOptions['progress']>;
  readonly baseline?: Report;
  readonly keys: Keys;
  /** What REST is spoken to with, where there is one to ask. */
  readonly rest?: RestAccess;
}

/** How long a server may take to make up its mind about us after our last message, milliseconds. */
const VERDICT_MS = 2000;

/** Instruments with a capture file: `open` it before anything is probed, and `finish` at the end. */
export interface OpenableInstruments extends Instruments {
  /** Throws `Unusable` where the capture file cannot be written. */
  open(): void;
  finish(): void;
}

/** Sockets, DNS, REST, clocks and files, as the arguments want them. */
export async function createInstruments(
  args: VerifyArguments,
  surroundings: Surroundings,
): Promise<OpenableInstruments> {
  const probes = await loadProbes();
  const byId = new Map(probes.map((probe) => [probe.id, probe] as const));
  const resolve = async (name: string): Promise<readonly string[]> => {
    const found = await resolveName(name, { timeoutMs: parseDuration('timeout', args.timeout) });
    return found.kind === 'addresses' ? found.addresses : [];
  };
  const { rest } = surroundings;
  const discover = rest === undefined ? undefined : discovery(args, surroundings, { rest, probes, resolve });
  let surveying: Surveyor | undefined;
  return {
    ...(discover === undefined ? {} : { discover }),
    targetsOf: (configuration) => targetsOfConfiguration(configuration, probes),
    defaults: () => ['127.0.0.1', '::1'].flatMap((address) => defaultTargets(address, probes)),
    resolve,
    budget: (targets) => budgetWithin(budgetOf(targets, args.profile, byId), args.maxConnections),
    survey: (target) => surveying!.ask(target),
    clock: () => Date.now(),
    open: () => {
      surveying = surveyor(args, surroundings, probes);
    },
    finish: () => surveying?.finish(),
  };
}

interface Surveyor {
  ask(target: Target): Promise<Observation>;
  finish(): void;
}

function surveyor(
  args: VerifyArguments,
  { signal, warn, done, keys }: Surroundings,
  probes: readonly Probe[],
): Surveyor {
  const timeout = parseDuration('timeout', args.timeout);
  const capture = args.pcapOut === undefined ? undefined : openCapture(args.pcapOut);
  const limits = {
    perHost: DEFAULT_DIAL_LIMITS.perHost,
    open: args.parallel,
    ...(args.rate === undefined ? {} : { perSecond: args.rate }),
    ...(args.maxConnections === undefined ? {} : { total: args.maxConnections }),
  };
  const options: ActiveOptions = {
    profile: args.profile,
    dialer: createDialer(limits, signal),
    probes: new Map(probes.map((probe) => [probe.id as Channel, probe])),
    ...keys,
    associate: args.associate ? 'wanted' : 'not-wanted',
    patience: { connectMs: timeout, answerMs: timeout, verdictMs: Math.min(timeout, VERDICT_MS) },
    signal,
    progress: done,
    ...(capture === undefined ? {} : { keep: (transcript) => capture.keep(transcript) }),
  };
  return {
    ask: (target) => surveyEndpoint(target, options),
    finish: () => {
      const problem = capture?.finish().problem;
      if (problem !== undefined) warn(`--pcap-out: ${problem}`);
    },
  };
}

function openCapture(path: string): CaptureWriter {
  try {
    return new CaptureWriter(path, `flinkprobe ${version()}`);
  } catch (error) {
    throw new Unusable(`--pcap-out: ${path}: cannot be written: ${(error as Error).message}`);
  }
}

function budgetWithin(budget: Budget, maximum: number | undefined): Budget {
  return maximum === undefined ? budget : { ...budget, connections: Math.min(budget.connections, maximum) };
}

interface DiscoveryMeans {
  readonly rest: RestAccess;
  readonly probes: readonly Probe[];
  readonly resolve: (name: string) => Promise<readonly string[]>;
}

function discovery(
  args: VerifyArguments,
  { signal, say, baseline }: Surroundings,
  { rest, probes, resolve }: DiscoveryMeans,
): NonNullable<Instruments['discover']> {
  const awaited = awaitedOf(args, baseline);
  return async (memberOf) => {
    // Loaded only here: without REST no HTTP client is needed.
    const { discoverCluster } = await import('./rest-discovery.ts');
    return discoverCluster(rest, {
      probes,
      resolve,
      memberOf,
      ...(awaited === undefined ? {} : { awaited }),
      signal,
      ...(say === undefined ? {} : { say }),
    });
  };
}

function awaitedOf(args: VerifyArguments, baseline: Report | undefined): Awaited | undefined {
  if (args.wait === undefined) return undefined;
  const known = baseline === undefined ? 0 : expectedTaskManagers(baseline);
  const taskManagers = args.taskmanagers ?? (known === 0 ? undefined : known);
  return { taskManagers, forMs: parseDuration('wait', args.wait) };
}
