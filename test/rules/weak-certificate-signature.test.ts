import t from 'tap';
import type { Certificate } from '../../src/model/report.ts';
import { rule } from '../../src/rules/weak-certificate-signature.ts';
import { certificate, chain, clear, finding, tls, tls13, verdict } from '../support/observations.ts';

const signed = (change: Partial<Certificate>) => {
  const one = certificate(change);
  return tls({ tls: { serverCertificate: chain(one), clientCertificate: chain(one) } });
};

t.test('fails SHA-1 and MD5 at medium where a peer has to verify the signature', async (t) => {
  for (const signatureAlgorithm of [
    'sha1WithRSAEncryption',
    'md5WithRSAEncryption',
    'ecdsa-with-SHA1',
    'SHA1withRSA',
    'md2WithRSAEncryption',
  ]) {
    const found = finding(rule, [signed({ signatureAlgorithm, selfIssued: false, issuer: 'CN=ca' })]);
    t.equal(found.severity, 'medium', signatureAlgorithm);
    t.equal(found.observed, signatureAlgorithm);
  }
});

t.test('fails at low on a self-signed certificate that is its own trust anchor', async (t) => {
  t.equal(finding(rule, [signed({ signatureAlgorithm: 'sha1WithRSAEncryption' })]).severity, 'low');
});

t.test('passes SHA-2, SHA-3 and EdDSA', async (t) => {
  for (const signatureAlgorithm of [
    'sha256WithRSAEncryption',
    'ecdsa-with-SHA384',
    'SHA512withRSA',
    'Ed25519',
    'RSASSA-PSS',
    'sha512-256WithRSAEncryption',
    'id-rsassa-pkcs1-v1-5-with-sha3-256',
    'sha224WithRSAEncryption',
  ]) {
    t.equal(verdict(rule, [signed({ signatureAlgorithm })]), 'pass', signatureAlgorithm);
  }
});

t.test('is inconclusive where the certificate is hidden', async (t) => {
  t.equal(verdict(rule, [tls13()]), 'inconclusive');
});

t.test('is not applicable to clear text', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
