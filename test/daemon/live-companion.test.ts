import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { liveWire } from '../../src/cli/live-companion.ts';
import type { LiveEvent } from '../../src/daemon/live-events.ts';
import { recording } from '../support/expected.ts';
import { until } from '../support/until.ts';
import { bench, loaded } from './scheduling.ts';

const PATIENCE_MS = 15_000;

t.test('what the wire of a cluster shows is kept, told live, and stands in its status; nobody is asked', async (t) => {
  const folder = t.testdir();
  const settings = loaded([{ targets: [], active: 'off', capture: { folder, every: '2s' } }]);
  const { daemon, store, begun } = bench(settings, 'instant', { companions: [(means) => liveWire(means, () => [])] });
  const events: LiveEvent[] = [];
  daemon.live.subscribe((event) => events.push(event));
  daemon.start();
  t.teardown(() => daemon.stop());
  await until('watching', () => daemon.status().clusters[0]?.wire?.state === 'running', PATIENCE_MS);
  copyFileSync(recording('1.20.3-int-dataoff').path, path.join(folder, 'restart.pcap.gz'));
  const { packets } = recording('1.20.3-int-dataoff').expected.file;
  await until('all read', () => daemon.status().clusters[0]?.wire?.packets === packets, PATIENCE_MS);
  await until('a run', () => store.asStore.last('prod') !== undefined, PATIENCE_MS);
  const run = store.asStore.last('prod')!;
  t.match(run, { cluster: 'prod', trigger: 'live', report: { command: 'sniff', verdict: 'fail' } });
  t.ok(
    run.report.findings.some(
      ({ ruleId, channel }) => ruleId === 'plaintext-state-transfer' && channel === 'taskmanager-data',
    ),
  );
  t.same(begun, [], 'active probing is off');
  const names = new Set(events.map(({ event }) => event));
  for (const name of ['wire', 'clear-transfer', 'channel', 'run-finished'])
    t.ok(names.has(name as LiveEvent['event']), name);
  t.ok(daemon.cells('prod').some(({ channel, verdict }) => channel === 'taskmanager-data' && verdict === 'fail'));
  const { wire } = daemon.status().clusters[0]!;
  t.ok(wire!.clearBytes > 0);
  t.ok(wire!.tlsBytes > 0);
  t.same(daemon.readiness().problems, []);
});

t.test('a wire that cannot be watched is said, and costs the wire only', async (t) => {
  const settings = loaded([{ capture: { folder: path.join(t.testdir(), 'nowhere'), every: '2s' } }]);
  const { daemon, begun, lines } = bench(settings, 'instant', { companions: [(means) => liveWire(means, () => [])] });
  daemon.start();
  t.teardown(() => daemon.stop());
  await until('failed', () => daemon.status().clusters[0]?.wire?.state === 'failed', PATIENCE_MS);
  t.match(daemon.status().clusters[0]!.wire!.problem, /nowhere/);
  t.equal(begun.length, 1);
  t.equal(lines.filter((line) => line.includes('nowhere')).length, 1, 'said once');
});

t.test('files that are missing at the start are said, and looked for until they are there', async (t) => {
  const folder = t.testdir();
  const names = path.join(folder, 'names.txt');
  const settings = loaded([{ targets: [], active: 'off', names, capture: { folder, every: '2s' } }]);
  const { daemon } = bench(settings, 'instant', { companions: [(means) => liveWire(means, () => [])] });
  daemon.start();
  t.teardown(() => daemon.stop());
  await until('failed', () => daemon.status().clusters[0]?.wire?.state === 'failed', PATIENCE_MS);
  t.match(daemon.status().clusters[0]!.wire!.problem, /names\.txt/);
  t.match(daemon.readiness(), { ready: true, problems: [/^prod: its wire is not watched: .*names\.txt/] });
  writeFileSync(names, '10.0.0.1 tm-1\n');
  await until('running', () => daemon.status().clusters[0]?.wire?.state === 'running', PATIENCE_MS);
  t.same(daemon.readiness().problems, []);
});

t.test(
  'an interface that is not there is told by readiness; whoever notifies hears when nobody wants it any more',
  async (t) => {
    const told: (string | undefined)[] = [];
    const settings = loaded([{ targets: [], active: 'off', capture: { interfaces: ['nosuch0'], every: '2s' } }]);
    const { daemon, next } = bench(settings, 'instant', {
      companions: [(means) => liveWire(means, () => [])],
      wire: (cluster, problem) => void told.push(problem === undefined ? cluster : `${cluster}: ${problem}`),
    });
    daemon.start();
    t.teardown(() => daemon.stop());
    await until('failed', () => daemon.status().clusters[0]?.wire?.state === 'failed', PATIENCE_MS);
    const { problem } = daemon.status().clusters[0]!.wire!;
    t.same(daemon.readiness().problems, [`prod: its wire is not watched: ${problem}`]);
    next.load = async () => loaded([{ targets: ['jm:6123'] }]);
    await daemon.reload();
    await until('over', () => told.length > 0, PATIENCE_MS);
    t.same(told, ['prod']);
  },
);
