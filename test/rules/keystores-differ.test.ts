import t from 'tap';
import { rule } from '../../src/rules/keystores-differ.ts';
import { auditFinding, auditVerdict, INTERNAL, recorded, STORES, store, written } from '../support/audited.ts';

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

t.test('a truststore that trusts somebody else than those of the other members is found', async (t) => {
  const of = (member: string, truststore: string): string =>
    written(
      {
        ...INTERNAL,
        'security.ssl.internal.keystore': store('internal.p12'),
        'security.ssl.internal.truststore': store(truststore),
      },
      member,
    );
  const conf = [of('jm', 'internal-trust.p12'), of('tm1', 'internal-soon-trust.p12'), of('tm2', 'internal-trust.p12')];
  t.match(await auditFinding(rule, conf), {
    severity: 'medium',
    file: { member: 'tm1' },
    message: /differs from that of jm: trusts .*af28dc4e.*, lacks .*bb31100a/,
    observed: '1 certificate more, 1 fewer',
  });
  t.equal(await auditVerdict(rule, [conf[0]!, conf[2]!]), 'pass');
});
