import { createHash, randomBytes } from 'node:crypto';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserPath } from '../../web/browser.ts';
import { type Bed, withCluster } from './bed.ts';
import { type Cluster, configurationFolder, everythingListens, restart, settle, until, writeNames } from './cluster.ts';
import { pause, secondsSince } from './command.ts';
import type { AgentTask } from './daemon-agent.ts';
import {
  askDaemon,
  type Beside,
  type DaemonHost,
  daemonHost,
  PORTS_BESIDE,
  startAlertmanager,
  startBeside,
  startDaemon,
} from './daemon-host.ts';
import { type DaemonJourney, soundCase } from './daemon-journeys.ts';
import { daemonDiffers, type Measured, measured, type Span, spansOf } from './daemon-measure.ts';
import { MEMBER_GONE, PLACES, type Place, type Sighting } from './daemon-places.ts';
import type { Distribution } from './distribution.ts';
import { SOUND } from './journeys.ts';
import { CLUSTER_MEMBERS, PORTS } from './members.ts';
import { jsonOf } from './rest.ts';
import { type BesideResult, digestOf, had } from './results.ts';
import { identityFile } from './witnesses.ts';

/** What became of a daemon's journey on one version. */
export interface DaemonResult extends BesideResult {
  readonly kind: 'daemon';
  readonly journey: string;
  /** Rules that were told of tm2, with the witnesses against it. */
  readonly told: readonly string[];
  readonly rounds: readonly (readonly Measured[])[];
}

export function daemonDigest(flink: Pick<Distribution, 'version'>, journey: DaemonJourney): string {
  const { fault, ...rest } = journey;
  const whole = JSON.stringify([digestOf(flink.version, SOUND), rest, String(fault), ROUNDS]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 16);
}

const ROUNDS = 2;
const AGAIN = 240;
/** Seconds that are waited beyond the aim, so that what comes late is measured. */
const BEYOND = 60;
const RESOLVED_WITHIN = 120;
const MEASURED_WITHIN = 45;
const SOUND_WITHIN = 120;
const NAME = 'bed';

type Found = Pick<DaemonResult, 'verdict' | 'differences' | 'told' | 'rounds'>;

/** A daemon beside a sound cluster; tm2 is restarted with the fault, and sound again. */
export async function runDaemonJourney(bed: Bed, flink: Distribution, journey: DaemonJourney): Promise<DaemonResult> {
  const began = performance.now();
  const common = {
    ...({ kind: 'daemon', version: flink.version.version, journey: journey.name } as const),
    ...{ digest: daemonDigest(flink, journey), ...had(bed) },
  };
  const seconds = (): DaemonResult['seconds'] => ({ all: secondsSince(began) });
  try {
    const rounds: Round[] = [];
    // Each with a cluster of its own: Flink restarts a job ever later, and Alertmanager is told late of what comes back.
    for (let round = 1; round <= ROUNDS; round++)
      rounds.push(await withCluster(bed, flink, soundCase(freshIds()), (cluster) => watched(cluster, journey)));
    return { ...common, seconds: seconds(), ...inSum(rounds) };
  } catch (error) {
    const differences = [(error as Error).message];
    return { ...common, seconds: seconds(), verdict: 'differs', differences, told: [], rounds: [] };
  }
}

function inSum(rounds: readonly Round[]): Found {
  const differences = rounds.flatMap((one, at) => one.differences.map((text) => `round ${at + 1}: ${text}`));
  return {
    ...{ verdict: differences.length > 0 ? 'differs' : 'equal', differences },
    told: [...new Set(rounds.flatMap(({ told }) => told))].sort(),
    rounds: rounds.map(({ measured }) => measured),
  };
}

/** As Flink chooses them where none is configured: host, RPC port, six random digits. */
const freshId = (member: 'tm1' | 'tm2'): string =>
  `${member}:${PORTS.taskManagerRpc}-${randomBytes(3).toString('hex')}`;
const freshIds = (): { tm1: string; tm2: string } => ({ tm1: freshId('tm1'), tm2: freshId('tm2') });

async function watched(cluster: Cluster, journey: DaemonJourney): Promise<Round> {
  const { folder, network } = cluster.setting;
  await settle(cluster);
  for (const member of CLUSTER_MEMBERS)
    cpSync(configurationFolder(folder, member), soundFolder(folder, member), { recursive: true });
  return withDaemon(cluster, journey, await daemonHost(network));
}

