import t from 'tap';
import { rule } from '../../src/rules/suites-refused-by-jdk.ts';
import { auditFindings, auditVerdict, INTERNAL, recorded } from '../support/audited.ts';

const OLD = { flinkVersion: '1.20.3' };

t.test('the old default fails on the updates that have JDK-8245545', async (t) => {
  const jm = recorded('1.20.3-int', 'jm');
  for (const jdkVersion of ['11.0.30', '17.0.18', '21.0.10', '24', '25.0.3']) {
    const findings = await auditFindings(rule, [jm], { ...OLD, jdkVersion });
    t.equal(findings.length, 5, jdkVersion);
    t.match(findings[0], { severity: 'high', message: new RegExp(`^JDK ${jdkVersion} `) });
  }
  for (const jdkVersion of ['1.8.0_392', '11.0.29', '17.0.15', '17.0.17', '21.0.9', '23.0.2']) {
    t.equal(await auditVerdict(rule, [jm], { ...OLD, jdkVersion }), 'pass', jdkVersion);
  }
});

t.test('one refused suite among others is low', async (t) => {
  const algorithms = 'TLS_RSA_WITH_AES_128_CBC_SHA,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
  const lines = { ...INTERNAL, 'security.ssl.algorithms': algorithms };
  t.match((await auditFindings(rule, [lines], { jdkVersion: '17.0.18' }))[0], { severity: 'low' });
});

t.test('RC4 is refused by all, the new default by none', async (t) => {
  const lines = { ...INTERNAL, 'security.ssl.algorithms': 'SSL_RSA_WITH_RC4_128_SHA' };
  t.equal(await auditVerdict(rule, [lines], { jdkVersion: '17.0.15' }), 'fail');
  const jm = recorded('1.20.3-int', 'jm');
  t.equal(await auditVerdict(rule, [jm], { flinkVersion: '2.3.0', jdkVersion: '25.0.3' }), 'pass');
});

t.test('without --jdk it says nothing', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-int', 'jm')], OLD), 'not-applicable');
});
