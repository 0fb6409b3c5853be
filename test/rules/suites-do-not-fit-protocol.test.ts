import t from 'tap';
import { rule } from '../../src/rules/suites-do-not-fit-protocol.ts';
import { auditFindings, auditVerdict, INTERNAL, recorded } from '../support/audited.ts';

const TLS13 = 'TLS_AES_128_GCM_SHA256';
const TLS12 = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';

t.test('suites of the other version alone keep every handshake from succeeding', async (t) => {
  for (const [protocol, suites] of [
    ['TLSv1.2', TLS13],
    ['TLSv1.3', TLS12],
  ] as const) {
    const lines = { ...INTERNAL, 'security.ssl.protocol': protocol, 'security.ssl.algorithms': suites };
    const findings = await auditFindings(rule, [lines]);
    t.equal(findings.length, 5, 'every internal channel');
    t.match(findings[0], { severity: 'high', observed: suites, file: { line: 8 } });
  }
});

t.test('one of them among others is only useless', async (t) => {
  const lines = { ...INTERNAL, 'security.ssl.algorithms': `${TLS12},${TLS13}` };
  t.match((await auditFindings(rule, [lines]))[0], { severity: 'low', observed: TLS13 });
});

t.test('TLS 1.3 with the older default suites is the same fault', async (t) => {
  const lines = { ...INTERNAL, 'security.ssl.protocol': 'TLSv1.3' };
  t.match((await auditFindings(rule, [lines], { flinkVersion: '1.20.3' }))[0], { severity: 'high' });
});

t.test('recorded clusters pass', async (t) => {
  for (const name of ['1.20.3-int-tls13', '1.20.3-all'])
    t.equal(await auditVerdict(rule, [recorded(name, 'jm')]), 'pass', name);
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
