import t from 'tap';
import { rule } from '../../src/rules/channel-opted-out.ts';
import { auditFinding, auditFindings, auditVerdict, INTERNAL, REST, recorded } from '../support/audited.ts';

t.test('each opt-out of the recorded clusters is found, with its line', async (t) => {
  for (const [name, channels, key] of [
    ['1.20.3-int-dataoff', ['taskmanager-data'], 'taskmanager.data.ssl.enabled'],
    ['1.20.3-int-bloboff', ['blob-server'], 'blob.service.ssl.enabled'],
    ['1.20.3-int-rpcoff', ['jobmanager-rpc', 'metrics-query-service', 'taskmanager-rpc'], 'pekko.ssl.enabled'],
  ] as const) {
    const findings = await auditFindings(rule, [recorded(name, 'jm')], { flinkVersion: '1.20.3' });
    t.strictSame(findings.map(({ channel }) => channel).sort(), channels, name);
    for (const { observed, file, remediation, severity } of findings) {
      t.match(observed, `${key}: false`);
      t.ok((file?.line ?? 0) > 20, 'the line of the file');
      t.strictSame(remediation.settings, { [key]: 'true' });
      t.equal(severity, 'critical');
    }
  }
});

t.test('a history server needs its own key beside that of REST', async (t) => {
  const server = { ...REST, 'historyserver.web.port': '8082' };
  const { channel, message } = await auditFinding(rule, [server]);
  t.equal(channel, 'history-server');
  t.match(message, 'historyserver.web.ssl.enabled');
  t.equal(await auditVerdict(rule, [{ ...server, 'historyserver.web.ssl.enabled': 'true' }]), 'pass');
});

t.test('the old name of the opt-out is dead in no version that has it', async (t) => {
  const lines = { ...INTERNAL, 'akka.ssl.enabled': 'false' };
  t.equal(await auditVerdict(rule, [lines], { flinkVersion: '1.17.2' }), 'fail');
  t.equal(await auditVerdict(rule, [lines], { flinkVersion: '1.20.3' }), 'fail');
  const early = { ...INTERNAL, 'pekko.ssl.enabled': 'false' };
  t.equal(await auditVerdict(rule, [early], { flinkVersion: '1.17.2' }), 'pass', '1.17 does not read it');
});

t.test('without TLS there is nothing to opt out of, and all TLS passes', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'pass');
});
