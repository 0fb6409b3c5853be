import type { Comparison, Finding, Observation, Report } from '../model/report.ts';
import { compareEndpoints, counterparts, type Pair, type Place } from './comparison.ts';
import { processName } from './process-name.ts';
import { severityRank } from './severity.ts';
import { isServed } from './strength.ts';

/** Rules that judge a run against its baseline: they tell of a change, so that their end mends nothing. */
const OF_THE_CHANGE: ReadonlySet<string> = new Set([
  'weaker-than-baseline',
  'gone-since-baseline',
  'old-certificate-still-served',
]);

/**
 * The report with what changed since an earlier one: `comparison`, and on every finding `change` (and `firstSeen`, where
 * the baseline has it already). Findings keep their order. `path`: where the baseline was read, for the report.
 */
export function compareWithBaseline(report: Report, baseline: Report, path: string): Report {
  const pairs = counterparts(report, baseline);
  const known = matchFindings(report.findings, baseline.findings, pairs);
  const still = new Set(known.values());
  const fixed = baseline.findings
    .filter((finding) => !still.has(finding) && !OF_THE_CHANGE.has(finding.ruleId))
    .filter((finding) => finding.verdict !== 'error' && wasLookedAt(finding, report, pairs));
  const comparison: Comparison = {
    baseline: { path, finishedAt: baseline.finishedAt, verdict: baseline.verdict },
    endpoints: compareEndpoints(report, baseline),
    fixed: fixed.map((finding) => ({ ...finding, change: 'fixed' })),
  };
  return {
    ...report,
    findings: report.findings.map((finding) => withChange(finding, known.get(finding), baseline)),
    comparison,
  };
}

/** How many TaskManagers an earlier run knew: by REST, else by the endpoints that it saw. 0: none, or nobody knows. */
export function expectedTaskManagers(baseline: Report): number {
  const registered = (baseline.processes ?? []).filter(
    (one) => one.component === 'taskmanager' && one.source === 'rest',
  );
  if (registered.length > 0) return new Set(registered.map(({ member }) => member)).size;
  const seen = baseline.observations.filter(
    ({ server, kind }) => server.component === 'taskmanager' && (kind === 'tls' || kind === 'plaintext'),
  );
  return new Set(seen.map(({ server }) => processName(server))).size;
}

/**
 * Findings of this run, each with the one of the baseline that it is: by fingerprint; else, since ports and names of
 * TaskManagers may be others after a restart, one of the same rule that says the same of the endpoint's counterpart.
 */
function matchFindings(
  now: readonly Finding[],
  then: readonly Finding[],
  pairs: readonly Pair[],
): ReadonlyMap<Finding, Finding> {
  const byPrint = new Map(then.map((finding) => [finding.fingerprint, finding]));
  const matched = new Map<Finding, Finding>();
  for (const finding of now) {
    const same = byPrint.get(finding.fingerprint);
    if (same !== undefined) matched.set(finding, same);
  }
  const taken = new Set(matched.values());
  for (const finding of now.filter((one) => !matched.has(one))) {
    const before = pairs.find((pair) => isAt(finding, pair.after))?.before;
    if (before === undefined) continue;
    const same = then.find((one) => !taken.has(one) && isAt(one, before) && saysTheSame(one, finding));
    if (same === undefined) continue;
    matched.set(finding, same);
    taken.add(same);
  }
  return matched;
}

function isAt({ channel, endpoint }: Finding, place: Place): boolean {
  return channel === place.channel && endpoint?.host === place.endpoint.host && endpoint.port === place.endpoint.port;
}

/** Messages of rules do not repeat the place; where one names its process, names may have changed with it. */
function saysTheSame(a: Finding, b: Finding): boolean {
  const text = ({ message, endpoint }: Finding): string => {
    if (endpoint === undefined) return message;
    return message.replaceAll(processName(endpoint), '@');
  };
  return a.ruleId === b.ruleId && text(a) === text(b);
}

function withChange(finding: Finding, before: Finding | undefined, baseline: Report): Finding {
  if (finding.ruleId === 'weaker-than-baseline') return { ...finding, change: 'weaker' };
  if (before === undefined) return { ...finding, change: 'new' };
  const isWorse =
    severityRank(finding.severity) < severityRank(before.severity) ||
    (finding.verdict === 'fail' && before.verdict !== 'fail');
  return { ...finding, change: isWorse ? 'weaker' : 'unchanged', firstSeen: before.firstSeen ?? baseline.finishedAt };
}

/** Fixed is what this run does not find where it looked at least as closely. What did not answer then, answers now. */
function wasLookedAt(finding: Finding, report: Report, pairs: readonly Pair[]): boolean {
  const { endpoint } = finding;
  if (endpoint === undefined) return report.complete;
  const pair = pairs.find((one) => isAt(finding, one.before));
  if (pair !== undefined) {
    // What TLS there was is gone with its faults: nothing of it is mended.
    if (pair.before.observations.some(isTls) && !pair.after.observations.some(isTls)) return false;
    return Math.min(...pair.after.observations.map(depth)) >= Math.max(...pair.before.observations.map(depth));
  }
  return report.observations.some(
    (one) => isServed(one) && one.channel === finding.channel && processName(one.server) === processName(endpoint),
  );
}

function isTls({ kind }: Observation): boolean {
  return kind === 'tls';
}

const DEPTHS = ['quick', 'standard', 'full'];

/** A capture shows what was used and is no deeper than one question. */
function depth({ asked }: Observation): number {
  if (asked === undefined) return 0;
  return asked.complete ? DEPTHS.indexOf(asked.profile) + 1 : 0;
}
