import t from 'tap';
import type { Observation } from '../../src/model/report.ts';
import { rule } from '../../src/rules/data-certificate-does-not-name-host.ts';
import { active, certificate, chain, clear, finding, TM1, tls, tls13, verdict } from '../support/observations.ts';

const NEW = { flinkVersion: '2.3.0' };

/** The data port of tm1 as a probe finds it that was told to ask `name`. */
function asked(subject: string, subjectAltNames: readonly string[], name?: string, server: object = TM1): Observation {
  return active({
    channel: 'taskmanager-data',
    server: server as typeof TM1,
    tls: { serverCertificate: chain(certificate({ subject, subjectAltNames })) },
    ...(name === undefined ? {} : { asked: { name } }),
  });
}

t.test('fails the certificate that all share and that names no host, from 2.3.0 on', async (t) => {
  const found = finding(rule, [asked('CN=flink.internal', [], 'tm1')], NEW);
  t.match(found, { severity: 'medium', channel: 'taskmanager-data', endpoint: { member: 'tm1' } });
  t.match(found.message, /^Flink 2\.3\.0 checks host names .*which does not name tm1 or 10\.77\.0\.2\. Jobs/);
  t.equal(found.observed, 'DNS:flink.internal');
  for (const flinkVersion of ['2.3-SNAPSHOT', '2.4.1', '3.0.0'])
    t.equal(verdict(rule, [asked('CN=flink.internal', [], 'tm1')], { flinkVersion }), 'fail', flinkVersion);
});

t.test('no other version, and no unknown one, checks names', async (t) => {
  for (const flinkVersion of ['1.16.3', '1.20.4', '2.2.1', 'unreadable'])
    t.equal(verdict(rule, [asked('CN=flink.internal', [], 'tm1')], { flinkVersion }), 'not-applicable', flinkVersion);
  t.equal(verdict(rule, [asked('CN=flink.internal', [], 'tm1')]), 'not-applicable');
});

t.test('in captures too, unless another TaskManager went on after the certificate', async (t) => {
  const captured = (outcome: 'refused' | 'established'): Observation =>
    tls({
      channel: 'taskmanager-data',
      server: TM1,
      tls: { outcome, serverCertificate: chain(certificate({ subject: 'CN=x', subjectAltNames: ['DNS:tm2'] })) },
    });
  t.match(finding(rule, [captured('refused')], NEW), { observed: 'DNS:tm2' });
  t.equal(verdict(rule, [captured('established')], NEW), 'pass');
});

t.test(
  'names count as Java counts them: alternative names, the common name where none of them is a DNS name',
  async (t) => {
    t.equal(verdict(rule, [asked('CN=any', ['DNS:tm1'], 'tm1')], NEW), 'pass');
    t.equal(verdict(rule, [asked('CN=any', ['DNS:*.flink.svc'], 'tm1.flink.svc')], NEW), 'pass');
    t.equal(verdict(rule, [asked('CN=tm1', [])], NEW), 'pass');
    t.equal(verdict(rule, [asked('CN=tm1', ['IP:10.0.0.9'])], NEW), 'pass');
    t.equal(verdict(rule, [asked('CN=tm1', ['DNS:tm2'])], NEW), 'fail');
  },
);

t.test('is undecided where the name that Java resolves may be another one', async (t) => {
  const nameless = { host: '10.77.0.2', component: 'taskmanager' };
  t.equal(verdict(rule, [asked('CN=any', ['IP:10.77.0.2'], 'tm1')], NEW), 'inconclusive', 'the address may map back');
  t.equal(verdict(rule, [asked('CN=any', ['DNS:tm1.flink.svc'], 'tm1')], NEW), 'inconclusive');
  t.equal(verdict(rule, [asked('CN=any', ['DNS:*.flink.svc'], 'tm1')], NEW), 'inconclusive');
  t.equal(verdict(rule, [asked('CN=any', ['DNS:tm9'], undefined, nameless)], NEW), 'inconclusive');
  t.equal(verdict(rule, [asked('O=lab', [], undefined, nameless)], NEW), 'fail', 'no name at all is right under none');
  t.equal(verdict(rule, [tls13({ channel: 'taskmanager-data', server: TM1 })], NEW), 'inconclusive');
});

t.test('a member that is only a label for a port is no name of a host', async (t) => {
  const twin = { ...TM1, member: '10.77.0.2:41321' };
  t.equal(verdict(rule, [asked('CN=any', ['IP:10.77.0.2'], undefined, twin)], NEW), 'pass');
});

t.test('is not applicable to other channels and to clear text', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'taskmanager-rpc', server: TM1 })], NEW), 'not-applicable');
  t.equal(verdict(rule, [clear({ channel: 'taskmanager-data', server: TM1 })], NEW), 'not-applicable');
});
