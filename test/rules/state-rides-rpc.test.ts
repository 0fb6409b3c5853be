import t from 'tap';
import { rule } from '../../src/rules/state-rides-rpc.ts';
import { auditFinding, auditVerdict, INTERNAL } from '../support/audited.ts';

t.test('tells the storage jobmanager: info with internal TLS, medium without', async (t) => {
  const storage = {
    'execution.checkpointing.storage': 'jobmanager',
    'execution.checkpointing.dir': 'file:///flink/ck',
  };
  const found = await auditFinding(rule, [{ ...INTERNAL, ...storage }]);
  t.match(found, {
    severity: 'info',
    channel: 'jobmanager-rpc',
    observed: 'execution.checkpointing.storage: jobmanager',
  });
  t.match(await auditFinding(rule, [storage]), { severity: 'medium', message: /no TLS by this configuration/ });
});

t.test('tells checkpoints without a directory', async (t) => {
  t.match(await auditFinding(rule, [{ 'execution.checkpointing.interval': '10 s' }]), {
    observed: 'execution.checkpointing.interval: 10 s',
  });
  t.equal(await auditVerdict(rule, [{ 'execution.checkpointing.interval': '0' }]), 'pass');
  t.equal(await auditVerdict(rule, [{ 'state.backend': 'jobmanager' }]), 'fail');
});

t.test('passes directories, by their old names too', async (t) => {
  const interval = { 'execution.checkpointing.interval': '10 s' };
  for (const key of ['execution.checkpointing.dir', 'state.checkpoints.dir', 'state.backend.fs.checkpointdir'])
    t.equal(await auditVerdict(rule, [{ ...interval, [key]: 's3://bucket/ck' }]), 'pass', key);
  t.equal(await auditVerdict(rule, [{ ...interval, 'state.checkpoint-storage': 'filesystem' }]), 'pass');
  t.equal(await auditVerdict(rule, []), 'not-applicable');
});
