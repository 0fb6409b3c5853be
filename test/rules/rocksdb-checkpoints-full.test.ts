import t from 'tap';
import { rule } from '../../src/rules/rocksdb-checkpoints-full.ts';
import { auditFinding, auditVerdict } from '../support/audited.ts';

const rocks = { 'state.backend.type': 'rocksdb' };

t.test("tells whole checkpoints, Flink's default included", async (t) => {
  t.match(await auditFinding(rule, [rocks]), {
    severity: 'info',
    observed: 'execution.checkpointing.incremental: false',
  });
  t.match(await auditFinding(rule, [{ ...rocks, 'state.backend.incremental': 'false' }]), {
    observed: 'state.backend.incremental: false',
  });
});

t.test('passes incremental checkpoints by both names', async (t) => {
  for (const key of ['execution.checkpointing.incremental', 'state.backend.incremental'])
    t.equal(await auditVerdict(rule, [{ ...rocks, [key]: 'true' }]), 'pass', key);
});

t.test('does not apply to other state backends', async (t) => {
  t.equal(await auditVerdict(rule, [{ 'state.backend': 'hashmap' }]), 'not-applicable');
});
