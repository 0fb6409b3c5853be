import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Observation, Report } from '../../../src/model/report.ts';
import { type Cluster, configurationFolder, portOf, writeNames } from './cluster.ts';
import { gone, isInPath, must, pause, run, spawn } from './command.ts';
import { type Comparison, compareHandshake, compareWire, type Judgement, type MemberOf } from './compare.ts';
import { atInterrupt } from './interrupt.ts';
import type { StoreName } from './keystores.ts';
import { connectionKey, judgeLogs, type LogInput, type LogJudgement } from './log-judgement.ts';
import { countLines, type LogLines, type LogMarks, logParts } from './log-lines.ts';
import { CLUSTER_MEMBERS, type ClusterMember, MEMBERS, type Member } from './members.ts';
import type { Truth } from './truth.ts';

const COMMAND: string = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

/** flinkprobe as a user starts it: a process of its own, its report on standard output. */
export interface Answer {
  readonly code: number;
  readonly report?: Report;
  readonly words: string;
  readonly seconds: number;
}

export async function flinkprobe(prefix: readonly string[], args: readonly string[], keep: string): Promise<Answer> {
  const began = performance.now();
  const [program, ...rest] = [...prefix, process.execPath, COMMAND, ...args, '--format', 'json'];
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnvironment() });
  let text = '';
  let words = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    words += chunk;
  });
  const forget = atInterrupt(async () => void child.kill('SIGKILL'));
  await gone(child);
  forget();
  writeFileSync(keep, text);
  const seconds = (performance.now() - began) / 1000;
  const code = child.exitCode ?? -1;
  // 0 to 2 are judgements and have a report.
  if (code < 0 || code > 2) return { code, words: words.trim(), seconds };
  return { code, report: JSON.parse(text) as Report, words: words.trim(), seconds };
}

/** Ours without `FLINKPROBE_…`, which would be options. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLINKPROBE_')));
}

export interface Witnessed {
  readonly seconds: number;
  readonly exitCode: number;
  readonly judgements: readonly Judgement[];
  readonly report: Report;
}

export function memberOf(cluster: Cluster): MemberOf {
  const { site } = cluster.setting.network;
  const names = new Map<string, Member>();
  for (const member of MEMBERS) {
    names.set(site.address[member], member);
    names.set(site.name[member], member);
  }
  return (host) => names.get(host);
}

function comparison(cluster: Cluster, observations: readonly Observation[]): Comparison {
  const { truth, stores, theCase, network } = cluster.setting;
  return {
    truth,
    stores,
    observations,
    memberOf: memberOf(cluster),
    ports: theCase.ports ?? 'fixed',
    clients: network.site.kind === 'loopback' ? 'alike' : 'told-apart',
  };
}

export const failure = (what: string, answer: Answer): Error =>
  new Error(`${what} ended with ${answer.code}: ${answer.words.split('\n').slice(-3).join(' | ')}`);

/** `analyze` on the recording. @throws Error when it gives no report */
export async function askWire(cluster: Cluster, recording: string): Promise<Witnessed> {
  const { folder } = cluster.setting;
  const common = ['--names', writeNames(cluster.setting), ...configurations(cluster)];
  const answer = await flinkprobe([], ['analyze', recording, ...common], join(folder, 'analyze.json'));
  if (!answer.report) throw failure('analyze', answer);
  const judgements = compareWire(comparison(cluster, answer.report.observations));
  return { seconds: answer.seconds, exitCode: answer.code, judgements, report: answer.report };
}

export interface VerifyOptions {
  readonly profile?: 'quick' | 'standard' | 'full';
  readonly more?: readonly string[];
  readonly name?: string;
  /** The members' configurations; those that the processes run with where left out. */
  readonly promised?: (member: ClusterMember) => string;
  /** Shows the members' own certificate on the internal channels; every port that trusts it has to let us in. */
  readonly identity?: 'shown' | 'none';
}

/** What `verify` said, and what the processes logged meanwhile. */
export interface Verified extends Witnessed {
  readonly logs: readonly LogLines[];
  /** Undefined where the probe's own capture could not be read. */
  readonly noise?: LogJudgement;
}

