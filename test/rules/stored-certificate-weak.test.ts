import t from 'tap';
import { rule } from '../../src/rules/stored-certificate-weak.ts';
import { auditFindings, auditVerdict, recorded, store } from '../support/audited.ts';

t.test('the weak pair of the recorded cluster is found: 1024 bits, SHA-1', async (t) => {
  const findings = await auditFindings(rule, [recorded('1.20.3-int-weakcert', 'jm')], {
    stores: ['internal-weak.p12', 'internal-weak-trust.p12'],
  });
  // keytool calls both weak: 1024-bit RSA key, SHA1withRSA.
  t.strictSame(
    findings.map(({ severity, observed }) => `${severity} ${observed}`).sort(),
    [
      'high an RSA key of 1024 bits',
      'high an RSA key of 1024 bits',
      'low sha1WithRSAEncryption',
      'low sha1WithRSAEncryption',
    ],
    'the signature of a self-signed one is low',
  );
});

t.test('RSA 3072 with SHA-256, and a chain of an authority, pass', async (t) => {
  for (const name of ['internal.p12', 'rest.p12', 'rest-trust.p12']) {
    t.equal(await auditVerdict(rule, [], { given: [{ path: store(name), password: 'flinkpw' }] }), 'pass', name);
  }
});

t.test('what stays closed is not judged', async (t) => {
  t.equal(await auditVerdict(rule, [], { given: [{ path: store('internal-weak.p12') }] }), 'not-applicable');
});
