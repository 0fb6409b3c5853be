import { type Report, SEVERITIES } from '../model/report.ts';

/** `1 critical, 2 low, 1 inconclusive, 1 waived`; `no findings`. */
export function findingCounts({ findings }: Pick<Report, 'findings'>): string {
  if (findings.length === 0) return 'no findings';
  const open = findings.filter(({ waived }) => waived === null);
  const failed = open.filter(({ verdict }) => verdict === 'fail');
  const counts: readonly (readonly [number, string])[] = [
    ...SEVERITIES.map((severity) => [failed.filter((one) => one.severity === severity).length, severity] as const),
    [open.filter(({ verdict }) => verdict === 'inconclusive').length, 'inconclusive'],
    [open.filter(({ verdict }) => verdict === 'error').length, 'errors'],
    [findings.length - open.length, 'waived'],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, noun]) => `${count} ${noun}`)
    .join(', ');
}

/** What keeps a run from having judged everything, a sentence each; empty where nothing does. */
export function reservations(report: Report): string[] {
  const thrown = report.findings.filter(({ verdict, waived }) => verdict === 'error' && waived === null);
  return [
    ...shortfalls(report),
    ...thrown.map(
      ({ ruleId }) => `${ruleId}: the rule failed, a defect of flinkprobe; what it looks for was not judged.`,
    ),
  ];
}

/** The same without rules that threw: what the run did not come to see. */
export function shortfalls({ complete, coverage }: Pick<Report, 'complete' | 'coverage'>): string[] {
  const missing = coverage.filter(({ expected, verdict }) => expected === true && verdict === 'not-seen');
  return [
    ...(complete ? [] : ['The run was interrupted: this is what was found so far.']),
    ...missing.map(
      ({ channel, member }) => `${channel}${member === undefined ? '' : ` of ${member}`}: asked for, not seen.`,
    ),
  ];
}

/** Channels of which nothing was heard, each once: they are neither in order nor not. */
export function unseenChannels({ coverage }: Report): string[] {
  return [...new Set(coverage.filter(({ verdict }) => verdict === 'not-seen').map(({ channel }) => channel))];
}
