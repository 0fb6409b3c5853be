import t from 'tap';
import { rule } from '../../src/rules/server-name-refused.ts';
import { active, clear, finding, tls, verdict } from '../support/observations.ts';

t.test('fails at medium and names the name and the alert', async (t) => {
  const refusedServerName = { name: 'job_manager', alert: 'illegal_parameter' };
  const found = finding(rule, [active({ tls: { refusedServerName } })]);
  t.equal(found.severity, 'medium');
  t.match(found.message, 'clients that send the name, as most do, fail');
  t.equal(found.observed, 'illegal_parameter to a ClientHello with the server name job_manager');
});

t.test('passes a probe that was refused for no name', async (t) => {
  t.equal(verdict(rule, [active()]), 'pass');
});

t.test('does not apply to captures and clear text', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
