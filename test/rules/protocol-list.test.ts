import t from 'tap';
import { rule } from '../../src/rules/protocol-list.ts';
import { auditFinding, auditVerdict, INTERNAL, REST, recorded } from '../support/audited.ts';

t.test('a list breaks RPC, an old version and an unknown one are told', async (t) => {
  for (const [value, said] of [
    ['TLSv1.2,TLSv1.3', /list of 2 protocols/],
    ['TLSv1.1', /older than TLS 1\.2/],
    ['TLS1.2', /knows no protocol TLS1\.2/],
  ] as const) {
    const lines = { ...INTERNAL, 'security.ssl.protocol': value };
    t.match(await auditFinding(rule, [lines]), { severity: 'high', message: said, observed: value, file: { line: 7 } });
  }
});

t.test('one value passes, also as the recorded cluster has it', async (t) => {
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, 'security.ssl.protocol': 'TLSv1.2' }]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-int-tls13', 'jm')]), 'pass');
});

t.test('REST alone takes a list', async (t) => {
  t.equal(await auditVerdict(rule, [{ ...REST, 'security.ssl.protocol': 'TLSv1.2,TLSv1.3' }]), 'pass');
});

t.test('without the key, or without TLS, it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
  t.equal(await auditVerdict(rule, [{ 'security.ssl.protocol': 'a,b' }]), 'not-applicable');
});
