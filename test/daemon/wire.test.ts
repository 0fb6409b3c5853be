import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLiveWire } from '../../src/cli/live-wire.ts';
import type { CaptureSettings, ClusterSettings } from '../../src/daemon/settings.ts';
import type { LiveData, LiveEventName, Publish } from '../../src/daemon/types.ts';
import type { LiveWire } from '../../src/daemon/wire.ts';
import type { Report } from '../../src/model/report.ts';
import { startLiveCapture } from '../../src/net/live-capture.ts';
import { readConversation } from '../support/conversation.ts';
import { recording } from '../support/expected.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';
import { frames, writeFrames } from '../support/transform.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('tcpdump') ? false : 'tcpdump not found') };

interface Heard {
  readonly wire: LiveWire;
  readonly reports: Report[];
  readonly events: { readonly at: number; readonly event: LiveEventName; readonly data: unknown }[];
  readonly pids: number[];
}

function cluster(capture: CaptureSettings): ClusterSettings {
  return { name: 'prod', configurations: [], failOn: 'medium', captures: [], capture } as unknown as ClusterSettings;
}

async function watching(
  t: { teardown(done: () => Promise<void>): void },
  capture: Partial<CaptureSettings>,
): Promise<Heard> {
  const heard: Omit<Heard, 'wire'> = { reports: [], events: [], pids: [] };
  const publish: Publish = (event, data) => void heard.events.push({ at: performance.now(), event, data });
  const wire = (await createLiveWire(cluster({ interfaces: ['lo'], everyMs: 60_000, ...capture }), {
    publish,
    keep: (report) => void heard.reports.push(report),
    log: () => undefined,
    clock: () => Date.now(),
    startCapture: async (options) => {
      const started = await startLiveCapture(options);
      heard.pids.push(...started.streams.map(({ pid }) => pid));
      return started;
    },
  }))!;
  t.teardown(() => wire.stop());
  wire.start();
  return { ...heard, wire };
}

