import { SEVERITIES, type Severity } from '../model/report.ts';
import type { FindingRecord } from './types.ts';

/** Findings that are not waived, by severity. */
export function openCounts(records: readonly FindingRecord[]): Readonly<Record<Severity, number>> {
  const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  for (const { finding } of records) {
    if (finding.verdict === 'fail' && finding.waived === null) counts[finding.severity] += 1;
  }
  return counts;
}
