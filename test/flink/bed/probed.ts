import type { Observation } from '../../../src/model/report.ts';
import { type Bed, withCluster } from './bed.ts';
import {
  type CheckpointCounts,
  type Cluster,
  checkpoints,
  jobRestarts,
  jobRuns,
  logOf,
  registered,
  settle,
} from './cluster.ts';
import { secondsSince } from './command.ts';
import type { Distribution } from './distribution.ts';
import { SOUND } from './journeys.ts';
import type { LINES_A_PORT } from './log-judgement.ts';
import { markLogs } from './log-lines.ts';
import { isAlive } from './processes.ts';
import { type BesideResult, digestOf, had } from './results.ts';
import { askHandshake, type Verified } from './witnesses.ts';

type ProfileName = keyof typeof LINES_A_PORT;

/** How often a running job is probed with each profile. */
const TIMES: Readonly<Record<ProfileName, number>> = { standard: 50, quick: 5, full: 1 };

/** What one profile did to a cluster with everything on. */
export interface ProbedProfile {
  readonly profile: ProfileName;
  readonly times: number;
  /** Runs that equalled the truth. */
  readonly equal: number;
  /** Slowest run. */
  readonly seconds: number;
  /** The most connections and log lines of one port in one run, by channel. */
  readonly connections: Readonly<Record<string, number>>;
  readonly lines: Readonly<Record<string, number>>;
}

/** A running job that was probed over and over. */
export interface ProbedResult extends BesideResult {
  readonly kind: 'probed';
  readonly profiles: readonly ProbedProfile[];
  readonly checkpoints: { readonly completed: number; readonly failed: number };
  readonly jobRestarts: number;
  readonly taskManagers: number;
}

/** Probes a running job with every profile: its state, its checkpoints and its TaskManagers must not notice. */
export async function runProbed(bed: Bed, flink: Distribution): Promise<ProbedResult> {
  const began = performance.now();
  const common = {
    ...({ kind: 'probed', version: flink.version.version, digest: digestOf(flink.version, SOUND) } as const),
    ...had(bed),
  };
  const seconds = (): ProbedResult['seconds'] => ({ all: secondsSince(began) });
  const nothing = { profiles: [], checkpoints: { completed: 0, failed: 0 }, jobRestarts: 0, taskManagers: 0 } as const;
  try {
    const found = await withCluster(bed, flink, SOUND, probe);
    return { ...common, seconds: seconds(), ...found };
  } catch (error) {
    const differences = [(error as Error).message];
    return { ...common, seconds: seconds(), ...nothing, verdict: 'differs', differences };
  }
}

type Found = Omit<ProbedResult, 'kind' | 'version' | 'digest' | 'at' | 'java' | 'machine' | 'seconds'>;

async function probe(cluster: Cluster): Promise<Found> {
  await settle(cluster);
  const before = await checkpoints(cluster);
  const profiles: ProbedProfile[] = [];
  const differences: string[] = [];
  for (const profile of ['standard', 'quick', 'full'] as const) {
    const runs: Verified[] = [];
    for (let run = 0; run < TIMES[profile]; run++) {
      const one = await askHandshake(cluster, markLogs(cluster), { name: profile, profile, identity: 'shown' });
      runs.push(one);
      differences.push(...wrongIn(one, profile).map((text) => `${profile}: ${text}`));
      if (!(await jobRuns(cluster))) differences.push(`${profile}, run ${run + 1}: the job does not run`);
    }
    profiles.push(summed(profile, runs));
  }
  const after = await checkpoints(cluster);
  const taskManagers = (await registered(cluster)) ?? 0;
  const left = jobRestarts(cluster);
  if (after.failed > before.failed) differences.push(`${after.failed - before.failed} checkpoints failed`);
  if (after.completed <= before.completed) differences.push('no checkpoint was completed meanwhile');
  if (left > 0) differences.push(`the job restarted ${left} times`);
  if (taskManagers !== 2 || lost(cluster)) differences.push(`a TaskManager was lost: ${taskManagers} are registered`);
  for (const one of cluster.processes.values()) if (!isAlive(one)) differences.push(`${one.name} ended`);
  const told = [...new Set(differences)];
  return {
    profiles,
    checkpoints: countedSince(before, after),
    ...{ jobRestarts: left, taskManagers, verdict: told.length > 0 ? 'differs' : 'equal', differences: told },
  };
}

/** `quick` asks for the highest version only, so that only a part of the truth can be in its report. */
function wrongIn(one: Verified, profile: ProfileName): readonly string[] {
  const noise = one.noise?.differences ?? ['the log lines could not be judged'];
  const wrong = one.judgements.filter(({ verdict }) => verdict !== 'equal');
  const texts = wrong.flatMap(({ channel, member, verdict, differences }) =>
    (differences.length > 0 ? differences : [verdict]).map((text) => `${channel} of ${member}: ${text}`),
  );
  return [...noise, ...texts.filter((text) => profile !== 'quick' || !/ suites .* are dictated/.test(text))];
}

function summed(profile: ProfileName, runs: readonly Verified[]): ProbedProfile {
  const connections: Record<string, number> = {};
  const lines: Record<string, number> = {};
  for (const { report, noise } of runs) {
    for (const { channel, asked } of report.observations as readonly Observation[])
      connections[channel] = Math.max(connections[channel] ?? 0, asked?.connections ?? 0);
    for (const port of noise?.ports ?? []) lines[port.channel] = Math.max(lines[port.channel] ?? 0, port.lines);
  }
  return {
    ...{ profile, times: runs.length, equal: runs.filter((one) => wrongIn(one, profile).length === 0).length },
    seconds: Math.round(Math.max(...runs.map((one) => one.seconds)) * 10) / 10,
    ...{ connections, lines },
  };
}

const countedSince = (before: CheckpointCounts, after: CheckpointCounts): ProbedResult['checkpoints'] => ({
  completed: after.completed - before.completed,
  failed: after.failed - before.failed,
});

const lost = (cluster: Cluster): boolean =>
  /Closing TaskExecutor connection|TaskManager with id .* is no longer reachable|heartbeat of TaskManager .* timed out/i.test(
    logOf(cluster.processes.get('jm')!),
  );
