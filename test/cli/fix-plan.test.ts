import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { Finding } from '../../src/model/report.ts';
import { recorded } from '../support/audited.ts';
import { carryOut, lackingTools, planned } from '../support/fix-plan.ts';
import { root } from '../support/repository.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-fix-plan-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** What every store of the recordings opens by; it must never be printed. */
const SECRET = 'flinkpw';
const NOW = '--now=2026-11-23T13:00:00Z';
const MEMBERS = ['jm', 'tm1', 'tm2'];
let made = 0;

interface Cluster {
  readonly folder: string;
  readonly ssl: string;
  readonly conf: readonly string[];
}

/** Stores of the recordings; `as`: under another one's name. */
function cluster(
  files: Readonly<Record<string, readonly [string, string]>>,
  stores: Readonly<Record<string, string>>,
): Cluster {
  const own = path.join(folder, String(made++));
  const ssl = path.join(own, 'ssl');
  mkdirSync(ssl, { recursive: true });
  for (const [as, name] of Object.entries(stores)) {
    copyFileSync(path.join(root, 'test/vectors/ssl', name), path.join(ssl, as));
    chmodSync(path.join(ssl, as), 0o600);
  }
  const conf = Object.entries(files).map(([member, [name, text]]) => {
    const target = path.join(own, member);
    mkdirSync(target);
    writeFileSync(path.join(target, name), text.replaceAll('/opt/flink/ssl', ssl), { mode: 0o600 });
    return `--conf=${member}=${target}`;
  });
  return { folder: own, ssl, conf };
}

const STORES = {
  'internal.p12': 'internal.p12',
  'internal-trust.p12': 'internal-trust.p12',
  'rest.p12': 'rest.p12',
  'rest-trust.p12': 'rest-trust.p12',
};

/** REST with TLS, so that a case is about what it is about. */
const REST = `security.ssl.rest.enabled: true
security.ssl.rest.keystore: /opt/flink/ssl/rest.p12
security.ssl.rest.keystore-password: ${SECRET}
security.ssl.rest.key-password: ${SECRET}
`;

function recordedCluster(name: string, stores: Readonly<Record<string, string>> = STORES, more = ''): Cluster {
  return cluster(
    Object.fromEntries(
      MEMBERS.map((member) => {
        const source = recorded(name, member).slice(member.length + 1);
        const file = readdirSync(source).find((one) => /^(?:flink-conf|config)\.yaml$/.test(one))!;
        return [member, [file, readFileSync(path.join(source, file), 'utf8') + more]] as const;
      }),
    ),
    stores,
  );
}

const text = ({ ruleId, file, message }: Finding): string =>
  `${ruleId} ${file?.path ?? ''}:${file?.line ?? ''} ${message}`;
const failing = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(({ verdict, severity }) => verdict === 'fail' && !['low', 'info'].includes(severity));

/** Audits, plans, does what the plan says, audits again. */
async function mended(t: Test, { folder: own, ssl, conf }: Cluster, ...more: readonly string[]) {
  const before = await planned(own, [...conf, NOW, ...more]);
  t.notMatch(before.text, SECRET, 'no password in the text');
  t.notMatch(JSON.stringify(before.report), SECRET, 'no password in the report');
  const named = new Set(before.plan.findings.map(({ fingerprint }) => fingerprint));
  t.strictSame(
    failing(before.report.findings)
      .filter(({ fingerprint }) => !named.has(fingerprint))
      .map(text),
    [],
    'nothing is silently left out',
  );
  carryOut(before, own, ssl, SECRET);
  const after = await planned(own, [...conf, NOW, ...more]);
  const left = new Set(
    before.plan.findings.filter(({ cure }) => cure === 'by-hand').map(({ fingerprint }) => fingerprint),
  );
  t.strictSame(
    failing(after.report.findings)
      .filter(({ fingerprint }) => !left.has(fingerprint))
      .map(text),
    [],
    'what the plan mends is gone, and nothing came instead',
  );
  return { before, after };
}

const skip = lackingTools();

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
