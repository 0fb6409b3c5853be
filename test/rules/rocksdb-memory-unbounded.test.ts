import t from 'tap';
import { rule } from '../../src/rules/rocksdb-memory-unbounded.ts';
import { auditFinding, auditVerdict } from '../support/audited.ts';

const MANAGED = 'state.backend.rocksdb.memory.managed';

t.test('tells memory that is neither managed nor fixed', async (t) => {
  t.match(await auditFinding(rule, [{ 'state.backend.type': 'rocksdb', [MANAGED]: 'false' }]), { severity: 'low' });
});

t.test('passes managed and fixed memory', async (t) => {
  const rocks = { 'state.backend': 'rocksdb' };
  t.equal(await auditVerdict(rule, [rocks]), 'pass');
  t.equal(await auditVerdict(rule, [{ ...rocks, [MANAGED]: 'true' }]), 'pass');
  const fixed = { ...rocks, [MANAGED]: 'false', 'state.backend.rocksdb.memory.fixed-per-slot': '256 mb' };
  t.equal(await auditVerdict(rule, [fixed]), 'pass');
});

t.test('does not apply to other state backends', async (t) => {
  t.equal(await auditVerdict(rule, [{ 'state.backend': 'hashmap', [MANAGED]: 'false' }]), 'not-applicable');
});
