import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Observation, Report } from '../../../src/model/report.ts';
import { type Cluster, configurationFolder, portOf, writeNames } from './cluster.ts';
import { gone, spawn } from './command.ts';
import { type Comparison, compareHandshake, compareWire, type Judgement, type MemberOf } from './compare.ts';
import { CLUSTER_MEMBERS, type Member } from './members.ts';

const COMMAND: string = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

/** flinkprobe as a user starts it: a process of its own, its report on standard output. */
export interface Answer {
  readonly code: number;
  readonly report?: Report;
  readonly words: string;
  readonly seconds: number;
}

async function flinkprobe(prefix: readonly string[], args: readonly string[], keep: string): Promise<Answer> {
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
  await gone(child);
  writeFileSync(keep, text);
  const seconds = (performance.now() - began) / 1000;
  const code = child.exitCode ?? -1;
  // 0 to 2 are judgements and have a report.
  if (code < 0 || code > 2) return { code, words: words.trim(), seconds };
  return { code, report: JSON.parse(text) as Report, words: words.trim(), seconds };
}

/** Ours without `FLINKPROBE_…`, which would be options. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLINKPROBE_')));
}

export interface Witnessed {
  readonly seconds: number;
  readonly exitCode: number;
  readonly judgements: readonly Judgement[];
  readonly report: Report;
}

function memberOf(cluster: Cluster): MemberOf {
  const { site } = cluster.setting.network;
  const names = new Map<string, Member>();
  for (const member of [...CLUSTER_MEMBERS, 'prober'] as const) {
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

const failure = (what: string, answer: Answer): Error =>
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
}

/** `verify` from the prober. @throws Error when it gives no report */
export async function askHandshake(cluster: Cluster, options: VerifyOptions = {}): Promise<Witnessed> {
  const { folder, network } = cluster.setting;
  const args = [
    ...['verify', ...targets(cluster), '--profile', options.profile ?? 'standard'],
    ...['--names', writeNames(cluster.setting), ...configurations(cluster), ...(options.more ?? [])],
  ];
  const keep = join(folder, `verify${options.name ? `-${options.name}` : ''}.json`);
  const answer = await flinkprobe(network.as('prober', []), args, keep);
  if (!answer.report) throw failure('verify', answer);
  const judgements = compareHandshake(comparison(cluster, answer.report.observations));
  return { seconds: answer.seconds, exitCode: answer.code, judgements, report: answer.report };
}

/** Every port by name where ports are fixed; otherwise REST has to give them. */
function targets(cluster: Cluster): readonly string[] {
  const { truth, theCase, network } = cluster.setting;
  if (theCase.ports === 'random') return ['--rest', cluster.access.base];
  return truth.endpoints.map(
    ({ channel, member }) => `${channel}=${network.site.name[member]}:${portOf(theCase, channel)}`,
  );
}

function configurations(cluster: Cluster): readonly string[] {
  const { folder, distribution } = cluster.setting;
  const folders = CLUSTER_MEMBERS.flatMap((member) => ['--conf', `${member}=${configurationFolder(folder, member)}`]);
  return [...folders, '--flink-version', distribution.version.version];
}

/** Whether this build of flinkprobe has the command yet. */
export async function hasVerify(): Promise<boolean> {
  const child = spawn(process.execPath, [COMMAND, '--help'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await gone(child);
  return /^\s+flinkprobe verify\b/m.test(text);
}
