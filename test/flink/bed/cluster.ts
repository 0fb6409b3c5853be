import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Archives } from './archive.ts';
import type { Case } from './cases.ts';
import { pause } from './command.ts';
import { baseSettings, type Settings, writeConfiguration } from './configuration.ts';
import type { Distribution } from './distribution.ts';
import type { KeyStores } from './keystores.ts';
import { CLUSTER_MEMBERS, type ClusterMember, PORTS, TASK_MANAGERS } from './members.ts';
import type { Network } from './network.ts';
import { type FlinkProcess, isAlive, kill, type Launch, launch, listeningPorts } from './processes.ts';
import { jsonOf, type Rest, type RestAccess } from './rest.ts';
import { type BedChannel, type Truth, works } from './truth.ts';

/** What a cluster is made from. */
export interface Setting {
  readonly theCase: Case;
  readonly truth: Truth;
  readonly distribution: Distribution;
  readonly stores: KeyStores;
  readonly network: Network;
  readonly rest: Rest;
  /** Folder of this cluster: configurations, logs, recording. */
  readonly folder: string;
  readonly gatewayJar?: string;
  /** Class data archives to start from. */
  readonly archives?: Archives;
  /** Class data archives that JobManager and first TaskManager are to write when they end. */
  readonly writeArchives?: Archives;
}

export interface Cluster {
  readonly setting: Setting;
  readonly processes: Map<string, FlinkProcess>;
  readonly access: RestAccess;
  job?: string;
}

const JOB_MANAGER = 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint';
const TASK_MANAGER = 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner';
const HISTORY_SERVER = 'org.apache.flink.runtime.webmonitor.history.HistoryServer';
const SQL_GATEWAY = 'org.apache.flink.table.gateway.SqlGateway';

/** Sizes that Flink's start scripts would work out; without them a TaskManager refuses to start. */
const TASK_MANAGER_MEMORY = [
  ...['taskmanager.cpu.cores=2.0', 'taskmanager.memory.framework.heap.size=128mb'],
  ...['taskmanager.memory.framework.off-heap.size=64mb', 'taskmanager.memory.task.heap.size=128mb'],
  ...['taskmanager.memory.task.off-heap.size=0b', 'taskmanager.memory.network.min=64mb'],
  ...['taskmanager.memory.network.max=64mb', 'taskmanager.memory.managed.size=64mb'],
  ...['taskmanager.memory.jvm-metaspace.size=128mb', 'taskmanager.memory.jvm-overhead.min=64mb'],
  ...['taskmanager.memory.jvm-overhead.max=64mb'],
].flatMap((value) => ['-D', value]);

export const configurationFolder = (folder: string, member: ClusterMember): string => join(folder, `conf-${member}`);

/** Writes one member's configuration; called again for a restart with a fault. */
export function configure(setting: Setting, member: ClusterMember): void {
  const { theCase, distribution, stores, network, folder } = setting;
  const own = join(folder, member);
  mkdirSync(join(own, 'tmp'), { recursive: true });
  const settings: Settings = {
    ...baseSettings(member, network.site, own, theCase.ports ?? 'fixed'),
    ...theCase.settings(member, stores, network.site, distribution.version),
    ...(theCase.extras?.includes('history-server') ? archives(folder) : {}),
  };
  writeConfiguration(configurationFolder(folder, member), distribution.version, settings);
}

function archives(folder: string): Settings {
  const place = join(folder, 'archive');
  mkdirSync(place, { recursive: true });
  return { 'jobmanager.archive.fs.dir': `file:${place}`, 'historyserver.archive.fs.dir': `file:${place}` };
}

/** Configures all members and starts all processes at once. */
export function start(setting: Setting): Cluster {
  for (const member of CLUSTER_MEMBERS) configure(setting, member);
  const served = restOf(setting.truth);
  const cluster: Cluster = { setting, processes: new Map(), access: accessTo(setting, served.kind, PORTS.rest) };
  for (const member of CLUSTER_MEMBERS) startMember(cluster, member);
  for (const extra of setting.theCase.extras ?? []) startExtra(cluster, extra);
  return cluster;
}

