import type { Finding } from '../model/report.ts';
import { DEFAULT_FAIL_ON, type Weight, weigh } from '../report/severity.ts';

/** Values of the label `status` of `flinkprobe_check_status`. */
export const CHECK_STATUSES = ['pass', 'warn', 'fail', 'unknown', 'waived'] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

const STATUSES: Readonly<Record<Weight, CheckStatus>> = {
  failing: 'fail',
  warning: 'warn',
  note: 'warn',
  inconclusive: 'unknown',
  error: 'unknown',
  waived: 'waived',
};

/** What a finding makes of its check. `warn`: below `--fail-on`'s default. */
export function checkStatus(finding: Finding): CheckStatus {
  return STATUSES[weigh(finding, DEFAULT_FAIL_ON)];
}
