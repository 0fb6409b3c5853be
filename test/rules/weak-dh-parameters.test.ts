import t from 'tap';
import { rule } from '../../src/rules/weak-dh-parameters.ts';
import { active, finding, tls, verdict } from '../support/observations.ts';

const cipherSuite = 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256';

t.test('fails a group of 1024 bits at high, by name where it has one', async (t) => {
  const found = finding(rule, [tls({ tls: { cipherSuite, dh: { bits: 1024, group: 'Oakley group 2' } } })]);
  t.equal(found.severity, 'high');
  t.match(found.message, /1024 bits \(Oakley group 2\)/);
  t.equal(verdict(rule, [tls({ tls: { cipherSuite, dh: { bits: 2047 } } })]), 'fail');
});

t.test('passes 2048 bits', async (t) => {
  t.equal(verdict(rule, [tls({ tls: { cipherSuite, dh: { bits: 2048, group: 'ffdhe2048' } } })]), 'pass');
});

t.test('is inconclusive where the parameters were not captured', async (t) => {
  t.equal(verdict(rule, [tls({ tls: { cipherSuite } })]), 'inconclusive');
});

t.test('is not applicable to elliptic curves', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});

t.test('hears the group of a probe, and misses it where finite-field suites are taken', async (t) => {
  const suites = { 'TLSv1.2': ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'] };
  t.equal(finding(rule, [active({ suites, tls: { dh: { bits: 1024 } } })]).observed, '1024 bits in 1 handshake');
  t.equal(verdict(rule, [active({ suites })]), 'inconclusive');
  t.equal(verdict(rule, [active()]), 'not-applicable');
});