/** How a port that follows `security.ssl.rest.*` is asked by the prober. */
export function accessTo(setting: Setting, kind: string, port: number): RestAccess {
  const { network, stores } = setting;
  const scheme = kind === 'clear' ? 'http' : 'https';
  const base = `${scheme}://${network.site.name.jm}:${port}`;
  if (scheme === 'http') return { base };
  const truth = restOf(setting.truth);
  const store = truth.kind === 'tls' ? truth.certificate : 'rest';
  const anchor = store === 'rest' ? 'rest-ca' : store;
  const wants = truth.kind === 'tls' && truth.clientAuthentication === 'required';
  const identity = { certificate: stores.client.certificate, key: stores.client.key };
  return { base, ca: stores[anchor].certificate, ...(wants ? { identity } : {}) };
}

function common(setting: Setting, member: ClusterMember): Omit<Launch, 'name' | 'main' | 'args'> {
  const { distribution, folder, theCase } = setting;
  return {
    member,
    classPath: distribution.classPath,
    configuration: configurationFolder(folder, member),
    plugins: join(distribution.folder, 'plugins'),
    folder: join(folder, member),
    jdk: theCase.jdk,
    ...archiveFor(setting, member),
  };
}

function archiveFor(setting: Setting, member: ClusterMember): Pick<Launch, 'archive'> {
  const { archives, writeArchives } = setting;
  const role = member === 'jm' ? 'jobManager' : 'taskManager';
  if (writeArchives && member !== 'tm2') return { archive: { file: writeArchives[role], use: 'write' } };
  return archives ? { archive: { file: archives[role], use: 'read' } } : {};
}

export function startMember(cluster: Cluster, member: ClusterMember): void {
  const { setting } = cluster;
  const shared = common(setting, member);
  const conf = ['--configDir', shared.configuration];
  const wanted: Launch =
    member === 'jm'
      ? { ...shared, name: 'jm', main: JOB_MANAGER, args: [...conf, '--executionMode', 'cluster'] }
      : { ...shared, name: member, main: TASK_MANAGER, args: [...conf, ...TASK_MANAGER_MEMORY] };
  cluster.processes.set(member, launch(setting.network, wanted));
}

function startExtra(cluster: Cluster, extra: 'history-server' | 'sql-gateway'): void {
  const { setting } = cluster;
  const shared = common(setting, 'jm');
  if (extra === 'history-server') {
    const args = ['--configDir', shared.configuration];
    cluster.processes.set(extra, launch(setting.network, { ...shared, name: extra, main: HISTORY_SERVER, args }));
    return;
  }
  if (!setting.gatewayJar) return;
  const classPath = [...shared.classPath, setting.gatewayJar];
  cluster.processes.set(
    extra,
    launch(setting.network, { ...shared, classPath, name: extra, main: SQL_GATEWAY, args: ['start-foreground'] }),
  );
}

export async function stop(cluster: Cluster): Promise<void> {
  await kill([...cluster.processes.values()]);
}

/** Ends members and starts them again with the settings of `theCase`, all at once as an operator would. */
export async function restart(cluster: Cluster, members: readonly ClusterMember[], theCase: Case): Promise<void> {
  await kill(members.map((member) => cluster.processes.get(member)!));
  for (const member of members) {
    configure({ ...cluster.setting, theCase }, member);
    startMember(cluster, member);
  }
}

export async function registered(cluster: Cluster): Promise<number | undefined> {
  const { rest } = cluster.setting;
  return jsonOf<{ taskmanagers: number }>(await rest.get(cluster.access, '/overview'))?.taskmanagers;
}

const POLL = 100;

