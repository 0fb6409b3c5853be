import t from 'tap';
import { rule } from '../../src/rules/store-file-readable-by-others.ts';
import { auditFinding, auditVerdict, recorded, store } from '../support/audited.ts';

const modes = { skip: process.platform === 'win32' ? 'no modes' : false } as const;
const given = (name: string, mode: number) => ({ given: [{ path: store(name, mode), password: 'flinkpw' }] });

t.test('a key that all may copy is high, the group low', modes, async (t) => {
  t.match(await auditFinding(rule, [], given('internal.p12', 0o644)), { severity: 'high', observed: /^mode 0644/ });
  t.match(await auditFinding(rule, [], given('internal.jks', 0o640)), { severity: 'low' });
});

t.test('a truststore may be read by all, but not changed', modes, async (t) => {
  t.equal(await auditVerdict(rule, [], given('internal-trust.p12', 0o644)), 'pass');
  t.match(await auditFinding(rule, [], given('internal-trust.p12', 0o666)), { severity: 'high', message: /changed/ });
  t.match(await auditFinding(rule, [], given('internal-trust.p12', 0o664)), { severity: 'low', message: /changed/ });
});

t.test('mode 0600 passes, a file that is not there is nothing for it', modes, async (t) => {
  t.equal(await auditVerdict(rule, [], given('internal.p12', 0o600)), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
