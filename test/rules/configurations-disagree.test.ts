import t from 'tap';
import { rule } from '../../src/rules/configurations-disagree.ts';
import { auditFindings, auditVerdict, INTERNAL, recorded } from '../support/audited.ts';

const all = (name: string) => ['jm', 'tm1', 'tm2'].map((member) => recorded(name, member));

t.test('the odd member of each recorded cluster is accused, on the channels that differ', async (t) => {
  for (const [name, channels] of [
    ['1.20.3-w-off', 5],
    ['1.20.3-wb-mixed', 1],
    ['1.20.3-wd-mixed', 1],
    ['1.20.3-w-ec', 5],
  ] as const) {
    const findings = await auditFindings(rule, all(name));
    t.equal(findings.length, channels, name);
    for (const { file, severity } of findings)
      t.match({ file, severity }, { file: { member: 'tm2' }, severity: 'high' });
  }
});

t.test('members that agree pass, other settings may differ', async (t) => {
  for (const name of ['1.20.3-all', '1.20.3-int-gcm']) t.equal(await auditVerdict(rule, all(name)), 'pass', name);
  const odd = { ...INTERNAL, 'taskmanager.numberOfTaskSlots': '4' };
  t.equal(await auditVerdict(rule, [INTERNAL, odd]), 'pass');
});

t.test('a pin that one alone has is told', async (t) => {
  const pinned = { ...INTERNAL, 'security.ssl.internal.cert.fingerprint': '61'.repeat(20) };
  t.match((await auditFindings(rule, [INTERNAL, INTERNAL, pinned]))[0]?.message, /pinned to 61616161/);
});

t.test('one configuration agrees with itself', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-w-off', 'tm2')]), 'not-applicable');
});