/** `verify` from the prober. @throws Error when it gives no report */
export async function askHandshake(cluster: Cluster, marks: LogMarks, options: VerifyOptions = {}): Promise<Verified> {
  const { folder, network } = cluster.setting;
  const keep = join(folder, `verify${options.name ? `-${options.name}` : ''}`);
  const profile = options.profile ?? 'standard';
  const store = options.identity === 'shown' ? internalStore(cluster.setting.truth) : undefined;
  const args = [
    ...['verify', ...targets(cluster), '--profile', profile, '--pcap-out', `${keep}.pcapng`],
    ...['--names', writeNames(cluster.setting), ...configurations(cluster, options.promised), ...(options.more ?? [])],
    ...(store ? ['--identity', `internal=${identityFile(cluster, store)}`] : []),
  ];
  const answer = await flinkprobe(network.as('prober', []), args, `${keep}.json`);
  if (!answer.report) throw failure('verify', answer);
  const { observations } = answer.report;
  const judgements = compareHandshake({ ...comparison(cluster, observations), ...(store ? { identity: store } : {}) });
  // A line may be written after the connection that caused it is closed.
  await pause(LOG_DELAY);
  const parts = logParts(cluster, marks);
  const connections = await connectionsOf(cluster, `${keep}.pcapng`);
  const noise = connections && judgeLogs({ parts, profile, observations, memberOf: memberOf(cluster), connections });
  return {
    ...{ seconds: answer.seconds, exitCode: answer.code, judgements, report: answer.report },
    logs: parts.map(countLines),
    ...(noise ? { noise } : {}),
  };
}

const LOG_DELAY = 300;

/** The certificate that the JobManager's internal channels serve and trust; undefined where they are clear. */
export function internalStore(truth: Truth): StoreName | undefined {
  for (const { channel, member, served } of truth.endpoints) {
    if (member !== 'jm' || served.kind !== 'tls') continue;
    if (channel === 'jobmanager-rpc' || channel === 'blob-server') return served.certificate;
  }
  return undefined;
}

/** Key and certificates in one file, as `--identity` takes PEM. */
export function identityFile(cluster: Cluster, store: StoreName): string {
  const { certificate, key } = cluster.setting.stores[store];
  const file = join(cluster.setting.folder, `identity-${store}.pem`);
  writeFileSync(file, `${readFileSync(key, 'utf8')}${readFileSync(certificate, 'utf8')}`, { mode: 0o600 });
  return file;
}

const SYN = /(?:IP6?) ([\d.]+)\.(\d+) > ([\d.]+)\.(\d+): /;

/** Which port of which member each of the probe's connections went to, read from its own capture by tcpdump. */
async function connectionsOf(cluster: Cluster, capture: string): Promise<LogInput['connections'] | undefined> {
  if (!isInPath('tcpdump')) return undefined;
  const syn = 'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn';
  const text = await must('tcpdump', ['-nn', '-t', '-r', capture, syn]);
  const find = memberOf(cluster);
  const found = new Map<string, readonly number[]>();
  for (const line of text.split('\n')) {
    const [, client, from, server, port] = SYN.exec(line) ?? [];
    const member = server === undefined ? undefined : find(server);
    const key = member && connectionKey(member, `${client}:${from}`);
    if (key) found.set(key, [...(found.get(key) ?? []), Number(port)]);
  }
  return found;
}

/** Every port by name where ports are fixed; otherwise REST has to give them. */
export function targets(cluster: Cluster): readonly string[] {
  const { truth, theCase, network } = cluster.setting;
  if (theCase.ports === 'random') return ['--rest', cluster.access.base];
  return truth.endpoints.map(
    ({ channel, member }) => `${channel}=${network.site.name[member]}:${portOf(theCase, channel)}`,
  );
}

export function configurations(
  cluster: Cluster,
  promised = (member: ClusterMember): string => configurationFolder(cluster.setting.folder, member),
): readonly string[] {
  const { distribution } = cluster.setting;
  const folders = CLUSTER_MEMBERS.flatMap((member) => ['--conf', `${member}=${promised(member)}`]);
  return [...folders, '--flink-version', distribution.version.version];
}

/** Whether this build of flinkprobe has the command, and whether an identity can be given for one family of channels. */
export async function abilities(): Promise<{ readonly verify: boolean; readonly identities: boolean }> {
  const [all, verify] = await Promise.all([helpOf([]), helpOf(['verify'])]);
  return { verify: /^\s+flinkprobe verify\b/m.test(all), identities: /internal=/.test(verify) };
}

async function helpOf(command: readonly string[]): Promise<string> {
  return (await run(process.execPath, [COMMAND, ...command, '--help'])).stdout;
}
