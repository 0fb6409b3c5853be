import t from 'tap';
import { rule } from '../../src/rules/rocksdb-log-beyond-directory.ts';
import { auditFindings, auditVerdict } from '../support/audited.ts';

const rocks = { 'state.backend.type': 'rocksdb' };

t.test('tells the debug level and a directory of its own', async (t) => {
  const found = await auditFindings(rule, [
    { ...rocks, 'state.backend.rocksdb.log.level': 'DEBUG_LEVEL', 'state.backend.rocksdb.log.dir': '/var/log/rocksdb' },
  ]);
  t.strictSame(
    found.map(({ severity, observed }) => `${severity} ${observed}`),
    ['low state.backend.rocksdb.log.level: DEBUG_LEVEL', 'info state.backend.rocksdb.log.dir: /var/log/rocksdb'],
  );
});

t.test('passes the default and what logs less', async (t) => {
  for (const level of ['INFO_LEVEL', 'HEADER_LEVEL', 'ERROR_LEVEL'])
    t.equal(await auditVerdict(rule, [{ ...rocks, 'state.backend.rocksdb.log.level': level }]), 'pass');
  t.equal(await auditVerdict(rule, [rocks]), 'pass');
  t.equal(await auditVerdict(rule, [{ 'state.backend.rocksdb.log.dir': '/x' }]), 'not-applicable');
});
