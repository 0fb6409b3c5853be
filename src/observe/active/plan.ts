import type { Probe } from '../../model/probe.ts';
import type { Budget, Profile, Target } from './types.ts';

/** What probing one endpoint takes at most. The connections are a hard limit, see `Session`. */
export interface ProfileLimits {
  readonly connections: number;
  /** WARN and ERROR lines in Flink's log. */
  readonly logLines: number;
  /** Suites looked for in one version. */
  readonly suites: number;
}

/**
 * The most that each profile takes of one endpoint. Log lines are what Flink 1.18, 1.20 and 2.3 write for each refused
 * hello, empty or strange certificate, clear request on a TLS port and BLOB request; a hello that is accepted and left
 * after the server's flight writes none.
 */
export const PROFILE_LIMITS: Readonly<Record<Profile, ProfileLimits>> = {
  quick: { connections: 4, logLines: 2, suites: 0 },
  standard: { connections: 60, logLines: 8, suites: 48 },
  full: { connections: 120, logLines: 24, suites: 96 },
};

/**
 * The questions that this endpoint gets. Channels that Flink has no TLS for get no more than the quick ones: where they
 * speak TLS all the same, something stands in front.
 */
export function profileOf(target: Target, profile: Profile, probes: ReadonlyMap<string, Probe>): Profile {
  const protection = target.channel === undefined ? undefined : probes.get(target.channel)?.protection;
  return protection === 'never' ? 'quick' : profile;
}

/** The most that probing these targets takes. */
export function budgetOf(
  targets: readonly Target[],
  profile: Profile,
  probes: ReadonlyMap<string, Probe> = new Map(),
): Budget {
  const limits = targets.map((target) => PROFILE_LIMITS[profileOf(target, profile, probes)]);
  return {
    endpoints: targets.length,
    connections: limits.reduce((sum, { connections }) => sum + connections, 0),
    logLines: limits.reduce((sum, { logLines }) => sum + logLines, 0),
  };
}