/** A daemon with its Alertmanager and somebody who looks, for one round. */
async function withDaemon(cluster: Cluster, journey: DaemonJourney, host: DaemonHost): Promise<Round> {
  const { folder } = cluster.setting;
  const running: Beside[] = [];
  const sightings: Sighting[] = [];
  try {
    const alertmanager = await startAlertmanager(host, folder);
    if (alertmanager !== undefined) running.push(alertmanager);
    const settings = settingsOf(cluster, journey, { wire: host.interface, alertmanager });
    const daemon = await startDaemon(host, settings, folder);
    running.push(daemon);
    const browser = browserPath();
    const task: AgentTask = {
      ...{ base: `http://127.0.0.1:${PORTS_BESIDE.daemon}`, cluster: NAME },
      ...(alertmanager === undefined ? {} : { alertmanager: ALERTMANAGER }),
      ...(browser === undefined ? {} : { browser }),
    };
    const agent = startBeside(host, [process.execPath, AGENT, JSON.stringify(task)], (line) =>
      sightings.push(JSON.parse(line) as Sighting),
    );
    running.push(agent);
    const missing = [
      ...(alertmanager === undefined ? ['alertmanager'] : []),
      ...(browser === undefined ? ['live-page'] : []),
    ];
    const watching = { sightings, places: PLACES.filter((one) => !missing.includes(one)), daemon, host };
    const before = await stillTold(watching, 0);
    if (before.length > 0) throw new Error(`of the sound cluster is told: ${before.join(', ')}`);
    return await goRound(cluster, journey, watching);
  } finally {
    for (const one of running.toReversed()) await one.stop();
    writeFileSync(join(folder, 'sightings.jsonl'), sightings.map((one) => `${JSON.stringify(one)}\n`).join(''));
    for (const [at, one] of running.entries()) writeFileSync(join(folder, `beside-${at}.log`), one.words());
  }
}

const ALERTMANAGER = `http://127.0.0.1:${PORTS_BESIDE.alertmanager}`;
const AGENT: string = fileURLToPath(new URL('./daemon-agent.js', import.meta.url));

const soundFolder = (folder: string, member: string): string => join(folder, `sound-${member}`);

/** Settings as an operator would write them; what is not said here is left as it is by default. */
function settingsOf(
  cluster: Cluster,
  journey: DaemonJourney,
  { wire, alertmanager }: { readonly wire: string; readonly alertmanager: Beside | undefined },
): object {
  const { folder, stores, distribution } = cluster.setting;
  const hears = (witness: DaemonJourney['witnesses'][number]): boolean => journey.witnesses.includes(witness);
  const asks = {
    rest: { url: cluster.access.base },
    configurations: CLUSTER_MEMBERS.map((member) => `${member}=${soundFolder(folder, member)}`),
    flink_version: distribution.version.version,
    internal: { identity: { file: identityFile(cluster, 'internal') } },
    rest_credentials: {
      identity: { file: identityFile(cluster, 'client') },
      truststore: { file: stores['rest-ca'].certificate },
    },
  };
  return {
    version: 1,
    web: { listen: `127.0.0.1:${PORTS_BESIDE.daemon}` },
    state: { path: join(folder, 'history.db') },
    clusters: [
      {
        name: NAME,
        names: writeNames(cluster.setting),
        ...(hears('handshake') ? asks : { active: 'off' }),
        ...(hears('wire') ? { capture: { interfaces: [wire] } } : {}),
        ...(hears('logs') ? { logs: CLUSTER_MEMBERS.map((one) => `${one}=${join(folder, one, `${one}.log`)}`) } : {}),
      },
    ],
    ...(alertmanager === undefined ? {} : { notify: [{ type: 'alertmanager', urls: [ALERTMANAGER] }] }),
  };
}

interface Watching {
  readonly sightings: readonly Sighting[];
  readonly places: readonly Place[];
  readonly daemon: Beside;
  readonly host: DaemonHost;
}

interface Round {
  readonly measured: readonly Measured[];
  readonly told: readonly string[];
  readonly differences: readonly string[];
}

