import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../../src/daemon/store/store.ts';
import type { DaemonStatus, RunSummary } from '../../../src/daemon/types.ts';
import type { Report } from '../../../src/model/report.ts';
import { mintLeaf } from '../../support/pki.ts';
import { tlsBulk } from '../generate.ts';
import { machine, option, say } from '../measure.ts';
import { CAPTURED, type Cluster, settingsText, startClusters } from './clusters.ts';
import type { ReadersNews } from './readers.ts';
import { WatchedDaemon } from './watched.ts';

/**
 * The daemon's soak: clusters of stand-ins are verified by a schedule by the real command, while captures are analysed
 * and readers listen to live events. Stand-ins and readers are processes of their own.
 *
 * Usage: node dist/test/bench/daemon/bench.js [--clusters N] [--taskmanagers N] [--every 30s] [--minutes N] [--readers N]
 *   [--capture GB] [--analyse-every SECONDS] [--profile quick] [--node "FLAGS"] [--main FILE]
 */
const MAIN = fileURLToPath(new URL('../../../bundle/cli/main.js', import.meta.url));
const READERS = fileURLToPath(new URL('readers.js', import.meta.url));
const LOOK_EVERY_MS = 10_000;
const LOOKS_A_LINE = 3;

const settings = {
  clusters: Number(option('clusters', '100')),
  taskManagers: Number(option('taskmanagers', '20')),
  every: option('every', '30s'),
  minutes: Number(option('minutes', '10')),
  readers: Number(option('readers', '200')),
  captureBytes: Number(option('capture', '1')) * 1e9,
  analyseEveryMs: Number(option('analyse-every', '10')) * 1000,
  profile: option('profile', 'quick'),
  flags: option('node', '').split(' ').filter(Boolean),
  main: option('main', MAIN),
};

/** One look at everything. */
interface Look {
  readonly second: number;
  readonly rss: number;
  readonly peak: number;
  readonly cpu: number;
  readonly lag: DaemonStatus['eventLoopLagMs'];
  readonly store: number;
  readonly missed: number;
  readonly lateMs: number;
  readonly readers: ReadersNews;
}

