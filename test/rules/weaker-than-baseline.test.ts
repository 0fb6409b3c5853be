import t from 'tap';
import type { ProcessIdentity } from '../../src/model/report.ts';
import { rule } from '../../src/rules/weaker-than-baseline.ts';
import { active, activeClear, baseline, finding, JM, TLS12_SUITES, TM1, verdict } from '../support/observations.ts';

const WEAK = 'TLS_RSA_WITH_AES_128_CBC_SHA';

t.test('fails at high an endpoint that takes a weak suite, which it did not', async (t) => {
  const now = active({ suites: { 'TLSv1.2': [...TLS12_SUITES, WEAK] } });
  const then = active({ suites: { 'TLSv1.2': TLS12_SUITES } });
  const found = finding(rule, [now], { baseline: baseline([then]) });
  t.equal(found.severity, 'high');
  t.equal(found.observed, `takes ${WEAK}, which it did not`);
  t.equal(found.evidence[0]?.observation, now.id);
});

t.test('fails at critical where TLS became clear, alone or beside TLS', async (t) => {
  const then = baseline([active()]);
  t.equal(finding(rule, [activeClear()], { baseline: then }).severity, 'critical');
  const both = active({ asked: { clear: { request: 'HEARTBEAT', outcome: 'answered', text: 'DISASSOCIATE' } } });
  t.equal(finding(rule, [both], { baseline: then }).severity, 'critical');
});

t.test('says whether the process was restarted in between', async (t) => {
  const identity = (identity: string): ProcessIdentity[] => [
    { component: 'jobmanager', member: 'jm', source: 'rest', identity },
  ];
  const then = baseline([active()], { processes: identity('a') });
  const said = (now: string): string =>
    finding(rule, [activeClear()], { baseline: then, processes: identity(now) }).message;
  t.match(said('b'), 'after its restart');
  t.match(said('a'), 'without a restart');
});

t.test('passes what is as it was, or better', async (t) => {
  t.equal(verdict(rule, [active()], { baseline: baseline([active()]) }), 'pass');
  t.equal(verdict(rule, [active()], { baseline: baseline([activeClear()]) }), 'pass');
  t.equal(verdict(rule, [active(), active({ server: TM1 })], { baseline: baseline([active({ server: JM })]) }), 'pass');
});

t.test('does not apply without a baseline', async (t) => {
  t.equal(verdict(rule, [activeClear()]), 'not-applicable');
});
