import t from 'tap';
import { rule } from '../../src/rules/not-yet-valid-certificate.ts';
import { certificate, chain, clear, finding, tls, tls13, verdict } from '../support/observations.ts';

const early = certificate({ notBefore: '2026-12-22T13:00:00Z' });

t.test('fails a certificate served before its time, and tells both times', async (t) => {
  const found = finding(rule, [tls({ tls: { serverCertificate: chain(early), clientCertificate: chain(early) } })]);
  t.equal(found.severity, 'high');
  t.match(found.observed, /when served .*: not valid for another 30 days; now .*: not valid for another 29 days/);
});

t.test('fails it also where its time has come since', async (t) => {
  const now = Date.parse('2027-01-22T13:00:00Z');
  t.equal(
    finding(rule, [tls({ tls: { serverCertificate: chain(early), clientCertificate: chain(early) } })], { now })
      .severity,
    'high',
  );
});

t.test('passes a certificate within its period', async (t) => {
  t.equal(verdict(rule, [tls()]), 'pass');
});

t.test('is inconclusive where the certificate is hidden', async (t) => {
  t.equal(verdict(rule, [tls13()]), 'inconclusive');
});

t.test('is not applicable to clear text', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
