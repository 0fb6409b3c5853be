import t from 'tap';
import { rule } from '../../src/rules/secret-in-java-options.ts';
import { auditFinding, auditFindings, auditVerdict, recorded } from '../support/audited.ts';

t.test('passwords in JVM options are found, and never shown', async (t) => {
  const found = await auditFinding(rule, [
    { 'env.java.opts.all': '-Xmx1g -Djavax.net.ssl.keyStorePassword=CANARY-3 -Dfoo=bar' },
  ]);
  t.match(found, { severity: 'medium', observed: '-Djavax.net.ssl.keyStorePassword=******' });
  t.notMatch(JSON.stringify(found), 'CANARY-3');
});

t.test('each is told', async (t) => {
  const lines = { 'env.java.opts': '-Da.secret.key="x y" -Db.password=z' };
  t.equal((await auditFindings(rule, [lines])).length, 2);
});

t.test('other options pass, and without options it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [{ 'env.java.opts.all': '-Xmx1g -Djavax.net.ssl.trustStore=/x' }]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