class Readers {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  constructor(url: string, count: number) {
    this.#child = spawn(process.execPath, [READERS, url, `${count}`]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  async news(): Promise<ReadersNews> {
    const line = once(this.#lines, 'line') as Promise<[string]>;
    this.#child.stdin.write('\n');
    return JSON.parse((await line)[0]) as ReadersNews;
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await once(this.#child, 'exit');
  }
}

/** Asks for an analysis whenever it is due and none goes on. Resolves to the times that it was asked for. */
async function analyseAgain(daemon: WatchedDaemon, until: AbortSignal): Promise<number> {
  let asked = 0;
  while (!until.aborted) {
    await daemon.runNow(CAPTURED);
    asked++;
    await sleep(settings.analyseEveryMs, undefined, { signal: until }).catch(() => undefined);
  }
  return asked;
}

async function look(daemon: WatchedDaemon, readers: Readers, begun: number): Promise<Look> {
  const [status, news] = [await daemon.status(), await readers.news()];
  const { rss, peak, cpu } = daemon.footprint;
  return {
    second: Math.round((performance.now() - begun) / 1000),
    rss,
    peak,
    cpu,
    lag: status.eventLoopLagMs,
    store: status.store.bytes / 1e6,
    missed: status.clusters.reduce((sum, { missedRuns }) => sum + missedRuns, 0),
    lateMs: Math.max(...status.clusters.map(({ lateMs }) => lateMs)),
    readers: news,
  };
}

function tell(now: Look, before: Look | undefined): void {
  const { second, rss, peak, lag, store, missed, lateMs, readers } = now;
  const cpu = before === undefined ? 0 : (now.cpu - before.cpu) / Math.max(1, second - before.second);
  const cells = [second, rss.toFixed(0), peak.toFixed(0), cpu.toFixed(2), lag.p50, lag.p99, store.toFixed(1)];
  say(`| ${[...cells, missed, lateMs, readers.open, readers.events, readers.dropped, os.loadavg()[0]].join(' | ')} |`);
}

/** What the history says of it, read when the daemon has ended. */
function judge(file: string, clusters: readonly Cluster[], analyses: number): void {
  const store = openStore({ path: file });
  const lists = clusters.map(({ name }) => store.runs(name, { limit: 10_000 }));
  const all = lists.flat();
  const durations = all.map((one) => Date.parse(one.finishedAt) - Date.parse(one.startedAt)).sort((a, b) => a - b);
  const captured = store.runs(CAPTURED, { limit: 10_000 });
  const times = captured.map((one) => Date.parse(one.finishedAt) - Date.parse(one.startedAt)).sort((a, b) => a - b);
  const counts = lists.map((list) => list.length);
  const at = (list: readonly number[], share: number): string =>
    `${((list[Math.floor((list.length - 1) * share)] ?? 0) / 1000).toFixed(2)} s`;
  say(`- runs: ${all.length}; of a cluster ${Math.min(...counts)} to ${Math.max(...counts)}`);
  say(`- incomplete: ${all.filter(({ complete }) => !complete).length}`);
  say(`- verdicts: ${[...new Set(all.map(({ verdict }) => verdict))].join(', ')}`);
  say(`- a run takes: ${at(durations, 0.5)} (median), ${at(durations, 0.99)} (p99), ${at(durations, 1)} (longest)`);
  say(
    `- analyses: ${captured.length} of ${analyses} asked for, ${captured.filter((one) => one.complete).length} whole,`,
  );
  say(`  ${at(times, 0.5)} (median), ${at(times, 1)} (longest)`);
  const lastWhole = (list: readonly RunSummary[]): Report | undefined => {
    const last = list.find(({ complete }) => complete);
    return last === undefined ? undefined : store.run(last.id)?.report;
  };
  const wrong = clusters.flatMap((one, index) => misjudged(one, lastWhole(lists[index]!)));
  say(`- endpoints of the last runs that are not told as they are: ${wrong.length}`);
  for (const one of wrong.slice(0, 5)) say(`  - ${one}`);
  say(`- store: ${(statSync(file).size / 1e6).toFixed(1)} MB after the end, ${all.length + captured.length} runs`);
  store.close();
}

/** Every one is mutual TLS, REST is TLS. */
function misjudged({ name, flink }: Cluster, report: Report | undefined): string[] {
  const seen = new Map((report?.observations ?? []).map((one) => [`${one.server.host}:${one.server.port}`, one]));
  return flink.endpoints.flatMap(({ host, port, channel, protection }) => {
    const one = seen.get(`${host}:${port}`);
    const asks = protection === 'mutual-tls' ? 'required' : 'not-requested';
    const isSo = one?.kind === 'tls' && one.channel === channel && one.tls?.clientAuthentication.verdict === asks;
    return isSo ? [] : [`${name}: ${channel} ${host}:${port}: ${one?.kind ?? 'missing'} ${one?.because ?? ''}`];
  });
}

async function soak(folder: string): Promise<void> {
  const capture = path.join(folder, 'bulk.pcap');
  await tlsBulk(capture, mintLeaf('flink'), settings.captureBytes);
  const clusters = await startClusters(settings.clusters, settings.taskManagers, path.join(folder, 'keys'));
  const file = path.join(folder, 'flinkprobe.yaml');
  const { profile, every } = settings;
  writeFileSync(file, settingsText(clusters, { profile, capture, every }));
  const daemon = await WatchedDaemon.start(settings.main, file, settings.flags);
  const readers = new Readers(daemon.url, settings.readers);
  const begun = performance.now();
  const until = new AbortController();
  const analysing = analyseAgain(daemon, until.signal);
  say(
    '\n| s | RSS, MB | highest | CPU | lag p50, ms | p99 | store, MB | missed | late, ms | readers | events | dropped | load |',
  );
  say('|---|---|---|---|---|---|---|---|---|---|---|---|---|');
  const looks: Look[] = [];
  for (let at = 1; performance.now() - begun < settings.minutes * 60_000; at++) {
    await sleep(begun + at * LOOK_EVERY_MS - performance.now());
    looks.push(await look(daemon, readers, begun));
    if (at % LOOKS_A_LINE === 0) tell(looks.at(-1)!, looks.at(-1 - LOOKS_A_LINE));
  }
  until.abort();
  const analyses = await analysing;
  const connections = (await Promise.all(clusters.map(({ flink }) => flink.connections()))).reduce((a, b) => a + b, 0);
  await readers.stop();
  const { seconds, code } = await daemon.stop();
  summarize(looks);
  say(
    `- connections that the stand-ins took: ${connections}, ${(connections / settings.minutes / 60).toFixed(0)} a second`,
  );
  say(`- SIGTERM: ended after ${seconds.toFixed(1)} s, exit code ${code}`);
  judge(path.join(folder, 'history.db'), clusters, analyses);
  await Promise.all(clusters.map(({ flink }) => flink.stop()));
}

function summarize(looks: readonly Look[]): void {
  const last = looks.at(-1)!;
  // The first minute is the start: modules, first runs of all clusters at once.
  const steady = looks.filter(({ second }) => second > 60);
  const rss = (steady.length === 0 ? looks : steady).map((one) => one.rss);
  const halves = [rss.slice(0, rss.length >> 1), rss.slice(rss.length >> 1)].map(
    (half) => half.reduce((sum, one) => sum + one, 0) / half.length,
  );
  say(
    `\n- RSS after the first minute: ${Math.min(...rss).toFixed(0)} to ${Math.max(...rss).toFixed(0)} MB, mean of the`,
  );
  say(
    `  first half ${halves[0]!.toFixed(0)} MB, of the second ${halves[1]!.toFixed(0)} MB; highest of all ${last.peak.toFixed(0)} MB`,
  );
  // What is told is of the last one to two minutes: the start is in it until the third.
  for (const [when, some] of [
    ['in all', looks],
    ['after the third minute', looks.filter(({ second }) => second > 180)],
  ] as const) {
    const worst = (which: 'p50' | 'p99'): number => Math.max(0, ...some.map(({ lag }) => lag[which]));
    say(`- event loop lag ${when}: p99 at most ${worst('p99')} ms, p50 at most ${worst('p50')} ms`);
  }
  say(
    `- missed runs: ${last.missed}; readers dropped: ${last.readers.dropped}; CPU of the daemon: ${(last.cpu / last.second).toFixed(2)} cores`,
  );
}

say(machine());
const { MALLOC_ARENA_MAX: arenas = 'as glibc has it' } = process.env;
say(`\n\`${JSON.stringify({ ...settings, arenas })}\``);
const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-soak-'));
try {
  await soak(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
