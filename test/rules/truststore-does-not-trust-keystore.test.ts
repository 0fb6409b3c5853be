import t from 'tap';
import { rule } from '../../src/rules/truststore-does-not-trust-keystore.ts';
import { auditFinding, auditVerdict, INTERNAL, REST, recorded, STORES, store } from '../support/audited.ts';

t.test('a truststore of another pair is found', async (t) => {
  const lines = { ...INTERNAL, 'security.ssl.internal.keystore': store('internal-soon.p12') };
  const found = await auditFinding(rule, [lines], { stores: ['internal-trust.p12'] });
  t.match(found, { severity: 'high', channel: 'jobmanager-rpc', message: /af28dc4e/ });
});

t.test('with a pin the chain does not matter', async (t) => {
  const lines = {
    ...INTERNAL,
    'security.ssl.internal.keystore': store('internal-soon.p12'),
    'security.ssl.internal.cert.fingerprint': 'ecc1f046af8f3152fef7f98445006db73f6c6719',
  };
  t.equal(await auditVerdict(rule, [lines], { stores: ['internal-trust.p12'] }), 'pass');
});

t.test('the pairs of the recorded clusters pass, expired ones too, as Java has it', async (t) => {
  const stores = [...STORES, 'rest-trust.p12', 'internal-expired.p12', 'internal-expired-trust.p12'];
  for (const name of ['1.20.3-all', '1.20.3-int-expired']) {
    t.equal(await auditVerdict(rule, [recorded(name, 'jm')], { stores }), 'pass', name);
  }
});

t.test('REST clients of another authority are a note', async (t) => {
  const lines = {
    ...REST,
    'security.ssl.rest.truststore': store('internal-trust.p12'),
    'security.ssl.rest.truststore-password': 'flinkpw',
  };
  t.match(await auditFinding(rule, [lines], { stores: STORES }), { severity: 'info', channel: 'rest' });
});

t.test('where one of the two could not be read it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
