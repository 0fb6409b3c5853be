import { loadProbes } from '../evaluate/directory.ts';
import type { Channel } from '../model/channel.ts';
import type { Input, Observation } from '../model/report.ts';
import { createDialer } from '../net/dial.ts';
import { DEFAULT_DIAL_LIMITS } from '../net/limits.ts';
import { resolveName } from '../net/resolve.ts';
import { budgetOf } from '../observe/active/plan.ts';
import { surveyEndpoint } from '../observe/active/survey.ts';
import type { ActiveOptions } from '../observe/active/types.ts';
import type { NamedTarget } from '../observe/named-target.ts';
import { defaultTargets, parseTarget, parseTargetsFile, TargetError, targetsOf } from '../observe/target-text.ts';
import { parseDuration, readText } from './common.ts';
import { Unusable } from './failure.ts';
import type { Instruments } from './verification.ts';
import type { VerifyArguments } from './verify-options.ts';

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
  readonly say?: (line: string) => void;
  /** Told of every finished endpoint. */
  readonly done: (observation: Observation) => void;
}

/** How long a server may take to make up its mind about us after our last message, milliseconds. */
const VERDICT_MS = 2000;

/** Sockets, DNS, REST, clocks and files, as the arguments want them. */
export async function createInstruments(
  args: VerifyArguments,
  { signal, done }: Surroundings,
): Promise<Instruments & { finish(): Promise<void> }> {
  const probes = await loadProbes();
  const timeout = parseDuration('timeout', args.timeout);
  const options: ActiveOptions = {
    profile: args.profile,
    dialer: createDialer(
      {
        perHost: DEFAULT_DIAL_LIMITS.perHost,
        open: args.parallel,
        ...(args.rate === undefined ? {} : { perSecond: args.rate }),
        ...(args.maxConnections === undefined ? {} : { total: args.maxConnections }),
      },
      signal,
    ),
    probes: new Map(probes.map((probe) => [probe.id as Channel, probe])),
    associate: args.associate ? 'wanted' : 'not-wanted',
    patience: { connectMs: timeout, answerMs: timeout, verdictMs: Math.min(timeout, VERDICT_MS) },
    signal,
    progress: done,
  };
  return {
    targetsOf: () => [],
    defaults: () => ['127.0.0.1', '::1'].flatMap((address) => defaultTargets(address, probes)),
    resolve: async (name) => {
      const found = await resolveName(name, { timeoutMs: timeout });
      return found.kind === 'addresses' ? found.addresses : [];
    },
    budget: (targets) => budgetOf(targets, args.profile),
    survey: (target) => surveyEndpoint(target, options),
    clock: () => Date.now(),
    finish: async () => {},
  };
}
