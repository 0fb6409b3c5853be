import type { Coverage } from '../model/report.ts';
import { type Finding, type RunVerdict, SEVERITIES, type Severity } from '../model/report.ts';

/** Position in {@link SEVERITIES}: 0 is the worst. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** True where `severity` is as bad as `threshold`, or worse. */
export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return severityRank(severity) <= severityRank(threshold);
}

export function worstSeverity(a: Severity, b: Severity): Severity {
  return isAtLeast(a, b) ? a : b;
}

/**
 * Verdict of a run: fail outweighs inconclusive outweighs pass.
 *
 * `failOn`: lowest severity that fails the run. Waived findings count for nothing. A rule that threw judged nothing,
 * so the run cannot be a pass.
 */
export function runVerdict(
  findings: readonly Finding[],
  coverage: readonly Coverage[],
  failOn: Severity = 'medium',
): RunVerdict {
  const open = findings.filter((finding) => finding.waived === null);
  if (open.some((finding) => finding.verdict === 'fail' && isAtLeast(finding.severity, failOn))) return 'fail';
  if (open.some((finding) => finding.verdict !== 'fail')) return 'inconclusive';
  if (coverage.some((one) => one.expected === true && one.verdict === 'not-seen')) return 'inconclusive';
  return 'pass';
}
