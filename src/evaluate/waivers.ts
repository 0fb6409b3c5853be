import type { Finding } from '../model/report.ts';
import type { Waiver, WaiverOutcome, WaiverScope } from '../model/waiver.ts';
import { isAtLeast } from './severity.ts';

/** Days before its end from which on a waiver is called ending. */
export const ENDING_DAYS = 30;

const DAY_MS = 24 * 3600 * 1000;

export interface Waived {
  /** All that were given, in their order; those that a waiver covers carry it. */
  readonly findings: readonly Finding[];
  /** One of each waiver, in the order of the file. */
  readonly outcomes: readonly WaiverOutcome[];
}

/**
 * Marks what is waived. The first waiver that fits and still holds is the one that is named; one that has expired
 * covers nothing, so that its findings count again. A rule that threw is a defect, which nobody can answer for.
 *
 * `now`: milliseconds since the epoch.
 */
export function applyWaivers(findings: readonly Finding[], waivers: readonly Waiver[], now: number): Waived {
  const holding = waivers.filter((one) => stateOf(one, now) !== 'expired');
  return {
    findings: findings.map((finding) => {
      const waiver = holding.find((one) => covers(one, finding));
      if (waiver === undefined) return finding;
      const { id, until, owner, reason } = waiver;
      return { ...finding, waived: { id, until, owner, reason } };
    }),
    outcomes: waivers.map((one) => outcomeOf(one, findings, now)),
  };
}

/** What a waiver is worth now. */
export function outcomeOf(waiver: Waiver, findings: readonly Finding[], now: number): WaiverOutcome {
  const { id, owner, reason, until, scope } = waiver;
  return {
    id,
    owner,
    reason,
    until,
    scope: { ...scope } as Record<string, string>,
    state: stateOf(waiver, now),
    matched: findings.filter((one) => covers(waiver, one)).length,
  };
}

/** Waivers that may hold in a run of a cluster of the daemon's settings, or (`undefined`) of none. */
export function waiversFor<W extends Pick<Waiver, 'scope'>>(
  cluster: string | undefined,
  waivers: readonly W[],
): readonly W[] {
  return waivers.filter(({ scope }) => scope.cluster === undefined || scope.cluster === cluster);
}

export function stateOf({ until }: Pick<Waiver, 'until'>, now: number): WaiverOutcome['state'] {
  const left = daysLeft(until, now);
  if (left < 0) return 'expired';
  return left <= ENDING_DAYS ? 'ending' : 'active';
}

/** Whole days that remain after today: 0 on the last day, negative once it is over. In UTC. */
export function daysLeft(until: string, now: number): number {
  return Math.round(Date.parse(`${until}T00:00:00Z`) / DAY_MS) - Math.floor(now / DAY_MS);
}

export function covers({ scope }: Pick<Waiver, 'scope'>, finding: Finding): boolean {
  if (finding.verdict === 'error') return false;
  const { endpoint, file } = finding;
  return (
    isSame(scope.rule, finding.ruleId) &&
    isSame(scope.channel, finding.channel) &&
    isSame(scope.member, endpoint?.member ?? file?.member) &&
    isSame(scope.host?.toLowerCase(), endpoint?.host.toLowerCase()) &&
    isSame(scope.fingerprint, finding.fingerprint) &&
    (scope.severity === undefined || isAtLeast(scope.severity, finding.severity))
  );
}

function isSame(wanted: string | undefined, there: string | undefined): boolean {
  return wanted === undefined || wanted === there;
}

/** `rule=plaintext-channel member=tm2`, in the order in which it is written. */
export function scopeText(scope: WaiverScope | WaiverOutcome['scope']): string {
  return Object.entries(scope)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
