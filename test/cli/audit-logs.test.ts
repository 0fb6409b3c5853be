import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import type { Finding, Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { flinkprobe, spawned } from '../support/command-line.ts';
import { readVector } from '../support/vectors.ts';

const LOGS = 'test/vectors/logs';
const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-audit-logs-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

async function audit(...args: readonly string[]): Promise<{ readonly report: Report; readonly status: number | null }> {
  const { stdout, status } = await flinkprobe(['audit', ...args, '--format', 'json']);
  return { report: reportSchema.parse(JSON.parse(stdout)), status };
}

function of(report: Report, ruleId: string): readonly Finding[] {
  return report.findings.filter((one) => one.ruleId === ruleId);
}

t.test('hears the logs of a half-done restart: who is in clear, and who is locked out', async (t) => {
  const { report, status } = await audit(
    '--log',
    `${LOGS}/1.20.3-w-off/jm.log`,
    '--log',
    `tm2=${LOGS}/1.20.3-w-off/tm2.log`,
  );
  t.equal(status, 1);
  const clear = of(report, 'log-says-clear').map((one) => `${one.channel} ${one.endpoint?.member}`);
  t.ok(clear.includes('taskmanager-rpc tm2'));
  t.ok(clear.includes('taskmanager-data tm2'));
  t.notOk(clear.includes('jobmanager-rpc jm'), 'the JobManager says TLS');
  const [failure] = of(report, 'log-tells-handshake-failures').filter((one) => one.severity === 'high');
  t.match(failure, { channel: 'jobmanager-rpc', endpoint: { member: 'jm' }, message: /Connections with tm2/ });
  t.match(
    report.coverage.find(({ channel }) => channel === 'taskmanager-data'),
    { witnesses: ['record'], verdict: 'fail' },
  );
  t.strictSame(report.summary?.flinkVersions, ['1.20.3']);
});

t.test('contradicts a configuration aloud that promises what the process was not started with', async (t) => {
  const conf = path.join(folder, 'config.yaml');
  writeFileSync(
    conf,
    'jobmanager.rpc.address: jm\nsecurity.ssl.internal.enabled: true\nsecurity.ssl.rest.enabled: true\n',
  );
  const { report } = await audit('--conf', `jm=${conf}`, '--log', `jm=${LOGS}/1.20.3-off/jm.log`);
  const found = of(report, 'log-says-clear').find(({ channel }) => channel === 'jobmanager-rpc');
  t.match(found, { witnesses: { promise: 'pass', record: 'fail' }, message: /The configuration asks for TLS/ });
  const [differs] = of(report, 'log-and-configuration-differ');
  t.match(differs, { severity: 'high', message: /security\.ssl\.internal\.enabled, security\.ssl\.rest\.enabled/ });
});

t.test('passes a cluster whose logs say TLS everywhere', async (t) => {
  const { report } = await audit('--log', `${LOGS}/1.20.3-all/jm.log`, '--log', `${LOGS}/1.20.3-all/tm1.log`);
  t.strictSame(
    report.findings.map((one) => one.ruleId),
    [],
  );
  t.equal(report.verdict, 'pass');
});

t.test('shows no secret of a log in any format', async (t) => {
  for (const format of ['text', 'json', 'jsonl', 'nagios']) {
    const { stdout, stderr } = await flinkprobe([
      'audit',
      '--log',
      `${LOGS}/1.20.3-zk-tls/jm.log`,
      '--format',
      format,
      '--verbose',
    ]);
    t.match(stdout, /secret-in-log|CRITICAL|critical/, format);
    t.notMatch(stdout + stderr, /flinkpw/, format);
  }
});

t.test('redacts names of processes in what logs tell', async (t) => {
  const { stdout } = await flinkprobe([
    'audit',
    '--log',
    `prod-jm-7=${LOGS}/1.20.3-w-off/jm.log`,
    '--redact',
    '--format',
    'json',
  ]);
  reportSchema.parse(JSON.parse(stdout));
  t.notMatch(stdout, /prod-jm-7|10\.77\.0\.3|1\.20\.3-w-off|\btm2\b/);
});

t.test('reads a log from standard input', async (t) => {
  const { stdout, status } = spawned(['audit', '--log', '-', '--format', 'json'], readVector('logs/1.20.3-off/jm.log'));
  t.equal(status, 1);
  t.match(JSON.parse(stdout), { inputs: [{ kind: 'log', path: '-' }] });
});

t.test('ends with 3 where a log cannot be read, and names it', async (t) => {
  for (const [target, said] of [
    ['missing.log', /--log: missing\.log: no such file/],
    ['test', /--log: test: is a folder, not a log/],
  ] as const) {
    const { status, stderr } = await flinkprobe(['audit', '--log', target]);
    t.equal(status, 3, target);
    t.match(stderr, said);
  }
});

t.test('is inconclusive where a file is no log', async (t) => {
  const { report, status } = await audit('--log', 'package.json');
  t.equal(status, 2);
  t.equal(report.verdict, 'inconclusive');
});
