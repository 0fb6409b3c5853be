import type { Comparison, EndpointChange, Finding, Observation, Report } from '../model/report.ts';
import { compareEndpoints, placesOf } from './comparison.ts';
import { severityRank } from './severity.ts';

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
  const known = new Map(baseline.findings.map((finding) => [finding.fingerprint, finding]));
  const endpoints = compareEndpoints(report, baseline);
  const comparison: Comparison = {
    baseline: { path, finishedAt: baseline.finishedAt, verdict: baseline.verdict },
    endpoints,
    fixed: fixedFindings(report, baseline, endpoints),
  };
  const findings = report.findings.map((finding) => withChange(finding, known.get(finding.fingerprint), baseline));
  return { ...report, findings, comparison };
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
  return new Set(seen.map(({ server }) => server.member ?? server.host)).size;
}

function withChange(finding: Finding, before: Finding | undefined, baseline: Report): Finding {
  if (finding.ruleId === 'weaker-than-baseline') return { ...finding, change: 'weaker' };
  if (before === undefined) return { ...finding, change: 'new' };
  const isWorse =
    severityRank(finding.severity) < severityRank(before.severity) ||
    (finding.verdict === 'fail' && before.verdict !== 'fail');
  return { ...finding, change: isWorse ? 'weaker' : 'unchanged', firstSeen: before.firstSeen ?? baseline.finishedAt };
}

/** What the baseline found and this run does not, where this run looked at least as closely. */
function fixedFindings(report: Report, baseline: Report, endpoints: readonly EndpointChange[]): readonly Finding[] {
  const still = new Set(report.findings.map(({ fingerprint }) => fingerprint));
  return baseline.findings
    .filter((finding) => !still.has(finding.fingerprint) && !OF_THE_CHANGE.has(finding.ruleId))
    .filter((finding) => finding.verdict !== 'error' && wasLookedAt(finding, report, baseline, endpoints))
    .map((finding) => ({ ...finding, change: 'fixed' }));
}

function wasLookedAt(
  finding: Finding,
  report: Report,
  baseline: Report,
  endpoints: readonly EndpointChange[],
): boolean {
  const { endpoint } = finding;
  if (endpoint === undefined) return report.complete;
  const name = endpoint.member ?? endpoint.host;
  const live = endpoints.filter(
    (one) =>
      one.change !== 'gone' && one.channel === finding.channel && (one.endpoint.member ?? one.endpoint.host) === name,
  );
  const now = live.flatMap((one) => observationsAt(report, one));
  const then = placesOf(baseline.observations)
    .filter((one) => one.channel === finding.channel && (one.endpoint.member ?? one.endpoint.host) === name)
    .flatMap((one) => one.observations);
  return now.length > 0 && Math.min(...now.map(depth)) >= Math.max(0, ...then.map(depth));
}

function observationsAt(report: Report, { channel, endpoint }: EndpointChange): readonly Observation[] {
  return report.observations.filter(
    (one) => one.channel === channel && one.server.host === endpoint.host && one.server.port === endpoint.port,
  );
}

const DEPTHS = ['quick', 'standard', 'full'];

/** A capture shows what was used and is no deeper than one question. */
function depth({ asked }: Observation): number {
  if (asked === undefined) return 0;
  return asked.complete ? DEPTHS.indexOf(asked.profile) + 1 : 0;
}
