import t from 'tap';
import { rule } from '../../src/rules/expired-certificate.ts';
import {
  active,
  certificate,
  chain,
  clear,
  finding,
  hello,
  judged,
  NOW,
  TM2,
  tls,
  tls13,
  verdict,
} from '../support/observations.ts';

const expired = certificate({ sha256: 'ee'.repeat(32), notAfter: '2026-10-22T13:00:00Z' });

t.test('fails a certificate that had expired when it was served, and tells both times', async (t) => {
  const found = finding(rule, [tls({ tls: { serverCertificate: chain(expired), clientCertificate: chain(expired) } })]);
  t.equal(found.severity, 'high');
  t.match(found.observed, 'when served (2026-11-22): expired for 31 days; now (2026-11-23): expired for 32 days');
});

t.test('tells at low what was valid when served and has expired since', async (t) => {
  const found = finding(rule, [tls()], { now: Date.parse('2028-01-01T00:00:00Z') });
  t.equal(found.severity, 'low');
  t.match(found.message, /was valid when it was served and has expired since/);
  t.match(found.observed, /when served .*: valid for another 312 days; now .*: expired for 92 days/);
});

t.test('accuses a client for a certificate that only it presents', async (t) => {
  const found = finding(rule, [tls({ client: TM2, tls: { clientCertificate: chain(expired) } })]);
  t.equal(found.endpoint?.member, 'tm2');
  t.match(found.message, /The client certificate CN=internal/);
});

t.test('judges the issuing certificates of the chain too', async (t) => {
  const leaf = certificate({ sha256: '11'.repeat(32), issuer: 'CN=ca', selfIssued: false });
  const found = finding(rule, [tls({ channel: 'rest', tls: { serverCertificate: chain(leaf, expired) } })]);
  t.match(found.message, /The issuing certificate CN=/);
});

t.test('counts the last second of the period as valid, and the next as expired', async (t) => {
  const until = (notAfter: string) => tls({ tls: { serverCertificate: chain(certificate({ notAfter })) } });
  t.equal(verdict(rule, [until('2026-11-22T13:00:00Z')], { now: Date.parse('2026-11-22T13:00:00Z') }), 'pass');
  t.equal(finding(rule, [until('2026-11-22T12:59:59Z')]).severity, 'high');
});

t.test('passes a certificate within its period', async (t) => {
  t.equal(verdict(rule, [tls()]), 'pass');
  t.equal(judged(rule, [tls()], { now: NOW }).findings.length, 0);
});

t.test('is inconclusive where the dates cannot be read', async (t) => {
  const damaged = certificate({ notAfter: '', problem: 'validity: malformed' });
  t.equal(verdict(rule, [tls({ tls: { serverCertificate: chain(damaged) } })]), 'inconclusive');
});

t.test('is inconclusive where the certificate is hidden', async (t) => {
  t.equal(verdict(rule, [tls13()]), 'inconclusive');
});

t.test('is not applicable to clear text, nor where no handshake came so far', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
  t.equal(verdict(rule, [hello({ answer: 'fin' })]), 'not-applicable');
});

t.test('leaves what was close to its end when it was served to expiring-certificate', async (t) => {
  const close = certificate({ notAfter: '2026-11-30T00:00:00Z' });
  const seen = tls({ tls: { serverCertificate: chain(close), clientCertificate: chain(close) } });
  t.equal(verdict(rule, [seen], { now: Date.parse('2027-01-01T00:00:00Z') }), 'pass');
});

t.test('judges further chains that a probe was shown', async (t) => {
  const old = certificate({ sha256: 'dd'.repeat(32), notAfter: '2026-03-01T00:00:00Z' });
  const alternativeChains = [{ versions: ['TLSv1.2'], keyType: 'EC', chain: [old] }];
  t.match(finding(rule, [active({ tls: { alternativeChains } })]).message, 'dddddddd');
});
