import type { Report } from '../model/report.ts';

/** Exit codes, the same on every command. */
export const ExitCode: {
  readonly clean: 0;
  readonly finding: 1;
  readonly inconclusive: 2;
  readonly unusable: 3;
  readonly defect: 4;
  readonly interrupted: 130;
  readonly terminated: 143;
} = { clean: 0, finding: 1, inconclusive: 2, unusable: 3, defect: 4, interrupted: 130, terminated: 143 };

/** What each code says, as README and `--help` print it. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, 'nothing at or above --fail-on, and nothing inconclusive'],
  [1, 'a finding at or above --fail-on'],
  [2, 'inconclusive: something that had to be seen was not, or an input was damaged'],
  [3, 'usage, configuration or unreadable input; nothing was judged'],
  [4, 'a defect of flinkprobe, a rule that threw included, unless 1 applies'],
  [130, 'interrupted (143: terminated); what was found so far is written and marked incomplete'],
];

/** Exit code of a run that judged something. An interrupted run has its own code. */
export function exitCodeOf(report: Report): number {
  if (report.verdict === 'fail') return ExitCode.finding;
  if (report.findings.some((finding) => finding.verdict === 'error')) return ExitCode.defect;
  return report.verdict === 'inconclusive' ? ExitCode.inconclusive : ExitCode.clean;
}
