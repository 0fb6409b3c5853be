import t from 'tap';
import { rule } from '../../src/rules/stored-certificate-not-yet-valid.ts';
import { auditFinding, auditVerdict, store } from '../support/audited.ts';

const given = (name: string) => [{ path: store(name), password: 'flinkpw' }];

t.test('a certificate of next month is found', async (t) => {
  // keytool -list -v: from 2026-12-22T12:56:14Z
  const found = await auditFinding(rule, [], { given: given('internal-future.p12') });
  t.match(found, { severity: 'high', message: /2026-12-22T12:56:14Z/, observed: /28 days/ });
  const then = Date.parse('2026-12-22T12:56:14Z');
  t.equal(await auditVerdict(rule, [], { given: given('internal-future.p12'), now: then }), 'pass');
});

t.test('one of today passes, and what stays closed is not judged', async (t) => {
  t.equal(await auditVerdict(rule, [], { given: given('internal.p12') }), 'pass');
  t.equal(await auditVerdict(rule, [], { given: [{ path: store('internal-future.p12') }] }), 'not-applicable');
});
