import { type Finding, SEVERITIES, type Severity } from '../model/report.ts';
import type { FindingRecord } from './types.ts';

/** Findings that are not waived, by severity. */
export function openCounts(records: readonly FindingRecord[]): Readonly<Record<Severity, number>> {
  return failedCounts(records.map(({ finding }) => finding));
}

/** Of one run: those that fail and are not waived, by severity. */
export function failedCounts(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  for (const { verdict, waived, severity } of findings) {
    if (verdict === 'fail' && waived === null) counts[severity] += 1;
  }
  return counts;
}
