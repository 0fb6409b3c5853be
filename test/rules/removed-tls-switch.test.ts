import t from 'tap';
import { rule } from '../../src/rules/removed-tls-switch.ts';
import { auditFinding, auditVerdict, INTERNAL, REST, recorded } from '../support/audited.ts';

const FORMER = { 'security.ssl.enabled': 'true' };

t.test('the switch that 2.0 removed is critical there and a warning before', async (t) => {
  const { severity, message, remediation } = await auditFinding(rule, [FORMER], { flinkVersion: '2.3.0' });
  t.equal(severity, 'critical');
  t.match(message, 'Flink 2.3.0');
  t.strictSame(remediation.settings, { 'security.ssl.internal.enabled': 'true', 'security.ssl.rest.enabled': 'true' });
  t.match(await auditFinding(rule, [FORMER], { flinkVersion: '1.20.3' }), { severity: 'low' });
});

t.test('where the version is not known it is high, and says what is missing', async (t) => {
  t.match(await auditFinding(rule, [FORMER]), { severity: 'high', message: /--flink-version/ });
});

t.test('beside the keys that took its place it does no harm', async (t) => {
  t.equal(await auditVerdict(rule, [{ ...INTERNAL, ...REST, ...FORMER }], { flinkVersion: '2.3.0' }), 'pass');
  t.match(await auditFinding(rule, [{ ...INTERNAL, ...FORMER }], { flinkVersion: '2.3.0' }), {
    expected: 'security.ssl.rest.enabled: true',
  });
});

t.test('without it, the rule does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
