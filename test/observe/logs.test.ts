import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { CaptureError } from '../../src/capture/problems.ts';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { type LogRun, observeLogs } from '../../src/observe/logs.ts';
import { readVector } from '../support/vectors.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-logs-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const target = path.join(folder, name);
  writeFileSync(target, content);
  return target;
}

const AT = '2026-11-23T00:00:00Z';

function observe(...paths: readonly string[]): Promise<LogRun> {
  return observeLogs(
    paths.map((one) => ({ path: one })),
    { configurations: [], at: AT },
  );
}

const JM = readVector('logs/1.20.3-w-off/jm.log');

t.test('reads plain text and gzip, told by content, to the same', async (t) => {
  const plain = await observe(file('jm.log', JM));
  const half = Math.floor(JM.length / 2);
  const members = Buffer.concat([gzipSync(JM.subarray(0, half)), gzipSync(JM.subarray(half))]);
  const packed = await observe(file('jm.log.1', members));
  const without = (run: LogRun): unknown =>
    run.observations.map(({ log, ...rest }) => ({ ...rest, log: { ...log, file: '' } }));
  t.strictSame(without(packed), without(plain));
  t.match(packed.inputs, [{ kind: 'log', format: 'text+gzip', bytes: JM.length }]);
  t.match(plain.inputs, [{ format: 'text', firstPacketAt: '2026-11-22T13:17:12.037Z' }]);
  t.equal(plain.extent, 'whole');
});

t.test('makes observations of the witness record: who serves, who dialled, what it says', async (t) => {
  const { observations, processes, flinkVersions } = await observe(file('a.log', JM));
  const told = (event: string): (typeof observations)[number] | undefined =>
    observations.find(({ log }) => log?.event === event);
  t.ok(observations.every((one) => one.vantage === 'log' && one.kind === 'log-line'));
  t.match(told('actor-system-started'), {
    channel: 'jobmanager-rpc',
    server: { host: 'jm', port: 6123, component: 'jobmanager', member: 'jm' },
    log: { says: 'tls', process: 'current', zone: 'assumed' },
  });
  t.match(told('handshake-failed'), {
    server: { host: 'jm', port: 6123, member: 'jm' },
    client: { host: '10.77.0.3' },
    repeats: 1,
    observedAt: '2026-11-22T13:17:18.082Z',
    lastSeenAt: '2026-11-22T13:17:28.153Z',
    log: { failure: { reason: 'peer-in-clear', claimed: 'tm2' } },
  });
  t.match(told('taskmanager-registered'), {
    channel: 'taskmanager-rpc',
    server: { host: 'tm1', member: 'tm1', port: 6122 },
  });
  t.match(told('process-started')?.log?.started, { version: '1.20.3', component: 'jobmanager' });
  t.strictSame(flinkVersions, ['1.20.3']);
  t.strictSame(processes, [
    { component: 'jobmanager', member: 'jm', source: 'log', identity: '2026-11-22T13:17:12.037Z' },
  ]);
});

t.test('names the process as the user does, or as its addresses are known', async (t) => {
  const target = file('b.log', readVector('logs/1.20.3-w-off/tm2.log'));
  const given = await observeLogs([{ path: target, member: 'worker' }], { configurations: [], at: AT });
  t.equal(given.observations.find(({ log }) => log?.event === 'actor-system-started')?.server.member, 'worker');
  const known = await observeLogs([{ path: target }], {
    configurations: [],
    at: AT,
    memberOf: (host) => (host === 'tm2' ? 'second' : undefined),
  });
  t.equal(known.observations.find(({ log }) => log?.event === 'actor-system-started')?.server.member, 'second');
});

t.test('holds the properties that a process logged against its own configuration', async (t) => {
  const text = 'security.ssl.internal.enabled: false\njobmanager.rpc.port: 6123\n';
  const configurations = ['tm9', 'jm'].map((member) =>
    parseFlinkConfiguration([{ name: `${member}.yaml`, text }], { member }),
  );
  const { observations } = await observeLogs([{ path: file('c.log', JM) }], { configurations, at: AT });
  const differs = observations.find(({ log }) => log?.event === 'configuration-differs');
  t.match(
    differs?.log?.differences?.find(({ key }) => key === 'security.ssl.internal.enabled'),
    { logged: 'true', configured: 'false', file: 'jm.yaml', configuredLine: 1 },
  );
});

t.test('takes the time of the run where a line has none', async (t) => {
  const line = 'INFO  o.a.f.r.r.p.PekkoRpcServiceUtils - Actor system started at pekko.tcp://flink@jm:6123\n';
  const { observations } = await observe(file('d.log', line));
  t.match(observations, [{ observedAt: AT, log: { zone: 'none', says: 'clear' } }]);
});

t.test('says what is no log, empty, or damaged, and goes on with the others', async (t) => {
  const packed = gzipSync(JM);
  const run = await observe(
    file('empty.log', ''),
    file('random.bin', Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256))),
    file('cut.gz', packed.subarray(0, packed.length - 200)),
    file('whole.log', JM),
  );
  t.equal(run.extent, 'partial');
  t.match(
    run.inputs.map(({ problems }) => problems?.[0]?.message),
    [/^empty: 0 bytes$/, /^no line of it is one that Flink writes/, /^the compressed data are damaged/, undefined],
  );
  t.ok(run.observations.some(({ log }) => log?.file.endsWith('whole.log')));
  t.ok(
    run.observations.some(({ log }) => log?.file.endsWith('cut.gz')),
    'what stands before the damage counts',
  );
});

t.test('tells lines that were cut, and calls the rest whole', async (t) => {
  const giant = `2026-11-22 13:00:00,000 INFO  x.Y [] - ${'z'.repeat(100_000)}\n`;
  const run = await observe(file('giant.log', Buffer.concat([Buffer.from(giant), JM])));
  t.equal(run.extent, 'whole');
  t.match(run.inputs[0]?.problems?.[0]?.message, /^1 lines longer than 32 KiB/);
});

t.test('refuses what cannot be opened, by name', async (t) => {
  await t.rejects(observe(path.join(folder, 'missing.log')), CaptureError);
  await t.rejects(observe(folder), CaptureError);
  await t.rejects(observe(file('x.zip', Buffer.from('PK\u0003\u0004xxxx', 'latin1'))), /compressed with zip/);
});