/** @throws Error naming what was awaited, with the last words of the process that is gone */
export async function until(
  cluster: Cluster,
  what: string,
  seconds: number,
  done: () => Promise<boolean>,
): Promise<void> {
  const giveUp = Date.now() + seconds * 1000;
  while (!(await done())) {
    if (Date.now() > giveUp) throw new Error(`${what}: not within ${seconds} s`);
    const dead = [...cluster.processes.values()].find((one) => !isAlive(one));
    if (dead) throw new Error(`${what}: ${dead.name} ended: ${lastWords(dead)}`);
    await pause(POLL);
  }
}

export function logOf(one: FlinkProcess): string {
  return existsSync(one.log) ? readFileSync(one.log, 'utf8') : '';
}

function lastWords(one: FlinkProcess): string {
  const output = one.log.replace(/\.log$/, '.out');
  const causes = `${logOf(one)}${existsSync(output) ? readFileSync(output, 'utf8') : ''}`
    .split('\n')
    .filter((line) => /ERROR|Error|Exception/.test(line));
  return causes.slice(-2).join(' | ').slice(0, 400);
}

const START = 60;
const JOIN = 60;
const RUN = 60;

/** Resolves when the cluster is as its truth says: REST up, TaskManagers registered or visibly kept out, job running. */
export async function settle(cluster: Cluster): Promise<void> {
  const { setting, processes } = cluster;
  const { truth, rest } = setting;
  if (restOf(truth).kind === 'absent') return untilJobManagerEnds(cluster);
  const jobManager = processes.get('jm')!;
  await until(cluster, 'REST port', START, async () => listeningPorts(jobManager.child.pid!).has(PORTS.rest));
  await until(cluster, 'REST answer', START, async () => (await rest.get(cluster.access, '/overview')).status === 200);
  const jobOn = runners(truth);
  if (jobOn > 0) await submit(cluster, jobOn * 2);
  const { taskManagers } = truth;
  await until(cluster, `${taskManagers} TaskManagers`, JOIN, async () => (await registered(cluster)) === taskManagers);
  await until(cluster, 'ports', START, async () => everythingListens(cluster));
  await until(cluster, 'TaskManagers kept out', JOIN, async () => keptOut(cluster));
  const broken = truth.flows.some((one) => one.channel === 'taskmanager-data' && !works(one.outcome));
  // Healthy to REST, and in a restart loop: TaskManagers that cannot read from each other.
  if (broken) await until(cluster, 'restarting job', RUN, async () => jobRestarts(cluster) > 0);
  else if (jobOn > 0) await until(cluster, 'running job', RUN, () => jobRuns(cluster));
  await askBeside(cluster);
}

const restOf = (truth: Truth): Truth['endpoints'][number]['served'] =>
  truth.endpoints.find((one) => one.channel === 'rest')!.served;

/** How many TaskManagers the job runs on, as the flows say. */
function runners(truth: Truth): number {
  return truth.flows.filter((one) => one.channel === 'blob-server' && one.presence === 'seen').length;
}

async function untilJobManagerEnds(cluster: Cluster): Promise<void> {
  const jobManager = cluster.processes.get('jm')!;
  const giveUp = Date.now() + START * 1000;
  while (isAlive(jobManager)) {
    if (Date.now() > giveUp) throw new Error(`the JobManager had to refuse its configuration, and runs`);
    await pause(POLL);
  }
}

async function submit(cluster: Cluster, parallelism: number): Promise<void> {
  const { rest, distribution } = cluster.setting;
  const uploaded = jsonOf<{ filename: string }>(
    await rest.post(cluster.access, '/jars/upload', { jar: distribution.job }),
  );
  if (!uploaded) throw new Error('the jar was not accepted');
  const id = uploaded.filename.split('/').at(-1);
  const answer = await rest.post(cluster.access, `/jars/${id}/run`, { json: { parallelism } });
  const started = jsonOf<{ jobid: string }>(answer);
  if (!started) throw new Error(`the job was not accepted: ${(answer.body ?? answer.error ?? '').slice(0, 300)}`);
  cluster.job = started.jobid;
}

