import t from 'tap';
import { rule } from '../../src/rules/store-setting-missing.ts';
import { auditFinding, auditVerdict, INTERNAL, REST, recorded } from '../support/audited.ts';

t.test('every key that internal TLS cannot start without is missed by name', async (t) => {
  for (const name of ['keystore', 'keystore-password', 'key-password', 'truststore', 'truststore-password']) {
    const { [`security.ssl.internal.${name}`]: _, ...lines } = INTERNAL;
    const found = await auditFinding(rule, [lines]);
    t.match(found, { severity: 'high', channel: 'jobmanager-rpc', file: { line: 1 } }, name);
    t.match(found.message, `security.ssl.internal.${name} is missing`);
  }
});

t.test('the common key stands for both families', async (t) => {
  const { 'security.ssl.internal.keystore': keystore, ...lines } = INTERNAL;
  t.equal(await auditVerdict(rule, [{ ...lines, 'security.ssl.keystore': keystore! }]), 'pass');
});

t.test('REST needs a keystore, and a password for the truststore that it has', async (t) => {
  const { 'security.ssl.rest.keystore': _, ...lines } = REST;
  t.match(await auditFinding(rule, [lines]), { channel: 'rest' });
  t.match(await auditFinding(rule, [{ ...REST, 'security.ssl.rest.truststore': '/x' }]), {
    message: /truststore-password/,
  });
});

t.test('recorded clusters pass, one without TLS is nothing for it', async (t) => {
  for (const name of ['1.20.3-all', '1.20.3-rest-mtls-notrust', '1.17.2-w-cert-client']) {
    t.equal(await auditVerdict(rule, [recorded(name, 'jm')]), 'pass', name);
  }
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
