import t from 'tap';
import { rule } from '../../src/rules/rest-open-by-configuration.ts';
import { auditFinding, auditVerdict, REST, recorded } from '../support/audited.ts';

t.test('the recorded cluster whose REST asked nobody is found by its file', async (t) => {
  const found = await auditFinding(rule, [recorded('1.20.3-rest-mtls-notrust', 'jm')], { flinkVersion: '1.20.3' });
  t.match(found, { severity: 'critical', channel: 'rest', observed: /neither/ });
  t.ok((found.file?.line ?? 0) > 1);
});

t.test('up to 1.17 such a process does not start', async (t) => {
  const lines = { ...REST, 'security.ssl.rest.authentication-enabled': 'true' };
  t.match(await auditFinding(rule, [lines], { flinkVersion: '1.17.2' }), {
    severity: 'high',
    message: /does not start/,
  });
});

t.test('with a truststore it passes, by the common key too', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-rest-mtls', 'jm')]), 'pass');
  const lines = { ...REST, 'security.ssl.rest.authentication-enabled': 'true', 'security.ssl.truststore': '/x' };
  t.equal(await auditVerdict(rule, [lines]), 'pass');
});

t.test('without client authentication it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-rest', 'jm')]), 'not-applicable');
});
