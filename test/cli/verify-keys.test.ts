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
