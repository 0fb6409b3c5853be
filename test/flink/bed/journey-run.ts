import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, withCluster } from './bed.ts';
import { type Cluster, configurationFolder, everythingListens, registered, restart, settle, until } from './cluster.ts';
import { secondsSince } from './command.ts';
import type { Distribution } from './distribution.ts';
import { type Journey, journeyDiffers, newFindings, SOUND } from './journeys.ts';
import { markLogs } from './log-lines.ts';
import { CLUSTER_MEMBERS, type ClusterMember } from './members.ts';
import { type BesideResult, digestOf, had } from './results.ts';
import { askHandshake, identityFile, memberOf, type Verified } from './witnesses.ts';

/** What became of a journey on one version. */
export interface JourneyResult extends BesideResult {
  readonly kind: 'journey';
  readonly journey: string;
  /** What `verify --baseline` told: changes of endpoints, then new findings. */
  readonly told: readonly string[];
}

/** Of the sound cluster and of all that the journey says. */
export function journeyDigest(flink: Pick<Distribution, 'version'>, journey: Journey): string {
  const { fault, ...rest } = journey;
  const whole = JSON.stringify([digestOf(flink.version, SOUND), rest, String(fault)]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 16);
}

const AGAIN = 60;

/** Baseline of a sound cluster, restart with the fault, `verify --baseline` with the sound cluster's configurations. */
export async function runJourney(bed: Bed, flink: Distribution, journey: Journey): Promise<JourneyResult> {
  const began = performance.now();
  const common = {
    ...({ kind: 'journey', version: flink.version.version, journey: journey.name } as const),
    ...{ digest: journeyDigest(flink, journey), ...had(bed) },
  };
  const seconds = (): JourneyResult['seconds'] => ({ all: secondsSince(began) });
  try {
    const found = await withCluster(bed, flink, SOUND, (cluster) => travel(cluster, journey));
    return { ...common, seconds: seconds(), ...found };
  } catch (error) {
    return { ...common, seconds: seconds(), verdict: 'differs', differences: [(error as Error).message], told: [] };
  }
}

async function travel(
  cluster: Cluster,
  journey: Journey,
): Promise<Pick<JourneyResult, 'verdict' | 'differences' | 'told'>> {
  const { folder, truth, theCase } = cluster.setting;
  await settle(cluster);
  const sound = (member: ClusterMember): string => join(folder, `sound-${member}`);
  for (const member of CLUSTER_MEMBERS) cpSync(configurationFolder(folder, member), sound(member), { recursive: true });
  const baseline = join(folder, 'baseline.json');
  const rest = restOptions(cluster);
  const before = await askHandshake(cluster, markLogs(cluster), {
    ...{ name: 'before', identity: 'shown', promised: sound, more: [...rest, '--save-baseline', baseline] },
  });
  const { fault } = journey;
  await restart(cluster, journey.restarted, fault ? { ...theCase, settings: (_, stores) => fault(stores) } : theCase);
  await until(cluster, 'ports after the restart', AGAIN, async () => everythingListens(cluster));
  const joined = async (): Promise<boolean> => (await registered(cluster)) === journey.taskManagers;
  // A TaskManager that was killed stays listed until its heartbeat is missed; whether the new one is in, `--wait` knows.
  if (journey.restarted.includes('jm')) await until(cluster, 'TaskManagers after the restart', AGAIN, joined);
  const wait = journey.taskManagers === 2 ? ['--wait', `${AGAIN}s`, '--taskmanagers', '2'] : [];
  const after = await askHandshake(cluster, markLogs(cluster), {
    ...{ name: 'after', identity: 'shown', promised: sound, more: [...rest, ...wait, '--baseline', baseline] },
  });
  const find = memberOf(cluster);
  const differences = [
    ...(before.exitCode === 0 ? [] : [`the sound cluster: exit ${before.exitCode}`]),
    ...journeyDiffers(journey, truth, after, find),
    ...[before, after].flatMap((one) => one.noise?.differences ?? []),
  ];
  return { verdict: differences.length > 0 ? 'differs' : 'equal', differences, told: told(after, find) };
}

/** REST is asked for the processes' names, as a member of the cluster. */
function restOptions(cluster: Cluster): readonly string[] {
  return ['--rest', cluster.access.base, '--insecure-rest', '--identity', `rest=${identityFile(cluster, 'client')}`];
}

function told({ report }: Verified, memberOf: (host: string) => string | undefined): readonly string[] {
  const changes = (report.comparison?.endpoints ?? [])
    .filter((one) => one.change !== 'unchanged' || one.certificate === 'changed')
    .map(({ channel, endpoint, change, certificate }) => {
      const renewed = certificate === 'changed' ? ', another certificate' : '';
      return `${channel} of ${memberOf(endpoint.host)}: ${change}${renewed}`;
    });
  const restarted = (report.comparison?.endpoints ?? [])
    .filter((one) => one.process === 'restarted')
    .map((one) => memberOf(one.endpoint.host));
  const findings = newFindings(report.findings).map(
    ({ ruleId, endpoint }) => `${ruleId}${endpoint ? ` of ${memberOf(endpoint.host)}` : ''}`,
  );
  const again = [...new Set(restarted)].map((member) => `${member} was restarted`);
  return [...again, ...new Set([...changes, ...findings])];
}
