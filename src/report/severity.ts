import { type Finding, type Report, SEVERITIES, type Severity } from '../model/report.ts';

/** Severity from which on a finding fails the run, as `--fail-on` takes it. */
export type FailOn = Exclude<Severity, 'info'>;

export const DEFAULT_FAIL_ON: FailOn = 'medium';

/** Zero is `critical`. */
export function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

export function atLeast(severity: Severity, threshold: Severity): boolean {
  return rank(severity) <= rank(threshold);
}

/** How one finding counts in a run. `note`: of severity `info`, which alarms nobody. */
export type Weight = 'failing' | 'warning' | 'note' | 'inconclusive' | 'error' | 'waived';

export function weigh(finding: Finding, failOn: FailOn): Weight {
  if (finding.waived !== null) return 'waived';
  if (finding.verdict === 'error') return 'error';
  if (finding.verdict === 'inconclusive') return 'inconclusive';
  if (atLeast(finding.severity, failOn)) return 'failing';
  return finding.severity === 'info' ? 'note' : 'warning';
}

export function countWeights(report: Report, failOn: FailOn): Readonly<Record<Weight, number>> {
  const counts: Record<Weight, number> = { failing: 0, warning: 0, note: 0, inconclusive: 0, error: 0, waived: 0 };
  for (const finding of report.findings) counts[weigh(finding, failOn)] += 1;
  return counts;
}
