import t from 'tap';
import { rule } from '../../src/rules/pin-not-sha1.ts';
import { auditFinding, auditVerdict, INTERNAL, REST, recorded } from '../support/audited.ts';

// keytool -list -v of internal.p12
const SHA1 = '61:56:83:7F:D9:EF:F2:7E:B5:0D:35:64:1D:77:34:32:97:8E:91:48';
const SHA256 = 'bb31100adc0ac344df7ebba45ab8503bfbbc00ee244dd8ef43079ff86c258959';
const PIN = 'security.ssl.internal.cert.fingerprint';

t.test('a SHA-256 pin keeps the JobManager from starting', async (t) => {
  t.match(await auditFinding(rule, [{ ...INTERNAL, [PIN]: SHA256 }]), {
    severity: 'high',
    message: /SHA-256/,
    file: { line: 7 },
  });
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, [PIN]: `${SHA1},SHA256:${SHA256}` }]), 'fail');
});

t.test('SHA-1 passes with colons or without, also of the recorded cluster', async (t) => {
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, [PIN]: SHA1 }]), 'pass');
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, [PIN]: SHA1.replaceAll(':', '').toLowerCase() }]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-w-pin-jm', 'jm')]), 'pass');
});

t.test('a pin of REST without a truststore is passed over by Flink', async (t) => {
  const lines = { ...REST, 'security.ssl.rest.cert.fingerprint': SHA1 };
  t.match(await auditFinding(rule, [lines], { flinkVersion: '1.20.3' }), { severity: 'medium', channel: 'rest' });
  t.equal(await auditVerdict(rule, [lines], { flinkVersion: '1.17.2' }), 'pass');
});

t.test('without a pin it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
