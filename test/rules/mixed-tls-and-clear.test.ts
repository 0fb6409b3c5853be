import t from 'tap';
import { rule } from '../../src/rules/mixed-tls-and-clear.ts';
import {
  active,
  activeClear,
  clear,
  clearRefused,
  finding,
  hello,
  JM,
  judged,
  promise,
  TM1,
  TM2,
  tls,
  verdict,
} from '../support/observations.ts';

t.test('accuses tm2 that speaks clear to a JobManager which others reach over TLS', async (t) => {
  const found = finding(rule, [tls({ client: TM1 }), clearRefused({ client: TM2, answer: 'fin' })]);
  t.equal(found.severity, 'high');
  t.equal(found.endpoint?.member, 'tm2');
  t.match(found.message, /tm2 speaks in clear on title of jobmanager-rpc while jm speaks TLS/);
});

t.test('accuses tm2 that speaks TLS to a JobManager which others reach in clear', async (t) => {
  const found = finding(rule, [clear({ client: TM1 }), hello({ client: TM2, answer: 'fin' })]);
  t.equal(found.endpoint?.member, 'tm2');
  t.match(found.message, /tm2 speaks TLS on .* while jm speaks in clear/);
  t.match(found.remediation.text, /^Give all other processes the TLS settings of tm2 and restart them together\.$/);
});

t.test('tells one story where two TaskManagers meet in both directions, about the clear one', async (t) => {
  const channel = 'taskmanager-data';
  const found = finding(rule, [
    clearRefused({ channel, server: TM1, client: TM2, answer: 'fin' }),
    hello({ channel, server: TM2, client: TM1, answer: 'silence' }),
  ]);
  t.match(found.endpoint, { member: 'tm2', port: 6121 }, 'its listening port, not the one it called from');
  t.equal(found.evidence.length, 2);
});

t.test('accuses the JobManager that alone came back with TLS, and tells until when it answered in clear', async (t) => {
  const before = { until: '2026-11-22T13:00:05Z' };
  const after = { at: '2026-11-22T13:00:46Z', answer: 'fin' } as const;
  const found = finding(rule, [
    clear({ ...before, client: TM1 }),
    clear({ ...before, client: TM2 }),
    clearRefused({ ...after, client: TM1 }),
    clearRefused({ ...after, client: TM2 }),
  ]);
  t.match(found.endpoint, { member: 'jm', port: 6123 });
  t.match(found.message, /still answered in clear until 2026-11-22T13:00:05Z: it was restarted with TLS/);
});

t.test('takes a TLS alert as proof, two warning alerts and a TLS record included', async (t) => {
  for (const answer of ['alert', 'tls'] as const) {
    t.notMatch(finding(rule, [clearRefused({ channel: 'blob-server', client: TM2, answer })]).message, /Inferred/);
  }
  t.match(finding(rule, [clearRefused({ client: TM2, answer: 'fin' })]).message, /Inferred/, 'a FIN alone is none');
});

t.test('takes HTTP as the answer to a ClientHello for proof', async (t) => {
  const found = finding(rule, [hello({ channel: 'rest', client: TM1, answer: 'plaintext' })]);
  t.notMatch(found.message, /Inferred/);
  t.equal(found.endpoint?.member, 'jm');
});

t.test('does not take a close for TLS on a port that serves clear text all along', async (t) => {
  const late = '2026-11-22T14:00:00Z';
  t.equal(verdict(rule, [clear({ until: late }), clearRefused({ client: TM2, answer: 'fin' })]), 'pass');
  t.equal(verdict(rule, [clear({ channel: 'rest' }), clearRefused({ channel: 'rest', answer: 'silence' })]), 'pass');
});

t.test('does not take a refused hello for clear text where the port serves TLS', async (t) => {
  t.equal(verdict(rule, [tls({ client: TM1 }), hello({ client: TM2, answer: 'fin' })]), 'pass');
});

t.test('passes clusters that are all TLS or all clear', async (t) => {
  t.equal(verdict(rule, [tls({ client: TM1 }), tls({ client: TM2 })]), 'pass');
  t.equal(verdict(rule, [clear({ client: TM1 }), clear({ client: TM2 })]), 'pass');
});

t.test('stays with a pass where silence alone proves nothing', async (t) => {
  t.equal(verdict(rule, [clearRefused({ answer: 'silence' })]), 'pass');
});

