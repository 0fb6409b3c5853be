import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { readKeyStore } from '../../src/keystore/key-store.ts';
import type { Coverage, Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { type NodeServer, nodeServer } from '../active/node-server.ts';
import { flinkprobe } from '../support/command-line.ts';
import { repositoryRoot } from '../support/expected.ts';
import { readVector } from '../support/vectors.ts';

/** A JobManager as `verify` and `analyze` meet it: real sockets, its configuration, its log, its key stores. */
const folder = t.testdir({ password: 'flinkpw\n', hosts: '127.0.0.1 jm\n', conf: {}, same: {}, renewed: {} });
const inFolder = (...names: readonly string[]): string => path.join(folder, ...names);
const NOW = '--now=2026-11-22T18:00:00Z';

function keys(store: string): { readonly key: string; readonly cert: string; readonly ca: string } {
  const { keys } = readKeyStore(readVector(`ssl/${store}`), { name: store, password: 'flinkpw' });
  const cert = new X509Certificate(keys[0]!.certificates[0]!).toString();
  return { key: keys[0]!.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert, ca: cert };
}

/** As Flink serves internal channels with the suites below. */
const internal = (): Promise<NodeServer> =>
  nodeServer({
    ...keys('internal.p12'),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  });
const [rpc, blob] = await Promise.all([internal(), internal()]);
t.teardown(() => Promise.all([rpc.close(), blob.close()]));

writeFileSync(
  inFolder('conf', 'config.yaml'),
  [
    'jobmanager.rpc.address: 127.0.0.1',
    `jobmanager.rpc.port: ${rpc.port}`,
    `blob.server.port: ${blob.port}`,
    'rest.port: 0',
    'metrics.internal.query-service.port: 0',
    'security.ssl.internal.enabled: true',
    'security.ssl.internal.keystore: /opt/flink/ssl/internal.p12',
    'security.ssl.internal.keystore-password: flinkpw',
    'security.ssl.internal.key-password: flinkpw',
    'security.ssl.internal.truststore: /opt/flink/ssl/internal-trust.p12',
    'security.ssl.internal.truststore-password: flinkpw',
    'security.ssl.algorithms: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    '',
  ].join('\n'),
);

const recorded = Buffer.from(readVector('logs/1.20.3-all/jm.log')).toString('utf8');
/** Of that process: its ports, and what it says of this configuration is nothing. */
const ownLog = recorded
  .split('\n')
  .filter((line) => !/Loading configuration|web frontend|https:|Registering TaskManager/i.test(line))
  .join('\n')
  .replaceAll(':6123', `:${rpc.port}`)
  .replaceAll(':6124', `:${blob.port}`);
writeFileSync(inFolder('jm.log'), ownLog);
writeFileSync(inFolder('clear.log'), ownLog.replaceAll('pekko.ssl.tcp://flink@jm', 'pekko.tcp://flink@jm'));
const vectors = path.join(repositoryRoot(), 'test/vectors/ssl');
for (const [as, made] of [
  ['same', 'internal'],
  ['renewed', 'internal-renewed'],
] as const) {
  mkdirSync(inFolder(as), { recursive: true });
  copyFileSync(path.join(vectors, `${made}.p12`), inFolder(as, 'internal.p12'));
  copyFileSync(path.join(vectors, `${made}-trust.p12`), inFolder(as, 'internal-trust.p12'));
}

const heard = (stores: 'same' | 'renewed', log = 'jm.log'): readonly string[] => [
  ...[`--conf=jm=${inFolder('conf')}`, `--names=${inFolder('hosts')}`, `--log=jm=${inFolder(log)}`, NOW],
  ...['internal.p12', 'internal-trust.p12'].map((name) => `--keystore=${inFolder(stores, name)}`),
  `--keystore-password-file=${inFolder('password')}`,
];

async function run(...args: readonly string[]): Promise<{ readonly report: Report; readonly status: number | null }> {
  const { status, stdout, stderr } = await flinkprobe([...args, '--format=json']);
  assert.equal(stdout.slice(0, 1), '{', stderr);
  const report = JSON.parse(stdout) as Report;
  reportSchema.parse(report);
  return { report, status };
}

const ASK = ['verify', '--profile=quick', '--timeout=1s'];
const told = ({ findings }: Report): string[] => findings.map(({ ruleId }) => ruleId);
const says = ({ coverage }: Report, channel: string): Coverage['says'] =>
  coverage.find((one) => one.channel === channel)?.says;

t.test('verify: the configuration, the log, the stores and the ports of one mind pass', async (t) => {
  const { report, status } = await run(...ASK, ...heard('same'), `--pcap-out=${inFolder('asked.pcapng')}`);
  t.strictSame(told(report), []);
  t.equal(status, 0);
  t.strictSame(says(report, 'jobmanager-rpc'), {
    wire: 'not-heard',
    handshake: 'pass',
    promise: 'pass',
    record: 'pass',
  });
  t.strictSame(
    report.inputs.filter(({ kind }) => kind === 'keystore').map(({ path: name, format }) => [name, format]),
    [
      ['/opt/flink/ssl/internal.p12', 'PKCS12'],
      ['/opt/flink/ssl/internal-trust.p12', 'PKCS12'],
    ],
  );
});

t.test('verify: a keystore that was renewed on disk, and a process that was not restarted', async (t) => {
  const { report, status } = await run(...ASK, ...heard('renewed'));
  t.equal(status, 1);
  t.strictSame(told(report), ['served-certificate-is-not-the-one-on-disk']);
  t.match(report.findings[0], {
    endpoint: { member: 'jm', port: rpc.port },
    witnesses: { wire: 'not-heard', handshake: 'fail', promise: 'pass', record: 'not-heard' },
    remediation: { text: /^Restart jm/ },
  });
});

/** The capture is that of a probe without an identity, which the servers refused: that alone is told of it. */
const REFUSED = ['handshake-refused', 'handshake-refused'];

t.test('analyze: the same of a capture, and of a log that says clear', async (t) => {
  const asked = inFolder('asked.pcapng');
  const sound = await run('analyze', asked, ...heard('same'));
  t.strictSame(told(sound.report), REFUSED);
  const renewed = await run('analyze', asked, ...heard('renewed'));
  t.strictSame(told(renewed.report), [...REFUSED, 'served-certificate-is-not-the-one-on-disk']);
  t.match(renewed.report.findings.at(-1)?.witnesses, { wire: 'fail', handshake: 'not-heard', promise: 'pass' });
  const clear = await run('analyze', asked, ...heard('same', 'clear.log'));
  t.strictSame(told(clear.report), [...REFUSED, 'log-and-wire-differ']);
  t.match(clear.report.findings.at(-1)?.witnesses, { wire: 'pass', promise: 'pass', record: 'fail' });
  t.match(says(clear.report, 'jobmanager-rpc'), { handshake: 'not-heard', promise: 'pass', record: 'fail' });
});

t.test('verify --capture: all four in one report', async (t) => {
  const { report } = await run(...ASK, ...heard('same'), `--capture=${inFolder('asked.pcapng')}`);
  t.strictSame(told(report), REFUSED);
  const { wire, ...others } = says(report, 'jobmanager-rpc')!;
  t.equal(wire, 'fail', 'it was refused');
  t.strictSame(others, { handshake: 'pass', promise: 'pass', record: 'pass' });
  t.strictSame(new Set(report.observations.map(({ vantage }) => vantage)), new Set(['passive', 'active', 'log']));
  t.strictSame(new Set(report.observations.map(({ id }) => id)).size, report.observations.length);
  const { status, stderr } = await flinkprobe([...ASK, '127.0.0.1:1', `--capture=${inFolder('hosts')}`]);
  t.equal(status, 3);
  t.match(stderr, /--capture: .*hosts/);
});

t.test('the text names the witnesses that were heard, what they say, and those that were not', async (t) => {
  const { stdout } = await flinkprobe([...ASK, ...heard('renewed')]);
  t.match(stdout, /^ {10}handshake fail, promise pass, record pass: jobmanager-rpc$/m);
  t.match(stdout, /^not heard wire$/m);
});

t.test('stores that this machine does not have are no finding', async (t) => {
  const { report, status } = await run(...ASK, `--conf=jm=${inFolder('conf')}`, `--names=${inFolder('hosts')}`, NOW);
  t.strictSame([told(report), status], [[], 0]);
  const { stdout } = await flinkprobe([...ASK, `--conf=jm=${inFolder('conf')}`, NOW]);
  t.match(stdout, /^keystore {2}not on this machine \(--keystore gives a copy\): \/opt\/flink\/ssl\/internal\.p12,/m);
});

t.test('wrong use ends with 3', async (t) => {
  const twice = await flinkprobe(['verify', '127.0.0.1:1', '--capture=-', '--log=-']);
  t.equal(twice.status, 3);
  t.match(twice.stderr, /standard input can be read once only/);
  for (const command of [
    ['analyze', inFolder('asked.pcapng')],
    ['verify', '127.0.0.1:1'],
  ]) {
    const { status, stderr } = await flinkprobe([...command, `--keystore-password-file=${inFolder('password')}`]);
    t.equal(status, 3);
    t.match(stderr, /means nothing without --keystore/);
  }
});
