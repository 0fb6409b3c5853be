import t from 'tap';
import { rule } from '../../src/rules/rest-open-to-all.ts';
import { active, clientAuthentication, finding, promise, tls, tls13, verdict } from '../support/observations.ts';

const channel = 'rest';
const open = clientAuthentication({ verdict: 'not-requested', presented: 'none', basis: 'record-lengths' });
const because = [
  { key: 'security.ssl.rest.authentication-enabled', value: 'true', file: 'config.yaml', line: 9, origin: 'file' },
] as const;
const expectations = [promise('rest', { because })];

t.test('fails REST that asks nobody although client authentication is configured, with file and line', async (t) => {
  const found = finding(rule, [tls13({ channel, tls: { clientAuthentication: open } })], { expectations });
  t.equal(found.severity, 'critical');
  t.match(found.expected, 'security.ssl.rest.authentication-enabled: true (config.yaml:9)');
  t.ok(found.remediation.settings['security.ssl.rest.truststore']);
});

t.test('fails a request that nobody has to answer', async (t) => {
  const optional = clientAuthentication({ presented: 'empty' });
  t.equal(verdict(rule, [tls({ channel, tls: { clientAuthentication: optional } })], { expectations }), 'fail');
});

t.test('passes where certificates are asked for and presented', async (t) => {
  t.equal(verdict(rule, [tls({ channel })], { expectations }), 'pass');
});

t.test('is inconclusive where the wire does not show it', async (t) => {
  t.equal(finding(rule, [tls13({ channel })], { expectations }).verdict, 'inconclusive');
});

t.test('is not applicable where no client authentication is configured, nor on internal channels', async (t) => {
  t.equal(verdict(rule, [tls13({ channel, tls: { clientAuthentication: open } })]), 'not-applicable');
  t.equal(verdict(rule, [tls()], { expectations: [promise('jobmanager-rpc')] }), 'not-applicable');
});

t.test('fails REST that a probe found open in one version', async (t) => {
  const expectations = [promise('rest')];
  const seen = active({ channel: 'rest', demands: { 'TLSv1.3': 'required', 'TLSv1.2': 'requested' } });
  t.equal(verdict(rule, [seen], { expectations }), 'fail');
  t.equal(verdict(rule, [active({ channel: 'rest' })], { expectations }), 'pass');
});
