import { chmodSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { planned } from '../support/fix-plan.ts';
import {
  type Cluster,
  cluster,
  mended,
  NOW,
  recordedCluster,
  SECRET,
  STORES,
  skip,
} from '../support/fix-plan-clusters.ts';

/** REST with TLS, so that a case is about what it is about. */
const REST = `security.ssl.rest.enabled: true
security.ssl.rest.keystore: /opt/flink/ssl/rest.p12
security.ssl.rest.keystore-password: ${SECRET}
security.ssl.rest.key-password: ${SECRET}
`;

/** The lines that internal TLS needs, nested as Flink 2 writes them. */
const nested = (more: string, internal = ''): string => `# Written by hand.
jobmanager:
  rpc:
    address: jm   # the leader
  bind-host: 0.0.0.0
rest:
  address: jm
  bind-address: localhost
security:
  ssl:
    # internal channels
    internal:
      enabled: true
      keystore: /opt/flink/ssl/internal.p12
      keystore-password: ${SECRET}
      key-password: ${SECRET}
      truststore: /opt/flink/ssl/internal-trust.p12
      truststore-password: ${SECRET}
${internal}    rest:
      enabled: true
      keystore: /opt/flink/ssl/rest.p12
      keystore-password: ${SECRET}
      key-password: ${SECRET}
${more}`;
const everywhere = (text: string): Cluster =>
  cluster({ jm: ['config.yaml', text], tm1: ['config.yaml', text] }, STORES);
const read = ({ folder: own }: Cluster, member = 'jm', name = 'config.yaml'): string =>
  readFileSync(path.join(own, member, name), 'utf8');

t.test('an opt-out goes with its line, and nothing else of a nested file changes', { skip }, async (t) => {
  const text = nested(
    'taskmanager:\n  data:\n    ssl:\n      enabled: false # while debugging\n  numberOfTaskSlots: 2\n',
  );
  const own = everywhere(text);
  const original = read(own);
  const { before, after } = await mended(t, own, '--flink-version=2.3.0');
  t.equal(before.plan.restart, 'all-at-once');
  t.match(before.text, /cannot be rolled out one process at a time/);
  t.equal(read(own), original.replace('  data:\n    ssl:\n      enabled: false # while debugging\n', ''));
  t.equal(after.plan.findings.length, 0);
});

t.test('a list of protocols becomes one, with suites that go with it', { skip }, async (t) => {
  const own = everywhere(
    nested(
      '',
      '    protocol: TLSv1.2,TLSv1.3\n    algorithms: [TLS_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA]\n',
    ),
  );
  await mended(t, own, '--flink-version=1.20.3');
  t.match(read(own), /^ {4}protocol: TLSv1\.2$/m);
  t.match(read(own), /^ {4}algorithms: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384$/m);
});

t.test('misspelt keys get their names, also where the line holds a password', { skip }, async (t) => {
  const text = nested('')
    .replace('      enabled: true', '      enable: true')
    .replace('truststore-password:', 'truststore-pasword:');
  const own = everywhere(text);
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  const changes = before.plan.steps.flatMap(({ files }) => files.flatMap((file) => file.changes));
  t.ok(changes.some(({ change, key, by }) => change === 'rename' && key.endsWith('.enable') && by === 'patch'));
  t.ok(changes.some(({ change, key, by }) => change === 'rename' && key.endsWith('pasword') && by === 'command'));
  t.match(read(own), new RegExp(`^ {6}enabled: true\\n(?:.*\\n)*? {6}truststore-password: ${SECRET}$`, 'm'));
});

t.test('dead keys go without a restart', { skip }, async (t) => {
  const own = everywhere(nested('', '    verify-hostname: true\n'));
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  t.equal(before.plan.restart, 'none');
  t.notMatch(before.text, /bin\/jobmanager/);
  t.notMatch(read(own), /verify-hostname/);
});

t.test('the switch that Flink 2 no longer reads gives way to the two that it does', { skip }, async (t) => {
  const flat = Object.entries({
    'jobmanager.rpc.address': 'jm',
    'security.ssl.enabled': 'true',
    'security.ssl.keystore': '/opt/flink/ssl/internal.p12',
    'security.ssl.keystore-password': SECRET,
    'security.ssl.key-password': SECRET,
    'security.ssl.truststore': '/opt/flink/ssl/internal-trust.p12',
    'security.ssl.truststore-password': SECRET,
  });
  const own = everywhere(flat.map(([key, value]) => `${key}: ${value}\n`).join(''));
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  t.equal(before.plan.restart, 'all-at-once');
  t.match(read(own), /^security\.ssl\.internal\.enabled: true$/m);
  t.match(read(own), /^security\.ssl\.rest\.enabled: true$/m);
  t.notMatch(read(own), /^security\.ssl\.enabled/m);
  t.notMatch(before.text, /keytool/, 'the stores are there');
});

t.test('a pin becomes that of the keystore, and members that differ agree', { skip }, async (t) => {
  for (const name of ['1.20.3-w-pin-jm', '1.20.3-wd-mixed', '1.20.3-w-on']) {
    t.comment(name);
    await mended(t, recordedCluster(name, STORES, REST), '--flink-version=1.20.4');
  }
});

t.test('files that others read are closed, without a restart', { skip }, async (t) => {
  const own = everywhere(nested(''));
  chmodSync(path.join(own.folder, 'jm/config.yaml'), 0o644);
  chmodSync(path.join(own.ssl, 'internal.p12'), 0o644);
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  t.equal(before.plan.restart, 'none');
  t.equal(before.plan.steps.length, 1);
});

t.test('the file of Flink 1.17 is changed line by line', { skip }, async (t) => {
  const own = recordedCluster('1.17.2-w-off', STORES, REST);
  const { before } = await mended(t, own, '--flink-version=1.17.2');
  t.match(read(own, 'tm2', 'flink-conf.yaml'), /^security\.ssl\.internal\.enabled: true$/m);
  t.notMatch(before.text, /keytool/);
});

t.test('a plan to be shared holds no line of a configuration and no name of a host', { skip }, async (t) => {
  const own = everywhere(
    nested('# for Ms Example\ntaskmanager:\n  data:\n    ssl:\n      enabled: false\n').replaceAll(' jm', ' hostname'),
  );
  const { text, plan } = await planned(own.folder, [...own.conf, NOW, '--flink-version=2.3.0', '--redact']);
  t.match(text, /take out taskmanager\.data\.ssl\.enabled/);
  t.notMatch(text + JSON.stringify(plan), /Ms Example|hostname|heartbeat\.host/);
  t.match(text, 'heartbeat.timeout');
});

t.test('what a hostile configuration says never becomes a command', { skip }, async (t) => {
  const mark = path.join(os.tmpdir(), `flinkprobe-fix-plan-mark-${process.pid}`);
  const text = nested(`'security.ssl.x-password@{[system(touch => "${mark}")]}': ${SECRET}\n`).replace(
    'rest:\n  address: jm',
    `rest:\n  address: "jm; touch ${mark}"`,
  );
  const own = everywhere(text.replace('      enabled: true', '      enabled: false'));
  const { text: printed } = await planned(own.folder, [...own.conf, NOW, '--flink-version=2.3.0']);
  t.notMatch(printed, SECRET);
  const commands = printed.split('\n').filter((line) => /^ {5}(?!set|take|rename)/.test(line));
  t.strictSame(
    commands.filter((line) => line.includes(mark)),
    [],
  );
});
