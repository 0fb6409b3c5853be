import t from 'tap';
import { rule } from '../../src/rules/unknown-tls-key.ts';
import { auditFinding, auditVerdict, INTERNAL, recorded, written } from '../support/audited.ts';

t.test('keys that guides invented are told with the key that was meant', async (t) => {
  // Each of these stands in guides and in none of the releases (SecurityOptions of 1.13 to 2.3).
  for (const [key, meant] of [
    ['security.ssl.internal.protocol', 'security.ssl.protocol'],
    ['security.ssl.rest.client-auth', 'security.ssl.rest.authentication-enabled'],
    ['security.ssl.internal.cert-fingerprint', 'security.ssl.internal.cert.fingerprint'],
  ] as const) {
    t.match(await auditFinding(rule, [{ ...INTERNAL, [key]: 'x' }]), { expected: meant, severity: 'medium' }, key);
  }
});

t.test('misspelt keys are told with the nearest one', async (t) => {
  for (const [key, meant] of [
    ['security.ssl.internal.enable', 'security.ssl.internal.enabled'],
    ['securty.ssl.rest.enabled', 'security.ssl.rest.enabled'],
    ['blob.service.ssl.enabeld', 'blob.service.ssl.enabled'],
  ] as const) {
    t.match(await auditFinding(rule, [{ [key]: 'true' }]), { expected: meant }, key);
  }
});

t.test('the value of an unknown key with a secret is not shown', async (t) => {
  const found = await auditFinding(rule, [{ 'security.ssl.internal.keystorepassword': 'CANARY-1' }]);
  t.notMatch(JSON.stringify(found), 'CANARY-1');
});

t.test('recorded clusters have none, and other keys are not its matter', async (t) => {
  for (const name of ['1.20.3-all', '1.20.3-prom', '1.20.3-zk-tls', '1.17.2-w-off']) {
    t.equal(await auditVerdict(rule, [recorded(name, 'jm')]), 'pass', name);
  }
  t.equal(await auditVerdict(rule, [{ 'security.kerberos.login.keytab': 'x', 'rest.port': '8081' }]), 'pass');
  t.equal(await auditVerdict(rule, [written('')]), 'not-applicable');
});
