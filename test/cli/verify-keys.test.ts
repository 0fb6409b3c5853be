import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { AdmissionProof, Report } from '../../src/model/report.ts';
import { flinkprobe } from '../support/command-line.ts';
import { mintRsa } from '../support/pki.ts';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';

const folder = t.testdir({});
const inFolder = (name: string): string => path.join(folder, name);

const cluster = await flinkStandIn({ taskManagers: 1, hosts: 'together', rest: 'mutual-tls' });
t.teardown(() => cluster.stop());

const member = inFolder('member.pem');
const stranger = inFolder('stranger.pem');
writeFileSync(member, cluster.identity.pem + cluster.identity.keyPem);
const other = mintRsa({ name: [['CN', 'somebody else']] });
writeFileSync(stranger, other.pem + other.keyPem);

const place = (name: string, channel: 'rest' | 'blob-server'): string => {
  const { host, port } = cluster.endpoint(name, channel);
  return `${host}:${port}`;
};
const TARGETS = [`blob-server=${place('jm', 'blob-server')}`, `rest=${place('jm', 'rest')}`];

async function reportOf(...args: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await flinkprobe(['verify', '--timeout', '800ms', '--format', 'json', ...args]);
  assert.equal(stdout.slice(0, 1), '{', stderr);
  return JSON.parse(stdout) as Report;
}

function outcomes(report: Report): Record<string, AdmissionProof['outcome'] | undefined> {
  return Object.fromEntries(
    report.observations.map(({ channel, tls }) => [
      channel,
      tls?.admission?.find(({ credential }) => credential === 'identity')?.outcome,
    ]),
  );
}

t.test('an identity is shown to channels of its family, to all of them without a prefix', async (t) => {
  const asked = (...identities: readonly string[]): Promise<Report> =>
    reportOf(...TARGETS, '--profile', 'quick', ...identities.flatMap((one) => ['--identity', one]));
  t.strictSame(outcomes(await asked(member)), { 'blob-server': 'admitted', rest: 'admitted' });
  t.strictSame(outcomes(await asked(`internal=${member}`)), { 'blob-server': 'admitted', rest: undefined });
  t.strictSame(outcomes(await asked(`rest=${member}`)), { 'blob-server': undefined, rest: 'admitted' });
  const mixed = await asked(`internal=${member}`, stranger);
  t.strictSame(outcomes(mixed), { 'blob-server': 'admitted', rest: 'refused' }, 'a prefix outweighs none');
  t.strictSame(
    mixed.findings.filter(({ ruleId }) => ruleId === 'identity-refused').map(({ channel }) => channel),
    ['rest'],
  );
});

t.test('an identity of one family is not shown where nobody knows the channel', async (t) => {
  const asked = (identity: string): Promise<Report> =>
    reportOf(place('jm', 'blob-server'), '--profile', 'quick', '--identity', identity);
  t.strictSame(outcomes(await asked(`internal=${member}`)), { unknown: undefined });
  t.strictSame(outcomes(await asked(member)), { unknown: 'admitted' });
});

t.test('REST is spoken to with the identity of REST', async (t) => {
  const rest = ['--rest', `https://${place('jm', 'rest')}`, '--insecure-rest', '--profile', 'quick'];
  const right = await reportOf(...rest, '--identity', `rest=${member}`, '--identity', `internal=${stranger}`);
  t.ok(right.observations.length > 3, 'REST lists the others');
  const wrong = await reportOf(...rest, '--identity', `internal=${member}`);
  t.equal(wrong.observations.length, 1, 'without one it lists nothing');
});

t.test('chains are judged by the truststore of their family', async (t) => {
  const asked = async (...stores: readonly string[]): Promise<readonly (readonly [string, string | undefined])[]> => {
    const report = await reportOf(
      ...TARGETS,
      ...['--profile', 'quick', '--now', new Date().toISOString()],
      ...stores.flatMap((one) => ['--truststore', one]),
    );
    const accused = report.findings.filter(({ ruleId }) => ruleId === 'certificate-not-trusted');
    t.strictSame(
      accused.map(({ channel, severity }) => [channel, severity]),
      report.observations.flatMap(({ channel, tls }) =>
        tls?.trust === undefined || tls.trust.verdict === 'anchored' ? [] : [[channel, 'high']],
      ),
    );
    return report.observations.map(({ channel, tls }) => [channel, tls?.trust?.verdict]);
  };
  t.strictSame(await asked(member), [
    ['rest', 'anchored'],
    ['blob-server', 'anchored'],
  ]);
  t.strictSame(await asked(`rest=${stranger}`), [
    ['rest', 'self-signed'],
    ['blob-server', undefined],
  ]);
  t.strictSame(await asked(`internal=${member}`, stranger), [
    ['rest', 'self-signed'],
    ['blob-server', 'anchored'],
  ]);
});

t.test('REST is verified against the truststore of REST', async (t) => {
  const rest = ['--rest', `https://${place('jm', 'rest')}`, '--identity', member, '--profile', 'quick'];
  const right = await reportOf(...rest, '--truststore', `rest=${member}`, '--truststore', `internal=${stranger}`);
  t.match(right.inputs, [{ kind: 'rest', format: 'verified by the trust store' }]);
  t.ok(right.observations.length > 3);
  t.equal((await reportOf(...rest, '--truststore', `rest=${stranger}`)).observations.length, 1);
});

t.test('keys that cannot be meant end with 3', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--identity', member, '--identity', stranger], /--identity: given more than once/],
    [['--identity', `rest=${member}`, '--identity-password-env', 'internal=X'], /means nothing without --identity/],
    [['--truststore', '-', '--identity', '-'], /standard input can be read only once/],
    [['--rest', 'https://localhost:1', '--insecure-rest', '--truststore', member], /exclude each other/],
  ];
  for (const [args, says] of cases) {
    const { status, stderr } = await flinkprobe(['verify', '127.0.0.1:1', ...args]);
    t.equal(status, 3);
    t.match(stderr, says);
  }
});
