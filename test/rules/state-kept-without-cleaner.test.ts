import t from 'tap';
import { rule } from '../../src/rules/state-kept-without-cleaner.ts';
import { auditFindings, auditVerdict } from '../support/audited.ts';

const RETENTION = 'execution.checkpointing.externalized-checkpoint-retention';

t.test('tells retained checkpoints and savepoints, each at its setting', async (t) => {
  const found = await auditFindings(rule, [
    { [RETENTION]: 'RETAIN_ON_CANCELLATION', 'state.savepoints.dir': 'file:///flink/sp' },
  ]);
  t.strictSame(
    found.map(({ severity, observed, file }) => `${severity} ${observed} ${file?.line}`),
    [`info ${RETENTION}: RETAIN_ON_CANCELLATION 1`, 'info state.savepoints.dir: file:///flink/sp 2'],
  );
});

t.test('passes what Flink deletes', async (t) => {
  for (const value of ['DELETE_ON_CANCELLATION', 'NO_EXTERNALIZED_CHECKPOINTS'])
    t.equal(await auditVerdict(rule, [{ [RETENTION]: value }]), 'pass');
  t.equal(await auditVerdict(rule, []), 'not-applicable');
});
