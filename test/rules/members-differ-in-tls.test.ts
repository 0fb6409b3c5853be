import t from 'tap';
import { rule } from '../../src/rules/members-differ-in-tls.ts';
import { active, finding, JM, judged, TLS12_SUITES, TM1, TM2, tls, verdict } from '../support/observations.ts';

const TM3 = { host: '10.77.0.4', member: 'tm3', component: 'taskmanager' } as const;
const on = (server: typeof TM1 | typeof TM2 | typeof TM3, options: Parameters<typeof active>[0] = {}) =>
  active({ channel: 'taskmanager-data', server, ...options });

t.test('names the one that differs in versions, at medium, with what it has and lacks', async (t) => {
  const odd = on(TM2, { suites: { 'TLSv1.2': TLS12_SUITES, 'TLSv1.1': TLS12_SUITES } });
  const { findings } = judged(rule, [on(TM1), odd, on(TM3)]);
  const versions = findings.find(({ message }) => message.includes('in versions'));
  t.equal(versions?.severity, 'medium');
  t.equal(versions?.endpoint?.member, 'tm2');
  t.match(versions?.message, 'tm2 differs from tm1, tm3 in versions: it has TLSv1.1 and lacks TLSv1.3.');
  t.equal(versions?.evidence.length, 2);
  t.equal(versions?.witnesses.handshake, 'fail');
  t.equal(versions?.witnesses.wire, 'not-heard');
});

t.test('names the one that lacks a suite', async (t) => {
  const suites = { 'TLSv1.2': TLS12_SUITES.slice(1) };
  const both = { 'TLSv1.2': TLS12_SUITES };
  const found = finding(rule, [on(TM1, { suites: both }), on(TM2, { suites }), on(TM3, { suites: both })]);
  t.match(found.message, `in suites: it lacks ${TLS12_SUITES[0]}`);
});

t.test('takes the order of suites for no difference', async (t) => {
  const turned = { 'TLSv1.2': [...TLS12_SUITES].reverse() };
  t.equal(verdict(rule, [on(TM1, { suites: { 'TLSv1.2': TLS12_SUITES } }), on(TM2, { suites: turned })]), 'pass');
});

t.test('is high where client authentication differs', async (t) => {
  const open = { 'TLSv1.3': 'required', 'TLSv1.2': 'not-requested' } as const;
  const found = finding(rule, [on(TM1), on(TM2, { demands: open }), on(TM3)]);
  t.equal(found.severity, 'high');
  t.equal(found.endpoint?.member, 'tm2');
});

t.test('says that two alone do not tell who is right', async (t) => {
  const found = finding(rule, [
    on(TM1),
    on(TM2, { demands: { 'TLSv1.3': 'not-requested', 'TLSv1.2': 'not-requested' } }),
  ]);
  t.match(found.message, 'cannot be told from their number');
});

t.test('holds RPC of JobManager and TaskManagers side by side, and no other channels', async (t) => {
  const weak = { suites: { 'TLSv1.2': TLS12_SUITES } };
  const rpc = [
    active({ channel: 'jobmanager-rpc', server: JM, ...weak }),
    active({ channel: 'taskmanager-rpc', server: TM1 }),
  ];
  t.equal(verdict(rule, rpc), 'fail');
  const others = [active({ channel: 'blob-server', server: JM, ...weak }), on(TM1)];
  t.equal(verdict(rule, others), 'not-applicable');
});

t.test('compares only what was asked alike and answered wholly', async (t) => {
  const weak = { suites: { 'TLSv1.2': TLS12_SUITES } };
  const partial = on(TM2, { ...weak, asked: { complete: false, reason: 'connection-limit' } });
  t.equal(verdict(rule, [on(TM1), partial]), 'not-applicable');
  t.equal(verdict(rule, [on(TM1), on(TM2, { ...weak, asked: { profile: 'quick' } })]), 'not-applicable');
  t.equal(verdict(rule, [on(TM1), on(TM2)]), 'pass');
  t.equal(verdict(rule, [tls(), tls({ server: TM1 })]), 'not-applicable');
});
