import t from 'tap';
import { rule } from '../../src/rules/no-client-authentication.ts';
import { active, clear, clientAuthentication, finding, hidden, tls, tls13, verdict } from '../support/observations.ts';

const none = clientAuthentication({ verdict: 'not-requested', presented: 'none', certificateAuthorities: [] });
const unknown = clientAuthentication({ verdict: 'unknown', presented: 'unknown', certificateAuthorities: [] });

t.test('fails an internal channel that asks for no certificate', async (t) => {
  const found = finding(rule, [tls({ tls: { clientAuthentication: none } })]);
  t.equal(found.severity, 'high');
  t.match(found.observed, 'no certificate requested, in 1 handshake');
});

t.test('fails where one handshake shows it, whatever the others show', async (t) => {
  t.equal(verdict(rule, [tls(), tls({ tls: { clientAuthentication: none } }), tls()]), 'fail');
});

t.test('fails a certificate that is requested and not needed', async (t) => {
  for (const presented of ['none', 'empty'] as const) {
    t.equal(verdict(rule, [tls({ tls: { clientAuthentication: clientAuthentication({ presented }) } })]), 'fail');
  }
});

t.test('says where it was inferred from record lengths', async (t) => {
  const inferred = { ...none, basis: 'record-lengths', evidence: 'client flight of 58 bytes' } as const;
  const found = finding(rule, [tls13({ tls: { clientAuthentication: inferred } })]);
  t.match(found.evidence[0]!.text, /inferred from record lengths \(client flight of 58 bytes\)/);
});

t.test('fails the version that asks for none, where an active probe tried each', async (t) => {
  const byVersion = { 'TLSv1.3': 'not-requested', 'TLSv1.2': 'required' } as const;
  const probed = clientAuthentication({ verdict: 'required', presented: 'unknown', basis: 'probe', byVersion });
  t.match(
    finding(rule, [tls({ tls: { clientAuthentication: probed } })]).message,
    /no certificate requested in TLSv1\.3/,
  );
});

t.test('passes where a certificate was requested and presented, resumed sessions beside it included', async (t) => {
  t.equal(verdict(rule, [tls()]), 'pass');
  t.equal(verdict(rule, [tls({ tls: { resumed: true, clientAuthentication: unknown } }), tls()]), 'pass');
});

t.test('passes a refused stranger beside nothing else: an empty certificate did not get in', async (t) => {
  const required = clientAuthentication({ verdict: 'required', presented: 'empty' });
  t.equal(verdict(rule, [tls({ tls: { outcome: 'refused', clientAuthentication: required } })]), 'pass');
});

t.test('is inconclusive where only resumed sessions or hidden messages were captured, and says which', async (t) => {
  const resumed = tls({ tls: { resumed: true, clientAuthentication: unknown, serverCertificate: hidden('resumed') } });
  const found = finding(rule, [resumed]);
  t.equal(found.verdict, 'inconclusive');
  t.equal(found.severity, 'info');
  t.match(found.observed, /all sessions were resumed/);
  t.match(finding(rule, [tls13()]).observed, /encrypted \(TLS 1\.3\)/);
});

t.test('is not applicable to REST, to clear text, and where no handshake got so far', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'rest', tls: { clientAuthentication: none } })]), 'not-applicable');
  t.equal(verdict(rule, [clear()]), 'not-applicable');
  t.equal(verdict(rule, [tls({ tls: { outcome: 'refused', clientAuthentication: unknown } })]), 'not-applicable');
});

t.test('judges every version that a probe asked: one without is a fail', async (t) => {
  t.equal(verdict(rule, [active()]), 'pass');
  const found = finding(rule, [active({ demands: { 'TLSv1.3': 'required', 'TLSv1.2': 'not-requested' } })]);
  t.match(found.message, 'no certificate requested in TLSv1.2');
  t.match(found.evidence[0]?.text, 'connection 2: no certificate requested in TLSv1.2');
  t.equal(found.evidence[0]?.frame, 10);
});

t.test('takes a request that a probe need not answer for an open door', async (t) => {
  const found = finding(rule, [active({ demands: { 'TLSv1.3': 'requested', 'TLSv1.2': 'required' } })]);
  t.match(found.message, 'requested and not needed in TLSv1.3');
});

t.test('is inconclusive in a version that said neither yes nor no', async (t) => {
  const found = finding(rule, [active({ demands: { 'TLSv1.3': 'unknown', 'TLSv1.2': 'required' } })]);
  t.equal(found.verdict, 'inconclusive');
  t.match(found.message, 'in TLSv1.3 was not told');
});

t.test('is inconclusive where a probe could not ask at all', async (t) => {
  const { byVersion: _, ...rest } = active().tls!.clientAuthentication;
  const found = finding(rule, [active({ tls: { clientAuthentication: { ...rest, verdict: 'unknown' } } })]);
  t.equal(found.verdict, 'inconclusive');
  t.notMatch(found.message, 'captured');
});
