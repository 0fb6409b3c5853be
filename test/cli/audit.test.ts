import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { INTERNAL, type Lines, REST, recorded, store, written } from '../support/audited.ts';
import { flinkprobe } from '../support/command-line.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-audit-cli-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The recorded configuration with a mode that a secret may have. */
function kept(name: string, member: string): string {
  const source = recorded(name, member).slice(member.length + 1);
  const file = readdirSync(source).find((one) => /^(?:flink-conf|config)\.yaml$/.test(one))!;
  const target = written('', member).slice(member.length + 1);
  rmSync(path.join(target, 'config.yaml'));
  writeFileSync(path.join(target, file), readFileSync(path.join(source, file)), { mode: 0o600 });
  return `${member}=${target}`;
}

const OWN = ['internal.p12', 'internal-trust.p12', 'rest.p12', 'rest-trust.p12'].map((name) => store(name));
const NOW = '--now=2026-11-23T13:00:00Z';
const arguments_ = (conf: readonly string[], ...more: readonly string[]): string[] => [
  'audit',
  ...conf.map((one) => `--conf=${one}`),
  ...OWN.map((file) => `--keystore=${file}`),
  NOW,
  ...more,
];

async function audit(conf: readonly string[], ...more: readonly string[]): Promise<{ status: number; report: Report }> {
  const file = path.join(folder, 'report.json');
  const { status, stderr } = await flinkprobe(arguments_(conf, `--format=json=${file}`, ...more));
  if (status === 3 || status === 4) throw new Error(stderr);
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  reportSchema.parse(report);
  return { status: status!, report };
}

const MEMBERS = ['jm', 'tm1', 'tm2'] as const;

t.test('a recorded cluster with all TLS and its stores passes, with the promise of every channel', async (t) => {
  const { status, report } = await audit(
    MEMBERS.map((member) => kept('1.20.3-all', member)),
    '--flink-version=1.20.3',
  );
  t.strictSame(report.findings, []);
  t.equal(status, 0);
  t.equal(report.verdict, 'pass');
  t.equal(report.command, 'audit');
  const blob = report.coverage.find(({ channel }) => channel === 'blob-server');
  t.match(blob, { verdict: 'pass', witnesses: ['promise'], expectedEndpoints: 1, seenEndpoints: 0 });
  t.match(report.coverage.find(({ channel }) => channel === 'history-server')?.verdict, 'not-applicable');
  t.equal(report.inputs.filter(({ kind, format }) => kind === 'keystore' && format === 'PKCS12').length, 4);
});

t.test('what the recordings showed is said of their files beforehand', async (t) => {
  // Each case by what was seen on the wire of that cluster (captures/README.md).
  for (const [name, rules] of [
    ['1.20.3-off', ['clear-by-configuration', 'job-submission-in-clear']],
    ['1.20.3-int-dataoff', ['channel-opted-out', 'clear-by-configuration', 'job-submission-in-clear']],
    ['1.20.3-rest-mtls-notrust', ['clear-by-configuration', 'rest-open-by-configuration']],
    [
      '1.20.3-w-pin-jm',
      ['clear-by-configuration', 'configurations-disagree', 'job-submission-in-clear', 'pin-does-not-match-keystore'],
    ],
    ['1.20.3-wd-mixed', ['clear-by-configuration', 'configurations-disagree', 'job-submission-in-clear']],
  ] as const) {
    const { status, report } = await audit(
      MEMBERS.map((member) => kept(name, member)),
      '--flink-version=1.20.4',
    );
    const told = [...new Set(report.findings.filter(({ verdict }) => verdict === 'fail').map(({ ruleId }) => ruleId))];
    t.ok(
      rules.every((rule) => told.includes(rule)),
      `${name}: ${told.join(' ')}`,
    );
    t.strictSame(
      told.filter((one) => !(rules as readonly string[]).includes(one)).filter((one) => one !== 'channel-opted-out'),
      [],
      name,
    );
    t.equal(status, 1, name);
  }
});

t.test('stores that this machine does not have make the run inconclusive', async (t) => {
  const { status, stdout } = await flinkprobe([
    'audit',
    `--conf=${kept('1.20.3-all', 'jm')}`,
    '--flink-version=1.20.3',
    NOW,
  ]);
  t.equal(status, 2);
  t.match(stdout, /INCONCLUSIVE {2}info {2}store-not-usable/);
});

t.test('the JDK to come is judged by --jdk', async (t) => {
  const conf = MEMBERS.map((member) => kept('1.20.3-int', member));
  const { report } = await audit(conf, '--flink-version=1.20.3', '--jdk=17.0.18');
  t.equal(
    report.findings.filter(({ ruleId }) => ruleId === 'suites-refused-by-jdk').length,
    15,
    'five channels of three',
  );
});

t.test('the same files give the same report, fingerprints do not depend on lines', async (t) => {
  const conf = MEMBERS.map((member) => kept('1.20.3-off', member));
  const [first, second] = [await audit(conf), await audit(conf)];
  t.strictSame(second.report.findings, first.report.findings);
  const prints = first.report.findings.map(({ fingerprint }) => fingerprint);
  t.equal(new Set(prints).size, prints.length, 'each its own');
  const moved = await audit([written({ 'a.b': 'c', 'rest.bind-address': '0.0.0.0' }, 'jm')]);
  const still = await audit([written({ 'rest.bind-address': '0.0.0.0' }, 'jm')]);
  const printOf = ({ report }: typeof moved) =>
    report.findings.map(({ ruleId, fingerprint }) => `${ruleId} ${fingerprint}`);
  t.strictSame(printOf(moved), printOf(still));
});

