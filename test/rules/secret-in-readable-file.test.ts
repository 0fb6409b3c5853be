import t from 'tap';
import { rule } from '../../src/rules/secret-in-readable-file.ts';
import { auditFinding, auditVerdict, INTERNAL, written } from '../support/audited.ts';

const modes = { skip: process.platform === 'win32' ? 'no modes' : false } as const;

t.test('a file with passwords that all may read is high, for the group low', modes, async (t) => {
  const found = await auditFinding(rule, [written(INTERNAL, 'jm', 0o644)]);
  t.match(found, { severity: 'high', observed: /^mode 0644/, file: { line: 3, member: 'jm' } });
  t.match(found.message, /^3 secrets/);
  t.notMatch(JSON.stringify(found), 'flinkpw');
  t.match(found.remediation.command, /^chmod 0600 /);
  t.match(await auditFinding(rule, [written(INTERNAL, 'jm', 0o640)]), { severity: 'low' });
});

t.test('cloud credentials are secrets as well', modes, async (t) => {
  const lines = { 's3.access-key': 'A', 's3.secret-key': 'CANARY-2' };
  const found = await auditFinding(rule, [written(lines, 'jm', 0o604)]);
  t.notMatch(JSON.stringify(found), 'CANARY-2');
});

t.test('mode 0600 passes, and a file without secrets may be read by all', modes, async (t) => {
  t.equal(await auditVerdict(rule, [written(INTERNAL)]), 'pass');
  t.equal(await auditVerdict(rule, [written({ 'rest.port': '8081' }, 'jm', 0o644)]), 'not-applicable');
});
