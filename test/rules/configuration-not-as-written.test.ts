import t from 'tap';
import { rule } from '../../src/rules/configuration-not-as-written.ts';
import { auditFinding, auditVerdict, recorded, written } from '../support/audited.ts';

t.test('a key that stands twice is told with its line', async (t) => {
  const found = await auditFinding(rule, [written('a.b: 1\nrest.port: 8081\na.b: 2\n')]);
  t.match(found, { severity: 'medium', file: { line: 3 }, observed: /duplicate key a\.b/ });
});

t.test('a version that does not read the file is told', async (t) => {
  const found = await auditFinding(rule, [written('rest.port: 8081\n')], { flinkVersion: '1.18.1' });
  t.match(found.message, /1\.18\.1 does not read this file/);
});

t.test('the recorded clusters pass, an empty file is nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')], { flinkVersion: '1.20.3' }), 'pass');
  t.equal(await auditVerdict(rule, [written('')]), 'not-applicable');
});