t.test('is not applicable where no channel of Flink that knows TLS was seen', async (t) => {
  t.equal(verdict(rule, [hello({ channel: 'unknown', answer: 'fin' })]), 'not-applicable');
  t.equal(verdict(rule, [hello({ channel: 'prometheus', answer: 'silence' })]), 'not-applicable');
});

t.test('tells channels apart', async (t) => {
  const { findings } = judged(rule, [
    tls({ client: TM1 }),
    clearRefused({ client: TM2, answer: 'fin' }),
    clearRefused({ channel: 'blob-server', server: JM, client: TM2, answer: 'alert' }),
  ]);
  t.same(
    findings.map((one) => one.channel),
    ['jobmanager-rpc', 'blob-server'],
  );
});

t.test('names the configuration of the odd process as the cause', async (t) => {
  const because = [
    { key: 'security.ssl.internal.enabled', value: 'false', file: 'tm2/config.yaml', line: 19, origin: 'file' },
  ] as const;
  const expectations = [promise('jobmanager-rpc', { member: 'tm2', tls: 'optional', because })];
  const found = finding(rule, [tls({ client: TM1 }), clearRefused({ client: TM2, answer: 'fin' })], { expectations });
  t.match(
    found.expected,
    /the configuration of tm2 does not ask for it: security\.ssl\.internal\.enabled: false \(tm2\/config\.yaml:19\)/,
  );
});

t.test('names the one configuration that asks for clear text where the clear side has no name', async (t) => {
  const channel = 'taskmanager-data';
  const because = [
    { key: 'taskmanager.data.ssl.enabled', value: 'false', file: 'tm2/config.yaml', line: 28, origin: 'file' },
  ] as const;
  const expectations = [
    promise(channel, { member: 'tm1' }),
    promise(channel, { member: 'tm2', tls: 'forbidden', clientAuthentication: 'none', because }),
  ];
  const unnamed = clearRefused({
    channel,
    server: { host: '10.77.0.2' },
    client: { host: '10.77.0.3' },
    answer: 'fin',
  });
  const found = finding(rule, [unnamed], { expectations });
  t.match(
    found.expected,
    /10\.77\.0\.3 has no name here .* of tm2 \(taskmanager\.data\.ssl\.enabled: false \(tm2\/config\.yaml:28\)\)$/,
  );
  t.strictSame(found.remediation.settings, { 'taskmanager.data.ssl.enabled': 'true' });
  const named = clearRefused({ channel, server: TM1, client: TM2, answer: 'fin' });
  t.strictSame(finding(rule, [named], { expectations }).remediation.settings, {
    'taskmanager.data.ssl.enabled': 'true',
  });
});

t.test('judges thousands of refused connections in a moment', async (t) => {
  const many = Array.from({ length: 5000 }, () => clearRefused({ client: TM2, answer: 'alert' }));
  const before = performance.now();
  const found = finding(rule, [tls({ client: TM1 }), ...many]);
  t.ok(performance.now() - before < 2000);
  t.match(found.evidence.at(-1), { text: 'and 4995 more' });
});

t.test('names the listening endpoint that a probe found in clear among TLS, and the TLS one among clear', async (t) => {
  const rpc = (server: typeof JM | typeof TM1 | typeof TM2, make: typeof active) =>
    make({ channel: server === JM ? 'jobmanager-rpc' : 'taskmanager-rpc', server });
  const one = finding(rule, [rpc(JM, active), rpc(TM1, active), rpc(TM2, activeClear)]);
  t.equal(one.endpoint?.member, 'tm2');
  t.match(one.message, 'tm2 speaks in clear while jm, tm1 speak TLS');
  const other = finding(rule, [rpc(JM, active), rpc(TM1, activeClear), rpc(TM2, activeClear)]);
  t.equal(other.endpoint?.member, 'jm');
  t.equal(other.channel, 'jobmanager-rpc');
  t.match(other.message, 'jm speaks TLS while tm1, tm2 speak in clear');
  t.equal(other.witnesses.handshake, 'fail');
});

t.test('does not hold channels with switches of their own beside each other', async (t) => {
  const seen = [active({ channel: 'blob-server' }), activeClear({ channel: 'taskmanager-data', server: TM1 })];
  t.equal(verdict(rule, seen), 'pass');
});
