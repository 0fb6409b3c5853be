import { copyFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { liveWire } from '../../src/cli/live-companion.ts';
import type { LiveEvent } from '../../src/daemon/types.ts';
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
