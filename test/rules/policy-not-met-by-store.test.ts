import t from 'tap';
import { rule } from '../../src/rules/policy-not-met-by-store.ts';
import { auditFinding, auditFindings, auditVerdict, recorded, store } from '../support/audited.ts';
import { asking, profile } from '../support/policies.ts';

/** What keytool says of them: test/vectors/ssl/README.md. */
const given = (name: string) => ({ given: [{ path: store(name), password: 'flinkpw' }] });

t.test(
  'the weak pair (RSA 1024, SHA-1) meets no profile that asks for keys; the truststore is not judged',
  async (t) => {
    for (const [name, expected] of [
      ['nist-800-52r2', ['certificate-hash', 'rsa-key']],
      ['bsi-tr-02102', ['certificate-hash', 'rsa-key']],
      ['flink-strict', ['certificate-hash', 'rsa-key']],
      ['pci', ['certificate-hash', 'rsa-key']],
      ['flink-documented', []],
    ] as const) {
      const findings = await auditFindings(rule, [recorded('1.20.3-int-weakcert', 'jm')], {
        policy: profile(name),
        stores: ['internal-weak.p12', 'internal-weak-trust.p12'],
      });
      t.strictSame(findings.map(({ title }) => / (\S+):/.exec(title)![1]).sort(), expected, name);
      for (const { file } of findings) t.match(file?.path, /internal-weak\.p12$/);
    }
  },
);

t.test('RSA 3072 with SHA-256 for a year passes all', async (t) => {
  for (const name of ['nist-800-52r2', 'bsi-tr-02102', 'flink-strict', 'pci'])
    t.equal(await auditVerdict(rule, [], { ...given('internal.p12'), policy: profile(name) }), 'pass', name);
});

t.test('an expired certificate is one that PCI DSS does not take', async (t) => {
  const found = await auditFinding(rule, [], { ...given('internal-expired.p12'), policy: profile('pci') });
  t.match(found, { severity: 'high', title: 'pci not-expired: days until certificates expire' });
});

t.test('a requirement on REST says nothing of a store of the internal channels', async (t) => {
  const requirement = { id: 'a', certificate: 'rsa-bits', 'at-least': 4096 } as const;
  const options = { stores: ['internal-weak.p12'] };
  const conf = [recorded('1.20.3-int-weakcert', 'jm')];
  t.equal(
    await auditVerdict(rule, conf, { ...options, policy: asking({ ...requirement, on: 'rest' }) }),
    'not-applicable',
  );
  t.equal(await auditVerdict(rule, conf, { ...options, policy: asking({ ...requirement, on: 'internal' }) }), 'fail');
  t.equal(
    await auditVerdict(rule, conf, { ...options, policy: asking({ ...requirement, on: ['taskmanager-data'] }) }),
    'fail',
    'one key pair for all internal channels',
  );
});

t.test('a store that stays closed, and one without a key, are not judged', async (t) => {
  const policy = profile('bsi-tr-02102');
  t.equal(await auditVerdict(rule, [], { given: [{ path: store('internal-weak.p12') }], policy }), 'not-applicable');
  t.equal(await auditVerdict(rule, [], { ...given('internal-weak-trust.p12'), policy }), 'not-applicable');
  t.equal(await auditVerdict(rule, [], given('internal-weak.p12')), 'not-applicable', 'no policy');
});
