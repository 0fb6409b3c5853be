import t from 'tap';
import { rule } from '../../src/rules/state-copied-for-local-recovery.ts';
import { auditFinding, auditVerdict } from '../support/audited.ts';

t.test('tells local recovery by all its names, with the directory that it writes to', async (t) => {
  for (const key of [
    'execution.checkpointing.local-backup.enabled',
    'execution.state-recovery.from-local',
    'state.backend.local-recovery',
  ]) {
    const found = await auditFinding(rule, [{ [key]: 'true', 'taskmanager.state.local.root-dirs': '/scratch' }]);
    t.match(found, { severity: 'info', message: /\/scratch/ }, key);
    t.equal(found.evidence.length, 2);
  }
});

t.test('obeys the first of them that is set, as Flink does', async (t) => {
  const both = {
    'execution.checkpointing.local-backup.enabled': 'false',
    'execution.state-recovery.from-local': 'true',
  };
  t.equal(await auditVerdict(rule, [both]), 'pass');
});

t.test('passes the default', async (t) => {
  t.equal(await auditVerdict(rule, [{ 'state.backend': 'rocksdb' }]), 'pass');
  t.equal(await auditVerdict(rule, []), 'not-applicable');
});