async function until(what: string, is: () => boolean, withinMs = 8000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!is()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function eventsOf<Name extends LiveEventName>(
  { events }: Heard,
  name: Name,
): readonly { at: number; data: LiveData[Name] }[] {
  return events.filter(({ event }) => event === name) as unknown as { at: number; data: LiveData[Name] }[];
}

t.test('a clear transfer between TaskManagers is told within two seconds, and judged soon after', live, async (t) => {
  const heard = await watching(t, { interfaces: ['lo'] });
  await until('running', () => heard.wire.status.state === 'running');
  const talk = await play(readConversation('data-1.20.3'));
  t.teardown(() => talk.end());
  await until('told', () => eventsOf(heard, 'clear-transfer').length > 0);
  const [first] = eventsOf(heard, 'clear-transfer');
  const took = first!.at - talk.startedAt;
  t.comment(`told ${Math.round(took)} ms after the first byte`);
  t.ok(took < 2000, `${took} ms`);
  t.match(first!.data, {
    cluster: 'prod',
    channel: 'taskmanager-data',
    server: { host: '127.0.0.1', port: talk.port },
  });
  await until('a report', () => heard.reports.length > 0);
  const failed = heard.reports[0]!.findings.filter(({ verdict }) => verdict === 'fail');
  t.match(
    failed.find(({ ruleId }) => ruleId === 'plaintext-state-transfer'),
    { channel: 'taskmanager-data', endpoint: { port: talk.port } },
  );
  t.match(heard.reports[0], {
    command: 'sniff',
    complete: true,
    verdict: 'fail',
    inputs: [{ kind: 'interface', path: 'lo' }],
  });
});

t.test('TLS is no transfer, and its report has nothing in clear', live, async (t) => {
  const heard = await watching(t, { everyMs: 1500 });
  await until('running', () => heard.wire.status.state === 'running');
  const talk = await play(readConversation('tls13-data-1.20.3'));
  t.teardown(() => talk.end());
  await until('a report', () =>
    heard.reports.some(({ observations }) => observations.some(({ kind }) => kind === 'tls')),
  );
  t.same(eventsOf(heard, 'clear-transfer'), []);
  const status = heard.wire.status;
  t.ok(status.tlsBytes > 0);
  t.equal(status.clearBytes, 0);
  t.match(heard.reports.at(-1)!.observations, [{ kind: 'tls', tls: { version: 'TLSv1.3' } }]);
});

t.test(
  'a capture that is killed begins anew, which the report of that time says, and sees what comes then',
  live,
  async (t) => {
    const heard = await watching(t, {});
    await until('running', () => heard.wire.status.state === 'running');
    process.kill(heard.pids[0]!, 'SIGKILL');
    await until('restarting', () => heard.wire.status.state === 'restarting');
    t.match(heard.wire.status.problem, /tcpdump on lo was ended by SIGKILL/);
    await until('running again', () => heard.wire.status.state === 'running');
    t.equal(heard.pids.length, 2);
    const talk = await play(readConversation('data-1.20.3'));
    t.teardown(() => talk.end());
    await until('a report', () => heard.reports.length > 0);
    t.match(heard.reports[0]!.inputs, [
      { quality: { problems: [{ reason: 'read-error', message: /SIGKILL/ }] } },
      { quality: { problems: [] } },
    ]);
    t.ok(
      heard.reports[0]!.findings.some(
        ({ ruleId, verdict }) => ruleId === 'capture-lost-packets' && verdict === 'inconclusive',
      ),
    );
  },
);

t.test('an interface that disappears is waited for', live, async (t) => {
  const ip = (...args: string[]): number | null => spawnSync('ip', args, { stdio: 'ignore' }).status;
  t.equal(ip('link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'gone1'), 0);
  t.equal(ip('link', 'set', 'gone0', 'up'), 0);
  const heard = await watching(t, { interfaces: ['gone0'] });
  await until('running', () => heard.wire.status.state === 'running');
  t.equal(ip('link', 'del', 'gone0'), 0);
  await until('failed', () => heard.wire.status.state === 'failed', 12_000);
  t.match(heard.wire.status.problem, /gone0/);
  ip('link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'gone1');
  ip('link', 'set', 'gone0', 'up');
  await until('running again', () => heard.wire.status.state === 'running', 12_000);
});

t.test('evidence is kept for its owner only, and tshark reads it', live, async (t) => {
  const folder = path.join(t.testdir(), 'evidence');
  const heard = await watching(t, { evidence: { folder, bytes: 10_000 } });
  await until('running', () => heard.wire.status.state === 'running');
  const talks = [await play(readConversation('data-1.20.3'))];
  await until('told', () => eventsOf(heard, 'clear-transfer').length > 0);
  const files = readdirSync(folder);
  t.equal(files.length, 1);
  t.match(files[0], /^flinkprobe-evidence-.*_prod_taskmanager-data_127\.0\.0\.1_\d+_.*\.pcapng$/);
  const stat = statSync(path.join(folder, files[0]!));
  t.equal(stat.mode & 0o777, 0o600);
  t.ok(stat.size < 16_000);
  if (isThere('tshark')) {
    const { stdout } = spawnSync(
      'tshark',
      ['-r', path.join(folder, files[0]!), '-T', 'fields', '-e', 'tcp.flags.syn', '-e', 'tcp.port'],
      { encoding: 'utf8' },
    );
    t.match(stdout.split('\n')[0], /^(1|True)/, 'it begins with the SYN');
    t.ok(stdout.includes(String(talks[0]!.port)));
  }
  for (const talk of talks) await talk.end();
});

t.test('stopped, it leaves no process behind, and what it saw last is judged', live, async (t) => {
  const heard = await watching(t, {});
  await until('running', () => heard.wire.status.state === 'running');
  const talk = await play(readConversation('rpc-1.20.3'));
  t.teardown(() => talk.end());
  await until('seen', () => heard.wire.status.connections > 0);
  await heard.wire.stop();
  t.equal(heard.wire.status.state, 'stopped');
  t.ok(heard.reports.at(-1)!.observations.some(({ server }) => server.port === talk.port));
  for (const pid of heard.pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

t.test(
  'captures that are rotated into a folder are read once each, as one run',
  { skip: lacking ?? false },
  async (t) => {
    const folder = t.testdir();
    const heard = await watching(t, { folder, everyMs: 60_000 });
    const list = frames(recording('1.20.3-int-dataoff'));
    const third = Math.ceil(list.length / 3);
    for (const part of [0, 1, 2])
      writeFileSync(
        path.join(folder, `ring_0000${part + 1}.pcap`),
        writeFrames(list.slice(part * third, (part + 1) * third)),
      );
    await until('all read', () => heard.wire.status.packets === list.length, 12_000);
    t.match(heard.wire.status, { interfaces: [folder], state: 'running' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    t.equal(heard.wire.status.packets, list.length);
    await heard.wire.stop();
    const inputs = heard.reports.flatMap((report) => report.inputs);
    t.same(
      inputs.filter(({ packets }) => packets! > 0).map((one) => path.basename(one.path)),
      ['ring_00001.pcap', 'ring_00002.pcap', 'ring_00003.pcap'],
    );
    const failed = new Set(
      heard.reports
        .at(-1)!
        .findings.filter(({ verdict }) => verdict === 'fail')
        .map(({ ruleId, channel }) => `${ruleId} ${channel}`),
    );
    t.ok(failed.has('plaintext-state-transfer taskmanager-data'));
    t.notOk(
      [...failed].some((one) => one.endsWith('jobmanager-rpc')),
      'that channel has TLS in this recording',
    );
  },
);
