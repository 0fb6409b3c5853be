import t from 'tap';
import { rule } from '../../src/rules/stored-certificate-expiring.ts';
import { auditFinding, auditVerdict, store } from '../support/audited.ts';

const given = (name: string) => [{ path: store(name), password: 'flinkpw' }];

t.test('a certificate with four days left is high, with ten days medium', async (t) => {
  // internal-soon is valid until 2026-11-27T12:56:12Z (keytool -list -v).
  const found = await auditFinding(rule, [], {
    given: given('internal-soon.p12'),
    now: Date.parse('2026-11-23T12:00:00Z'),
  });
  t.match(found, { severity: 'high', observed: /4 days/ });
  const early = await auditFinding(rule, [], {
    given: given('internal-soon.p12'),
    now: Date.parse('2026-11-17T13:00:00Z'),
  });
  t.match(early, { severity: 'medium', observed: /9 days/ });
});

t.test('one that lasts a year passes, an expired one is another rule', async (t) => {
  t.equal(await auditVerdict(rule, [], { given: given('internal.p12') }), 'pass');
  t.equal(await auditVerdict(rule, [], { given: given('internal-expired.p12') }), 'pass');
});

t.test('a store that stays closed is not judged', async (t) => {
  t.equal(await auditVerdict(rule, [], { given: [{ path: store('internal-soon.p12') }] }), 'not-applicable');
});
