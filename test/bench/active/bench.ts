import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type CutServer, cutSurveys } from '../../active/any-byte.ts';
import { repeatedly } from '../../active/repeated.ts';
import { delayedRounds, JUDGED } from '../../active/rounds.ts';
import { type FlinkStandIn, flinkStandIn, type StandInOptions } from '../../support/targets/flink-stand-in.ts';
import { front } from '../../support/targets/front.ts';
import { available, Targets } from '../../support/targets/start.ts';
import type { TargetId } from '../../support/targets/target.ts';
import { machine, median, once, option, say } from '../measure.ts';
import { readReport, suitesIn, tools, verify } from './tools.ts';

/**
 * Measures `flinkprobe verify` beside nmap and sslscan: connections and time; then clusters of stand-ins, and the two
 * properties of which `npm test` runs a few rounds only.
 *
 * Usage: node dist/test/bench/active/bench.js [--only tools,cluster,thousand,authentication,determinism,cut] [--runs N] [--rounds N]
 */
const only = option('only', 'tools,cluster,thousand,authentication,determinism,cut').split(',');
const runs = Number(option('runs', '3'));
const rounds = Number(option('rounds', '100'));
const scratch = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-bench-'));
const report = path.join(scratch, 'report.json');
const seconds = (value: number): string => value.toFixed(2);
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** Connections that the tools are known to need, and the aims. */
const COMPARED: readonly { readonly id: TargetId; readonly what: string; readonly aim: number }[] = [
  { id: 'A1', what: 'two suites behind mutual TLS', aim: 14 },
  { id: 'B1', what: '23 suites of TLS 1.2 and 1.3', aim: 49 },
];

async function compare(): Promise<void> {
  const ids = available(COMPARED.map(({ id }) => id));
  const targets = await Targets.start(...ids);
  for (const { id, what, aim } of COMPARED.filter((one) => ids.includes(one.id))) {
    const target = targets.get(id);
    const port = await front(target);
    // A JDK's first handshakes are slow: the server is warm for all.
    for (const tool of tools()) await once(tool.command(port.port, report));
    const measured = new Map(tools().map(({ name }) => [name, { wall: [] as number[], counts: [] as number[] }]));
    let suites = 0;
    for (let run = 0; run < runs; run++) {
      for (const tool of tools()) {
        const before = port.connections();
        const { wall } = await once(tool.command(port.port, report));
        measured.get(tool.name)!.wall.push(wall);
        measured.get(tool.name)!.counts.push(port.connections() - before);
        if (tool.name.endsWith('standard')) suites = suitesIn(readReport(report));
      }
    }
    await port.close();
    const expected = Object.values(target.truth.cipherSuites).flat().length;
    say(`\n### ${what} (${id})\n\nflinkprobe, standard: ${suites} of ${expected} suites; aim: ${aim} connections.\n`);
    table(measured);
  }
  await targets.stop();
}

function table(measured: ReadonlyMap<string, { wall: number[]; counts: number[] }>): void {
  const [ours] = [...measured.values()].map((one) => ({
    wall: median(sorted(one.wall)),
    count: Math.max(...one.counts),
  }));
  say('| command | connections | of it / flinkprobe | seconds, median (min – max) | of it / flinkprobe |');
  say('|---|---|---|---|---|');
  for (const [name, { wall, counts }] of measured) {
    const times = sorted(wall);
    const count = Math.max(...counts);
    const range = `${seconds(median(times))} (${seconds(times[0]!)} – ${seconds(times.at(-1)!)})`;
    const ratios = [count / ours!.count, median(times) / ours!.wall].map((ratio) => ratio.toFixed(2));
    say(`| ${name} | ${count} | ${ratios[0]} | ${range} | ${ratios[1]} |`);
  }
}