interface JobDetails {
  readonly state: string;
  readonly vertices: readonly { readonly status: string }[];
}

export async function jobRuns(cluster: Cluster): Promise<boolean> {
  const { rest } = cluster.setting;
  const job = jsonOf<JobDetails>(await rest.get(cluster.access, `/jobs/${cluster.job}`));
  if (job?.state !== 'RUNNING' || !job.vertices.every((vertex) => vertex.status === 'RUNNING')) return false;
  return (await checkpoints(cluster)).completed > 0;
}

/** How often the job left RUNNING for a restart, by the JobManager's log. */
export const jobRestarts = (cluster: Cluster): number =>
  logOf(cluster.processes.get('jm')!).match(/switched from state RUNNING to (RESTARTING|FAILING)/g)?.length ?? 0;

export interface CheckpointCounts {
  readonly completed: number;
  readonly failed: number;
  readonly restored: number;
}

export async function checkpoints(cluster: Cluster): Promise<CheckpointCounts> {
  const path = `/jobs/${cluster.job}/checkpoints`;
  const answer = jsonOf<{ counts: CheckpointCounts }>(await cluster.setting.rest.get(cluster.access, path));
  return answer?.counts ?? { completed: 0, failed: 0, restored: 0 };
}

const FIXED: Readonly<Record<BedChannel, number>> = {
  rest: PORTS.rest,
  'jobmanager-rpc': PORTS.rpc,
  'blob-server': PORTS.blob,
  'taskmanager-rpc': PORTS.taskManagerRpc,
  'taskmanager-data': PORTS.data,
  'metrics-query-service': PORTS.metrics,
  'history-server': PORTS.history,
  'sql-gateway': PORTS.gateway,
  prometheus: PORTS.prometheus,
};

/** Fixed port of a channel; undefined where the case leaves it to chance. */
export function portOf(theCase: Case, channel: BedChannel): number | undefined {
  if (theCase.ports !== 'random' || channel === 'rest' || channel === 'jobmanager-rpc') return FIXED[channel];
  return undefined;
}

export function everythingListens(cluster: Cluster): boolean {
  const { truth, theCase } = cluster.setting;
  return truth.endpoints.every(({ channel, member, served }) => {
    const port = portOf(theCase, channel);
    if (served.kind === 'absent' || port === undefined) return true;
    return [...cluster.processes.values()].some(
      (one) => one.member === member && listeningPorts(one.child.pid!).has(port),
    );
  });
}

/** A TaskManager that may not join says so in its log after its first try; only then is its try in the recording. */
function keptOut(cluster: Cluster): boolean {
  const { truth } = cluster.setting;
  const outside = TASK_MANAGERS.filter((member) =>
    truth.flows.some((one) => one.channel === 'jobmanager-rpc' && one.client === member && !works(one.outcome)),
  );
  return outside.every((member) => saysKeptOut(cluster, member));
}

const saysKeptOut = (cluster: Cluster, member: ClusterMember): boolean =>
  logOf(cluster.processes.get(member)!).includes('Could not resolve ResourceManager address');

/** Asks what stands beside the cluster once, so that the recording has it. */
async function askBeside(cluster: Cluster): Promise<void> {
  const { truth, rest, network } = cluster.setting;
  for (const { channel, member, served } of truth.endpoints) {
    if (served.kind === 'absent') continue;
    if (channel === 'prometheus') {
      await rest.get({ base: `http://${network.site.name[member]}:${PORTS.prometheus}` }, '/metrics');
    } else if (channel === 'history-server' || channel === 'sql-gateway') {
      await rest.get(
        accessTo(cluster.setting, served.kind, FIXED[channel]),
        channel === 'sql-gateway' ? '/info' : '/config',
      );
    }
  }
}

/** Names of the members for `--names`. */
export function writeNames(setting: Setting): string {
  const file = join(setting.folder, 'hosts');
  writeFileSync(file, setting.network.hosts);
  return file;
}
