import t from 'tap';
import { rule } from '../../src/rules/secret-in-arguments.ts';
import { auditFinding, auditVerdict, recorded } from '../support/audited.ts';
import { source } from '../support/sources.ts';

const compose = (command: string): string =>
  source('compose.yaml', `services:\n  jm:\n    image: flink:2.0.0\n    command: ${command}\n`);

t.test('a secret behind -D is found, joined or apart, and never shown', async (t) => {
  for (const command of [
    'jobmanager -Ds3.secret-key=CANARY-21',
    '[jobmanager, -D, s3.secret-key=CANARY-21]',
    'standalone-job -D "s3.secret-key=CANARY-21" -Drest.port=8082',
  ]) {
    const found = await auditFinding(rule, [compose(command)]);
    t.match(found, { severity: 'medium', observed: 's3.secret-key', file: { line: 4, member: 'jm' } }, command);
    t.notMatch(JSON.stringify(found), 'CANARY-21');
  }
});

t.test('other properties pass, a variable too; without any it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [compose('taskmanager -Drest.port=8081 -Ds3.secret-key=$${KEY}')]), 'pass');
  t.equal(await auditVerdict(rule, [compose('taskmanager')]), 'not-applicable');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
