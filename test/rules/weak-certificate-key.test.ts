import t from 'tap';
import type { Certificate } from '../../src/model/report.ts';
import { rule } from '../../src/rules/weak-certificate-key.ts';
import { certificate, chain, clear, finding, hidden, tls, verdict } from '../support/observations.ts';

const keyed = (publicKey: Certificate['publicKey'], change: Partial<Certificate> = {}) => {
  const one = certificate({ publicKey, ...change });
  return tls({ tls: { serverCertificate: chain(one), clientCertificate: chain(one) } });
};

t.test('fails RSA below 2048 bits and curves below 224 at high', async (t) => {
  const found = finding(rule, [keyed({ type: 'RSA', bits: 1024, curve: null })]);
  t.equal(found.severity, 'high');
  t.match(found.message, /has an RSA key of 1024 bits/);
  t.match(
    finding(rule, [keyed({ type: 'EC', bits: 192, curve: 'secp192r1' })]).observed,
    /curve secp192r1 of 192 bits/,
  );
  t.equal(verdict(rule, [keyed({ type: 'RSA', bits: 2047, curve: null })]), 'fail');
  t.equal(verdict(rule, [keyed({ type: 'DSA', bits: 1024, curve: null })]), 'fail');
});

t.test('passes RSA 2048, P-224 and Ed25519', async (t) => {
  t.equal(verdict(rule, [keyed({ type: 'RSA', bits: 2048, curve: null })]), 'pass');
  t.equal(verdict(rule, [keyed({ type: 'EC', bits: 224, curve: 'secp224r1' })]), 'pass');
  t.equal(verdict(rule, [keyed({ type: 'Ed25519', bits: 256, curve: null })]), 'pass');
});

t.test('is inconclusive where the key cannot be read or the certificate is hidden', async (t) => {
  const unread = keyed({ type: 'unknown', bits: null, curve: null }, { problem: 'subjectPublicKeyInfo: malformed' });
  t.equal(verdict(rule, [unread]), 'inconclusive');
  const resumed = tls({ tls: { serverCertificate: hidden('resumed'), clientCertificate: hidden('resumed') } });
  t.equal(verdict(rule, [resumed]), 'inconclusive');
});

t.test('is not applicable to clear text', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