const SECRETS = ['CANARY-a1', 'CANARY-b2', 'CANARY-c3', 'CANARY-d4', 'CANARY-e5', 'CANARY-f6'] as const;
const SECRETIVE: Lines = {
  ...INTERNAL,
  ...REST,
  'security.ssl.internal.keystore-password': SECRETS[0],
  'security.ssl.internal.key-password': SECRETS[1],
  'security.ssl.rest.keystore-password': SECRETS[2],
  's3.secret-key': SECRETS[3],
  'env.java.opts.all': `-Djavax.net.ssl.trustStorePassword=${SECRETS[4]}`,
  'security.ssl.internal.keystorepassword': SECRETS[5],
};

t.test('no secret is in any output, whatever the format', async (t) => {
  const conf = written(SECRETIVE, 'jm', 0o644);
  for (const more of [
    [],
    ['--wide'],
    ['--plain'],
    ['--verbose'],
    ['--redact'],
    ['--format=json'],
    ['--format=jsonl'],
    ['--format=nagios'],
  ]) {
    const { stdout, stderr, status } = await flinkprobe(arguments_([conf], ...more));
    t.ok(stdout.length > 40 && (status === 1 || status === 2), more.join(' '));
    for (const secret of [...SECRETS, 'flinkpw']) t.notMatch(stdout + stderr, secret, `${more.join(' ')} ${secret}`);
  }
  const { stdout, status } = await flinkprobe(['config', 'show', `--conf=${conf}`]);
  t.equal(status, 0);
  for (const secret of [...SECRETS, 'flinkpw']) t.notMatch(stdout, secret, `config show ${secret}`);
  const broken = written('security.ssl.internal.key-password: "CANARY-a1\n', 'jm');
  const failed = await flinkprobe(arguments_([broken]));
  t.equal(failed.status, 3);
  t.notMatch(failed.stderr, 'CANARY-a1');
});

t.test('--redact leaves no path, member or subject', async (t) => {
  const conf = kept('1.20.3-w-pin-jm', 'jm').replace(/^jm=/, 'secret-host=');
  const { stdout } = await flinkprobe(arguments_([conf], '--format=json', '--redact'));
  for (const name of ['secret-host', 'flinkprobe lab', 'internal.p12', os.tmpdir()]) t.notMatch(stdout, name);
});

t.test('config show tells every channel with the line behind it', async (t) => {
  const conf = kept('1.20.3-int-dataoff', 'jm');
  const { stdout, status } = await flinkprobe(['config', 'show', `--conf=${conf}`, '--flink-version=1.20.3']);
  t.equal(status, 0);
  t.match(
    stdout,
    /^taskmanager-data.*: off\n {2}because +taskmanager\.data\.ssl\.enabled: false \(.*config\.yaml:\d+\)$/m,
  );
  t.match(stdout, /^blob-server \(port 6124\): on, client certificate required$/m);
  t.match(stdout, /^rest.*: off\n {2}because +security\.ssl\.rest\.enabled: false \(Flink's default\)$/m);
  t.match(
    stdout,
    /^internal stores\n {2}keystore +security\.ssl\.internal\.keystore: \/opt\/flink\/ssl\/internal\.p12/m,
  );
});

t.test('wrong use ends with 3 and says what is wrong', async (t) => {
  for (const [args, said] of [
    [['audit'], /nothing to read/],
    [['audit', '--conf', path.join(folder, 'none')], /no such file or folder/],
    [['audit', '--conf', folder], /holds neither/],
    [['audit', `--conf=${written(INTERNAL)}`, '--jdk=new'], /--jdk: "new" is no version/],
    [['audit', `--conf=${written(INTERNAL)}`, '--keystore-password-env=X'], /means nothing without --keystore/],
    [['config', 'check'], /wants the file to check/],
    [['config', 'schema', 'x.yaml'], /takes no file/],
    [['config', 'show'], /--conf SOURCE is needed/],
    [['config', 'show', `--conf=${written(INTERNAL)}`, '--flink-version=new'], /--flink-version: "new" is no version/],
    [
      ['config', 'show', `--conf=${written(INTERNAL)}`, '--flink-version=1.20.3', '--flink-version=2.0.0'],
      /--flink-version: given more than once/,
    ],
  ] as const) {
    const { status, stderr } = await flinkprobe(args);
    t.equal(status, 3, args.join(' '));
    t.match(stderr, said);
  }
});

t.test('a store alone is judged by the password of a file', async (t) => {
  const password = path.join(folder, 'password');
  writeFileSync(password, 'flinkpw\n', { mode: 0o600 });
  const expired = store('internal-expired.p12');
  const { status, stdout } = await flinkprobe([
    'audit',
    `--keystore=${expired}`,
    `--keystore-password-file=${password}`,
    NOW,
  ]);
  t.equal(status, 1);
  t.match(stdout, /FAIL {2}high {2}stored-certificate-expired/);
  chmodSync(password, 0o600);
  t.equal(statSync(expired).mode & 0o777, 0o600, 'and is left as it was');
});
