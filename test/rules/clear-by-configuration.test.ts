import t from 'tap';
import { rule } from '../../src/rules/clear-by-configuration.ts';
import { auditFinding, auditFindings, auditVerdict, INTERNAL, REST, recorded } from '../support/audited.ts';

t.test('a cluster without any TLS setting is told channel by channel', async (t) => {
  const findings = await auditFindings(rule, [recorded('1.20.3-off', 'jm')]);
  t.strictSame(
    findings.map(({ channel, severity }) => `${channel} ${severity}`).sort(),
    ['blob-server', 'jobmanager-rpc', 'metrics-query-service', 'rest', 'taskmanager-data', 'taskmanager-rpc'].map(
      (channel) => `${channel} critical`,
    ),
  );
  t.match(findings[0]!.witnesses, { promise: 'fail', wire: 'not-heard', record: 'not-heard' });
});

t.test('internal TLS alone leaves REST, and an opt-out is not its matter', async (t) => {
  const { channel, file, observed } = await auditFinding(rule, [recorded('1.20.3-int-dataoff', 'tm1')]);
  t.equal(channel, 'rest');
  t.match(file, { member: 'tm1', path: /config\.yaml$/ });
  t.match(observed, 'security.ssl.rest.enabled not set');
});

t.test('a switch that says false is pointed at by its line', async (t) => {
  const lines = { ...INTERNAL, ...REST, 'security.ssl.internal.enabled': 'false' };
  const findings = await auditFindings(rule, [lines]);
  t.equal(findings.length, 5);
  t.equal(findings[0]!.file?.line, 1);
});

t.test('the old switch of 1.20 counts there and not on 2.3', async (t) => {
  const lines = { 'security.ssl.enabled': 'true' };
  t.equal(await auditVerdict(rule, [lines], { flinkVersion: '1.20.3' }), 'pass');
  t.equal(await auditVerdict(rule, [lines], { flinkVersion: '2.3.0' }), 'fail');
});

t.test('a cluster with all TLS passes', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'pass');
});

t.test('without a configuration it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, []), 'not-applicable');
});