async function cluster(title: string, profile: string, options: StandInOptions, aim: string): Promise<void> {
  const flink = await flinkStandIn(options);
  const targets = flink.endpoints.map(({ channel, host, port }) => `${channel}=${host}:${port}`);
  const { wall, peak, code } = await once(verify(targets, profile, report));
  const counted = await flink.connections();
  await flink.stop();
  say(`\n### ${title}\n\n| what | measured | aim |\n|---|---|---|`);
  const [secondsAim, memoryAim] = aim.split(' / ');
  say(`| seconds | ${seconds(wall)} | ${secondsAim} |\n| peak RSS, MiB | ${peak.toFixed(0)} | ${memoryAim ?? '–'} |`);
  say(`| connections (${targets.length} endpoints) | ${counted} | – |\n| exit code | ${code} | – |`);
  for (const fault of misjudged(flink)) say(`| not as it is | ${fault} | none |`);
}

/** Endpoints whose observation is not what the stand-in is. */
function misjudged({ endpoints }: FlinkStandIn): string[] {
  const seen = new Map(readReport(report).observations.map((one) => [`${one.server.host}:${one.server.port}`, one]));
  return endpoints
    .flatMap(({ host, port, channel, protection }) => {
      const one = seen.get(`${host}:${port}`);
      const kind = protection === 'clear' ? 'plaintext' : 'tls';
      const asks = protection === 'mutual-tls' ? 'required' : 'not-requested';
      const right = one?.kind === kind && (kind === 'plaintext' || one.tls?.clientAuthentication.verdict === asks);
      return right ? [] : [`${channel} ${host}:${port}: ${one?.kind ?? 'missing'} ${one?.because ?? ''}`];
    })
    .slice(0, 5);
}

async function authentication(): Promise<void> {
  const ids = available(JUDGED);
  const targets = await Targets.start(...ids);
  say(`\n### Client authentication, every piece delayed by 0 to 300 ms\n\n| target | truth | right |\n|---|---|---|`);
  // openssl and GnuTLS serve one connection at a time: what waits there must not run into our own patience.
  const all = await Promise.all(
    ids.map(async (id) => ({ id, wrong: await delayedRounds(targets.get(id), rounds, /^[AB]/.test(id) ? 3 : 1) })),
  );
  for (const { id, wrong } of all) {
    say(`| ${id} | ${targets.get(id).truth.clientAuthentication} | ${rounds - wrong.length} of ${rounds} |`);
    for (const one of wrong.slice(0, 3)) say(`| | round ${one.round} | ${one.got} |`);
  }
  await targets.stop();
}

async function determinism(): Promise<void> {
  const ids = available(JUDGED);
  const targets = await Targets.start(...ids);
  say('\n### The same report, ten times in standard\n\n| target | different reports |\n|---|---|');
  for (const id of ids) {
    const reports = await repeatedly(10, targets.get(id), { channel: 'jobmanager-rpc' });
    say(`| ${id} | ${new Set(reports.map((one) => JSON.stringify(one))).size - 1} |`);
  }
  await targets.stop();
}

async function cut(): Promise<void> {
  const flink = await flinkStandIn({ taskManagers: 0, hosts: 'together' });
  const { port } = flink.endpoint('jm', 'jobmanager-rpc');
  const server: CutServer = { port, version: 'TLSv1.2', verdict: 'required', serverHello: 100 };
  const total = rounds * 10;
  const faults = await cutSurveys(server, total, Math.random);
  await flink.stop();
  say(`\n### Closed at any byte\n\n${total - faults.length} of ${total} runs as they have to be.`);
  for (const fault of faults.slice(0, 5)) say(`- ${fault}`);
}

say(machine());
try {
  if (only.includes('tools')) await compare();
  if (only.includes('cluster')) {
    const title = 'One JobManager and 50 TaskManagers, standard';
    await cluster(title, 'standard', { taskManagers: 50 }, 'below 20');
  }
  if (only.includes('thousand')) {
    const taskManagerChannels = ['taskmanager-rpc', 'metrics-query-service', 'taskmanager-data'] as const;
    const options = { taskManagers: 332, taskManagerChannels };
    await cluster('1,000 endpoints, quick', 'quick', options, 'below 60 / below 191 (200 MB)');
  }
  if (only.includes('authentication')) await authentication();
  if (only.includes('determinism')) await determinism();
  if (only.includes('cut')) await cut();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
