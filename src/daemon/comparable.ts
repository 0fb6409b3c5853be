import { processName } from '../evaluate/process-name.ts';
import type { Endpoint, Report } from '../model/report.ts';
import { listedTaskManagers, UNLISTED_MS } from './sights.ts';
import type { FindingRecord, Run } from './types.ts';

/** The rule that misses endpoints of the baseline. */
const RULE = 'gone-since-baseline';

/**
 * The last good run, as the next one is compared with it: without endpoints that are gone for ten minutes, which a run
 * has told. A cluster that was made smaller has its good runs again then, and they are the new baseline; without this the
 * old one would stay for ever. Where the settings say how many TaskManagers have to be there, those that would be too few
 * without them stay missed.
 *
 * `told`: findings of the cluster, open or resolved. `now`: milliseconds since the epoch.
 */
export function comparable(
  baseline: Run,
  told: readonly FindingRecord[],
  { expected = 0, now }: { readonly expected?: number | undefined; readonly now: number },
): Run {
  const { report } = baseline;
  const gone = told.flatMap((one) => (isSettled(one, report, now) ? [one.finding] : []));
  const isGone = ({ channel, server }: Report['observations'][number]): boolean =>
    gone.some((one) => one.channel === channel && one.endpoint !== undefined && isSame(one.endpoint, server));
  const observations = report.observations.filter((one) => !isGone(one));
  if (observations.length === report.observations.length) return baseline;
  const members = new Set(gone.flatMap(({ endpoint }) => (endpoint === undefined ? [] : [processName(endpoint)])));
  const before = taskManagers(report);
  const isFewer = before.some((one) => members.has(one));
  if (isFewer && before.filter((one) => !members.has(one)).length < expected) return baseline;
  return { ...baseline, report: { ...report, observations } };
}

/** Told since this baseline was made, and long enough ago for it to have come back. */
function isSettled({ finding, firstSeenAt, lastSeenAt }: FindingRecord, { finishedAt }: Report, now: number): boolean {
  return finding.ruleId === RULE && lastSeenAt >= finishedAt && now - Date.parse(firstSeenAt) >= UNLISTED_MS;
}

function taskManagers(report: Report): readonly string[] {
  const listed = listedTaskManagers(report);
  const seen = report.observations.flatMap(({ server }) =>
    server.component === 'taskmanager' ? [processName(server)] : [],
  );
  return [...new Set(listed.length > 0 ? listed : seen)];
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return processName(a) === processName(b) && a.host === b.host;
}
