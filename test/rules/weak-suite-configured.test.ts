import t from 'tap';
import { rule } from '../../src/rules/weak-suite-configured.ts';
import { auditFindings, auditVerdict, INTERNAL, recorded } from '../support/audited.ts';

t.test('the default of 1.20.3 is static RSA, that of 1.20.4 is not', async (t) => {
  const jm = recorded('1.20.3-int', 'jm');
  const findings = await auditFindings(rule, [jm], { flinkVersion: '1.20.3' });
  t.equal(findings.length, 5);
  t.match(findings[0], { severity: 'medium', observed: 'TLS_RSA_WITH_AES_128_CBC_SHA', message: /default/ });
  t.equal(await auditVerdict(rule, [jm], { flinkVersion: '1.20.4' }), 'pass');
});

t.test('each weakness has the severity of the contract', async (t) => {
  for (const [suite, severity] of [
    ['TLS_RSA_WITH_NULL_SHA256', 'critical'],
    ['TLS_DH_anon_WITH_AES_128_CBC_SHA', 'critical'],
    ['SSL_RSA_WITH_RC4_128_SHA', 'high'],
    ['SSL_RSA_WITH_3DES_EDE_CBC_SHA', 'high'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'medium'],
    ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'medium'],
    ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'medium'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'low'],
    ['TLSv1.3', 'medium'],
  ] as const) {
    const lines = { ...INTERNAL, 'security.ssl.algorithms': suite };
    t.match((await auditFindings(rule, [lines]))[0], { severity, observed: suite, file: { line: 7 } }, suite);
  }
});

t.test('suites that are good pass, and no TLS is nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-int-tls13', 'jm')]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
