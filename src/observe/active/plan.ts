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
  standard: { connections: 80, logLines: 8, suites: 64 },
  full: { connections: 200, logLines: 40, suites: 128 },
};

/** The most that probing these targets takes. An identity is one connection more within the same limits. */
export function budgetOf(targets: readonly Target[], profile: Profile): Budget {
  const limits = PROFILE_LIMITS[profile];
  return {
    endpoints: targets.length,
    connections: targets.length * limits.connections,
    logLines: targets.length * limits.logLines,
  };
}