async function goRound(cluster: Cluster, journey: DaemonJourney, watching: Watching): Promise<Round> {
  const { sightings, places } = watching;
  const began = Date.now();
  const spans = (): readonly Span[] => spansOf(journey.wanted, places, sightings, began);
  const counted = await restarted(cluster, journey.counted, journey.fault);
  await within(counted, journey.within + BEYOND, () => spans().every(({ told }) => told !== undefined));
  const open = sightings.findLast(({ place }) => place === 'websocket')?.open ?? [];
  const soundAt = await restarted(cluster, 'from-registration');
  await until(cluster, 'ports after the restart', AGAIN, async () => everythingListens(cluster));
  const isOver = ({ told, resolved }: Span): boolean => told === undefined || resolved !== undefined;
  const isJudged = journey.resolution === 'wanted';
  await within(soundAt, isJudged ? RESOLVED_WITHIN : MEASURED_WITHIN, () => spans().every(isOver));
  const found = spans();
  return {
    measured: measured(found, { counted, soundAt }),
    told: open
      .filter(({ member }) => member === 'tm2')
      .map(({ rule, channel, witnesses = [] }) => `${rule} of ${channel}: ${witnesses.join(', ')}`),
    differences: [
      ...daemonDiffers(journey, found, { counted }),
      ...(isJudged ? await stillTold(watching, soundAt) : []).map((text) => `after the sound restart: ${text}`),
    ],
  };
}

const LOOK = 200;

/** Resolves when it is so, or when the seconds since then are over. */
async function within(since: number, seconds: number, isSo: () => boolean): Promise<void> {
  while (!isSo() && Date.now() < since + seconds * 1000) await pause(LOOK);
}

/**
 * Restarts tm2. Milliseconds since the epoch of the moment that counts: its start, or when REST first lists it. Where the
 * JobManager still calls the one before at the same port, Pekko's associations may block each other for good
 * (`Discarding inbound message … in read-only association`): then it is restarted again.
 */
async function restarted(
  cluster: Cluster,
  counted: DaemonJourney['counted'],
  fault?: DaemonJourney['fault'],
): Promise<number> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const ids = freshIds();
    await restart(cluster, ['tm2'], soundCase(ids, fault));
    const startedAt = Date.now();
    if (counted === 'from-start') return startedAt;
    while (Date.now() < startedAt + REGISTERS_WITHIN * 1000) {
      if (await isListed(cluster, ids.tm2)) return Date.now();
      await pause(LOOK / 2);
    }
  }
  throw new Error(`tm2 was restarted ${ATTEMPTS} times and never registered`);
}

const ATTEMPTS = 5;
const REGISTERS_WITHIN = 40;

async function isListed({ setting: { rest }, access }: Cluster, id: string): Promise<boolean> {
  const listed = jsonOf<{ taskmanagers: { id: string }[] }>(await rest.get(access, '/taskmanagers'));
  return listed?.taskmanagers.some((one) => one.id === id) ?? false;
}

/** A log keeps the lines of what is over. */
const OF_THE_PAST = 'log-tells-handshake-failures';

interface Status {
  readonly clusters: readonly { readonly lastRun?: { readonly id: string; readonly finishedAt: string } }[];
}

/** What is still told as a failure after a run that ended after `since`: nothing, unless it lasts too long. */
async function stillTold({ sightings, daemon, host }: Watching, since: number): Promise<readonly string[]> {
  const giveUp = Date.now() + SOUND_WITHIN * 1000;
  const open = (): readonly string[] =>
    (sightings.findLast(({ place }) => place === 'websocket')?.open ?? [])
      .filter(({ rule }) => rule !== OF_THE_PAST && rule !== MEMBER_GONE)
      .map(({ rule, channel, member }) => `${rule} of ${channel} ${member}`.trim());
  let isRun = false;
  while (Date.now() < giveUp) {
    if (daemon.child.exitCode !== null) throw new Error(`the daemon ended: ${daemon.words().slice(-500)}`);
    const { lastRun } = (await askDaemon<Status>(host, '/api/v1/status')).clusters[0]!;
    isRun ||= lastRun !== undefined && Date.parse(lastRun.finishedAt) > since;
    if (isRun && open().length === 0) return [];
    await pause(1000);
  }
  return isRun ? open() : ['no run was made'];
}
