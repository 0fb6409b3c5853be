import { CaptureError } from '../capture/problems.ts';
import type { StoresRead } from '../daemon/types.ts';
import type { ParsedConfiguration } from '../flink/config.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Report } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import type { RestAccess } from '../net/flink-rest-types.ts';
import type { ActiveOptions } from '../observe/active/types.ts';
import type { GivenStore } from '../observe/key-stores.ts';
import type { LogRun } from '../observe/logs.ts';
import { parseFailOn, parseTime, parseVersion, readText } from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { parseConfigurations } from './configurations.ts';
import { Unusable } from './failure.ts';
import { createInstruments, namedTargets, type OpenableInstruments } from './instruments.ts';
import { readKeys } from './keys.ts';
import { givenStores } from './keystore-options.ts';
import { parseLogFile, readLogs } from './log-witness.ts';
import { readPolicy } from './policy-option.ts';
import { restAccess } from './rest-access.ts';
import { type Plan, plan, type VerificationRequest } from './verification-plan.ts';
import type { VerifyArguments } from './verify-options.ts';
import { readWaivers } from './waivers-option.ts';
import type { WireRequest, WireTestimony } from './wire-witness.ts';

/** Who is told what while a verification is prepared and made. */
export interface VerifyMeans {
  readonly signal: AbortSignal;
  readonly warn: (line: string) => void;
  readonly say?: (line: string) => void;
  /** Progress of waiting for TaskManagers. */
  readonly waiting?: (line: string) => void;
  /** Told of every finished endpoint, as `ActiveOptions.progress`. */
  readonly done: NonNullable<ActiveOptions['progress']>;
  /** Told of the key stores that were read. */
  readonly storesRead?: (read: StoresRead) => void;
  /** An earlier run to compare with, and what it is called. */
  readonly baseline?: { readonly path: string; readonly report: Report };
  /** Key stores with their passwords; absent: what the arguments name. */
  readonly keystores?: readonly GivenStore[];
  /** What somebody answers for; absent: what the arguments name. */
  readonly waivers?: readonly Waiver[];
}

export interface Prepared {
  readonly request: VerificationRequest;
  readonly planned: Plan;
  readonly instruments: OpenableInstruments;
}

/** Reads all that the arguments name, and finds the endpoints. Throws `Unusable` for what cannot be meant. */
export async function prepare(args: VerifyArguments, means: VerifyMeans): Promise<Prepared> {
  const { signal, warn, say, baseline } = means;
  const failOn = parseFailOn(args.failOn);
  const judgedAt = args.now === undefined ? undefined : parseTime('now', args.now);
  const policy = await readPolicy(args.policy);
  const waivers = means.waivers ?? (await readWaivers(args.waivers));
  const configurations = await readConfigurations(args);
  const flinkVersion = args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) };
  const parsed = await parseConfigurations({ configurations, ...flinkVersion, warn });
  const keystores = means.keystores ?? (await givenStores(args));
  const keys = readKeys(args, warn);
  const rest = args.rest === undefined ? undefined : restAccess({ ...args, rest: args.rest }, keys, signal);
  // Before anything is asked: what this run makes Flink write accuses nobody.
  const record = await recordOf(args, rest, parsed, means);
  const names = args.names === undefined ? {} : { names: readText('names', args.names) };
  const wire =
    args.capture.length === 0 ? undefined : await readWire({ ...names, captures: args.capture }, parsed, signal);
  const request: VerificationRequest = {
    ...(await namedTargets(args.target ?? [], args.targets)),
    configurations,
    parsed,
    keystores,
    ...names,
    ...flinkVersion,
    ...(baseline === undefined ? {} : { baseline }),
    ...(wire === undefined ? {} : { wire }),
    ...(record === undefined ? {} : { record }),
    ...(policy === undefined ? {} : { policy }),
    ...(waivers === undefined ? {} : { waivers }),
    profile: args.profile,
    parallel: args.parallel,
    failOn,
    ...(judgedAt === undefined ? {} : { now: judgedAt }),
    signal,
    warn,
    ...(say === undefined ? {} : { say }),
    ...(means.storesRead === undefined ? {} : { storesRead: means.storesRead }),
  };
  const instruments = await createInstruments(args, {
    signal,
    warn,
    ...(means.waiting === undefined ? {} : { say: means.waiting }),
    ...(baseline === undefined ? {} : { baseline: baseline.report }),
    done: means.done,
    keys,
    ...(rest === undefined ? {} : { rest }),
  });
  return { request, planned: await plan(request, instruments), instruments };
}

/** What the logs say: those of files, and those of REST. */
async function recordOf(
  args: VerifyArguments,
  rest: RestAccess | undefined,
  configurations: readonly ParsedConfiguration[],
  { signal, warn }: VerifyMeans,
): Promise<LogRun | undefined> {
  const files = args.log.map(parseLogFile);
  if (rest === undefined || !args.restLogs) {
    return files.length === 0 ? undefined : readLogs({ logs: files, configurations, signal });
  }
  const { fetchLogs } = await import('./rest-logs.ts');
  const fetched = await fetchLogs(rest);
  try {
    for (const shortfall of fetched.shortfalls) warn(shortfall);
    const run = await readLogs({ logs: [...files, ...fetched.logs], configurations, signal });
    return fetched.shortfalls.length === 0 ? run : { ...run, extent: 'partial' };
  } finally {
    fetched.remove();
  }
}

/** Loaded only here: a run without captures reads none. */
async function readWire(
  request: WireRequest,
  configurations: readonly EffectiveConfiguration[],
  signal: AbortSignal,
): Promise<WireTestimony> {
  const { wireWitness } = await import('./wire-witness.ts');
  const { loadProbes } = await import('../evaluate/directory.ts');
  try {
    return await wireWitness({ ...request, signal }, configurations, await loadProbes());
  } catch (error) {
    if (error instanceof CaptureError) throw new Unusable(`--capture: ${error.message}`);
    throw error;
  }
}
