import t from 'tap';
import { rule } from '../../src/rules/job-submission-in-clear.ts';
import { auditFinding, auditVerdict, recorded } from '../support/audited.ts';

t.test('clear REST on all addresses takes jars from anyone', async (t) => {
  const found = await auditFinding(rule, [recorded('1.20.3-off', 'jm')]);
  t.match(found, { severity: 'high', channel: 'rest', observed: /0\.0\.0\.0, web\.submit\.enable: true/ });
});

t.test('web.submit.enable: false takes away the half of it', async (t) => {
  const lines = { 'rest.bind-address': '0.0.0.0', 'web.submit.enable': 'false' };
  t.match(await auditFinding(rule, [lines]), { severity: 'medium', message: /job graphs/ });
});

t.test('loopback passes, and REST with TLS is nothing for it', async (t) => {
  for (const address of ['localhost', '127.0.0.1', '::1']) {
    t.equal(await auditVerdict(rule, [{ 'rest.bind-address': address }]), 'pass', address);
  }
  t.equal(await auditVerdict(rule, [recorded('1.20.3-rest', 'jm')]), 'not-applicable');
});
