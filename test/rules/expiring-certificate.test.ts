import t from 'tap';
import { rule } from '../../src/rules/expiring-certificate.ts';
import { certificate, chain, clear, finding, tls, tls13, verdict } from '../support/observations.ts';

const ending = (notAfter: string) => {
  const one = certificate({ notAfter });
  return tls({ tls: { serverCertificate: chain(one), clientCertificate: chain(one) } });
};

t.test('fails at medium within 20 days and at high within 7', async (t) => {
  t.equal(finding(rule, [ending('2026-12-13T12:00:00Z')]).severity, 'medium');
  t.equal(finding(rule, [ending('2026-11-30T12:00:00Z')]).severity, 'high');
  t.match(finding(rule, [ending('2026-11-30T12:00:00Z')]).message, /ends in 6 days, on 2026-11-30T12:00:00Z/);
});

t.test('passes one day more than 20', async (t) => {
  t.equal(verdict(rule, [ending('2026-12-14T13:00:00Z')]), 'pass');
});

t.test('takes the windows of the run', async (t) => {
  const expiry = { mediumDays: 60, highDays: 30 };
  t.equal(finding(rule, [ending('2026-12-14T13:00:00Z')], { expiry }).severity, 'high');
});

t.test('judges a certificate of an old capture as of now', async (t) => {
  t.equal(finding(rule, [tls()], { now: Date.parse('2027-09-28T00:00:00Z') }).severity, 'high');
});

t.test('keeps the severity of the time when it was served where it has expired since', async (t) => {
  const found = finding(rule, [ending('2026-11-23T00:00:00Z')], { now: Date.parse('2026-12-24T00:00:00Z') });
  t.equal(found.severity, 'high');
  t.match(found.message, /ended 31 days ago/);
});

t.test('leaves certificates that had expired when served to their own rule', async (t) => {
  t.equal(verdict(rule, [ending('2026-11-01T00:00:00Z')]), 'pass');
});

t.test('is inconclusive where the certificate is hidden', async (t) => {
  t.equal(verdict(rule, [tls13()]), 'inconclusive');
});

t.test('is not applicable to clear text', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
