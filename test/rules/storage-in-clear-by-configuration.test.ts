import t from 'tap';
import { rule } from '../../src/rules/storage-in-clear-by-configuration.ts';
import { auditFinding, auditVerdict, recorded } from '../support/audited.ts';

t.test('the http endpoint of the recorded clusters is found', async (t) => {
  const found = await auditFinding(rule, [recorded('1.20.3-s3-http-int', 'tm1')]);
  t.match(found, { severity: 'high', channel: 'checkpoint-storage', observed: /s3\.endpoint: http:/ });
});

t.test('schemes without TLS are told by their directory', async (t) => {
  for (const value of ['wasb://c@a.blob.core.windows.net/x', 'abfs://c@a/x', 'webhdfs://nn:9870/x']) {
    const found = await auditFinding(rule, [{ 'execution.checkpointing.dir': value }]);
    t.match(found, { severity: 'high', file: { line: 1 } }, value);
  }
});

t.test('HDFS cannot be told from here, and is a note', async (t) => {
  t.match(await auditFinding(rule, [{ 'state.checkpoints.dir': 'hdfs://nn:8020/x' }]), { severity: 'info' });
});

t.test('https and schemes with TLS pass, local directories are nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-s3-https', 'tm1')]), 'pass');
  t.equal(await auditVerdict(rule, [{ 'state.checkpoints.dir': 'wasbs://c@a.blob.core.windows.net/x' }]), 'pass');
  t.equal(await auditVerdict(rule, [{ 'state.checkpoints.dir': 'file:///x' }]), 'not-applicable');
});
