import t from 'tap';
import { rule } from '../../src/rules/pin-does-not-match-keystore.ts';
import { auditFinding, auditVerdict, INTERNAL, recorded, STORES } from '../support/audited.ts';

const PIN = 'security.ssl.internal.cert.fingerprint';
// keytool -list -v of internal.p12
const SHA1 = '61:56:83:7F:D9:EF:F2:7E:B5:0D:35:64:1D:77:34:32:97:8E:91:48';

t.test('the wrong pin of the recorded JobManager is found, with the right one', async (t) => {
  const found = await auditFinding(rule, [recorded('1.20.3-w-pin-jm', 'jm')], { stores: STORES });
  t.match(found, { severity: 'high', expected: SHA1.replaceAll(':', '').toLowerCase() });
  t.strictSame(found.remediation.settings, { [PIN]: '6156837fd9eff27eb50d35641d773432978e9148' });
});

t.test('the right pin passes, as keytool prints it and among others', async (t) => {
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, [PIN]: SHA1 }], { stores: STORES }), 'pass');
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, [PIN]: `${'00'.repeat(20)},${SHA1}` }], { stores: STORES }), 'pass');
});

t.test('without a pin or a keystore that can be read it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [INTERNAL], { stores: STORES }), 'not-applicable');
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, [PIN]: SHA1 }]), 'not-applicable');
});
