import t from 'tap';
import { rule } from '../../src/rules/trivial-store-password.ts';
import { auditFinding, auditVerdict, INTERNAL, recorded } from '../support/audited.ts';

const withPassword = (key: string, value: string) => ({ ...INTERNAL, [`security.ssl.internal.${key}`]: value });

t.test('passwords of documentation and lists are found and never shown', async (t) => {
  for (const value of ['changeit', 'password', 'internal_store_password', 'Flink', 'abc12']) {
    const found = await auditFinding(rule, [withPassword('keystore-password', value)]);
    t.match(found, { severity: 'medium', observed: 'a trivial one (not shown)' }, value);
    // The word stands in the key as well: only the value would follow a colon or an equals sign.
    t.notMatch(JSON.stringify(found), new RegExp(`[:=] ?${value}`));
    t.match(found.evidence[0]!.text, '******');
  }
});

t.test('that of a truststore is low', async (t) => {
  t.match(await auditFinding(rule, [withPassword('truststore-password', 'changeit')]), { severity: 'low' });
});

t.test('the same password everywhere is no fault, nor is a placeholder', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'pass');
  t.equal(await auditVerdict(rule, [withPassword('key-password', ['$', '{KEY}'].join(''))]), 'pass');
});

t.test('without passwords it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
