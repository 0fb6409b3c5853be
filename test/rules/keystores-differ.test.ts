import t from 'tap';
import { rule } from '../../src/rules/keystores-differ.ts';
import { auditFinding, auditVerdict, recorded, STORES } from '../support/audited.ts';

t.test('the member of the recorded cluster with another keystore is found', async (t) => {
  const conf = ['jm', 'tm1', 'tm2'].map((member) => recorded('1.17.2-w-cert-client', member));
  const found = await auditFinding(rule, conf, { stores: ['internal.p12', 'internal-soon.p12', 'internal-trust.p12'] });
  // SHA-256 of keytool -list -v.
  t.match(found, { severity: 'high', file: { member: 'tm2' }, observed: /af28dc4e/, expected: /bb31100a/ });
});

t.test('the same keystore on all passes', async (t) => {
  const conf = ['jm', 'tm1', 'tm2'].map((member) => recorded('1.20.3-all', member));
  t.equal(await auditVerdict(rule, conf, { stores: STORES }), 'pass');
});

t.test('stores that nobody could read are not compared', async (t) => {
  const conf = ['jm', 'tm1', 'tm2'].map((member) => recorded('1.20.3-all', member));
  t.equal(await auditVerdict(rule, conf), 'not-applicable');
});
