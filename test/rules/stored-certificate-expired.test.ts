import t from 'tap';
import { evaluate } from '../../src/evaluate/engine.ts';
import { rule } from '../../src/rules/stored-certificate-expired.ts';
import { rule as expiring } from '../../src/rules/stored-certificate-expiring.ts';
import { rule as notYetValid } from '../../src/rules/stored-certificate-not-yet-valid.ts';
import { auditFindings, auditVerdict, recorded, store } from '../support/audited.ts';
import { certificate, NOW, PROBES } from '../support/observations.ts';

const PASSWORD = { password: 'flinkpw' };

t.test('the expired store of the recorded cluster is found through its configuration', async (t) => {
  const findings = await auditFindings(rule, [recorded('1.20.3-int-expired', 'jm')], {
    stores: ['internal-expired.p12', 'internal-expired-trust.p12'],
  });
  t.equal(findings.length, 2, 'keystore and truststore');
  for (const found of findings) {
    // keytool -list -v
    t.match(found, {
      severity: 'high',
      channel: 'jobmanager-rpc',
      message: /2026-10-23T12:56:11Z/,
      file: { member: 'jm' },
    });
  }
});

t.test('a store that was handed in is judged as of the given time', async (t) => {
  const given = [{ path: store('internal.p12'), ...PASSWORD }];
  t.equal(await auditVerdict(rule, [], { given }), 'pass');
  // It lasts until 2027-11-21T12:56:10Z, that second included.
  t.equal(await auditVerdict(rule, [], { given, now: Date.parse('2027-11-21T12:56:10.900Z') }), 'pass');
  t.equal(await auditVerdict(rule, [], { given, now: Date.parse('2027-11-21T12:56:11Z') }), 'fail');
});

t.test('what could not be read is not judged', async (t) => {
  t.equal(await auditVerdict(rule, [], { given: [{ path: store('internal-expired.p12') }] }), 'not-applicable');
});

t.test('dates that cannot be read are passed by no rule', async (t) => {
  const damaged = certificate({ notAfter: '', problem: 'validity: malformed' });
  const facts = { path: 'damaged.jks', state: 'read', folder: 'there', problems: [] } as const;
  const held = { ...facts, entries: [{ kind: 'certificate', chain: [damaged] } as const] };
  const stores = [{ scope: 'store', store: held, uses: [{ member: null }] } as const];
  const { verdictCounts } = evaluate([rule, expiring, notYetValid], [], [], { now: NOW, probes: PROBES, stores });
  t.match(verdictCounts, { inconclusive: 3, pass: 0 });
});
