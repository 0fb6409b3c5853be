import t from 'tap';
import { rule } from '../../src/rules/plaintext-channel.ts';
import {
  active,
  activeClear,
  asked,
  clear,
  clearRefused,
  finding,
  hello,
  judged,
  PROBES,
  promise,
  TM2,
  tls,
  transfer,
  undecided,
  verdict,
} from '../support/observations.ts';

t.test('fails a channel that is served in clear, with the address, the counts and the first frame', async (t) => {
  const one = clear({ channel: 'taskmanager-data', server: TM2, plaintext: { stateTransfer: [transfer('records')] } });
  const found = finding(rule, [one, clear({ channel: 'taskmanager-data', server: TM2 })]);
  t.equal(found.severity, 'critical');
  t.match(found.message, /^title of taskmanager-data speaks in clear\. What taskmanager-data carries\.$/);
  t.match(
    found.observed,
    new RegExp(
      `^2 connections in clear \\(flink-data\\), 41,852 bytes, with records, first in frame ${one.frames!.first}$`,
    ),
  );
  t.match(found.expected, /TLS 1\.2 or better with client certificates \(default policy\)/);
  t.match(found.evidence[0]!.text, /carries records/);
  t.same(found.remediation.settings, { 'taskmanager-data.ssl': 'true' }, 'the remedy is the channel’s own');
});

t.test('names file and line where a configuration promises TLS', async (t) => {
  const found = finding(rule, [clear()], { expectations: [promise('jobmanager-rpc')] });
  t.match(found.expected, 'security.ssl.internal.enabled: true (config.yaml:12)');
  t.same(found.witnesses, { wire: 'fail', handshake: 'not-heard', promise: 'pass', record: 'not-heard' });
  t.equal(found.severity, 'critical');
  t.match(
    found.remediation.text,
    /^The configuration asks for TLS already: security\.ssl\.internal\.enabled: true \(config\.yaml:12\)\. Restart/,
  );
  t.strictSame(found.remediation.settings, {}, 'no setting helps');
});

t.test('fails clear text that a configuration has switched on, and says so', async (t) => {
  const because = [{ key: 'security.ssl.internal.enabled', value: 'false', origin: 'default' }] as const;
  const found = finding(rule, [clear()], {
    expectations: [promise('jobmanager-rpc', { tls: 'optional', because })],
  });
  t.match(found.expected, /does not ask for it: security\.ssl\.internal\.enabled: false \(Flink's default\)/);
  t.equal(found.witnesses.promise, 'fail');
});

t.test('asks only for the opt-out where that alone is wrong, and names its place', async (t) => {
  const because = [
    { key: 'pekko.ssl.enabled', value: 'false', file: 'jm/config.yaml', line: 26, origin: 'file' },
  ] as const;
  const found = finding(rule, [clear()], { expectations: [promise('jobmanager-rpc', { tls: 'forbidden', because })] });
  t.match(found.remediation.text, /opt-out pekko\.ssl\.enabled \(jm\/config\.yaml:26\)/);
  t.strictSame(found.remediation.settings, { 'pekko.ssl.enabled': 'true' });
});

t.test('names the key of RPC as the Flink version has it', async (t) => {
  const remedy = { text: 'Mend.', settings: { 'security.ssl.internal.enabled': 'true', 'pekko.ssl.enabled': 'true' } };
  const probes = PROBES.map((probe) => (probe.id === 'jobmanager-rpc' ? { ...probe, remedy } : probe));
  const keys = (flinkVersion?: string): readonly string[] =>
    Object.keys(
      finding(rule, [clear()], { probes, ...(flinkVersion === undefined ? {} : { flinkVersion }) }).remediation
        .settings,
    );
  const [old, renamed] = [
    ['security.ssl.internal.enabled', 'akka.ssl.enabled'],
    ['security.ssl.internal.enabled', 'pekko.ssl.enabled'],
  ];
  t.strictSame(keys('1.17.2'), old);
  t.strictSame(keys('1.9.0'), old);
  t.strictSame(keys('1.18.0'), renamed);
  t.strictSame(keys('2.0.0'), renamed);
  t.strictSame(keys(), renamed);
});

t.test('tells when clear text ended while the port was still asked', async (t) => {
  const until = '2026-11-22T13:00:05Z';
  const late = clearRefused({ client: TM2, at: '2026-11-22T13:00:46Z', answer: 'fin' });
  t.match(
    finding(rule, [clear({ until }), late, late]).observed,
    /none after 2026-11-22T13:00:05Z, though asked 2 times$/,
  );
  t.notMatch(finding(rule, [clear({ until: '2026-11-22T13:01:00Z' }), late]).observed, /none after/);
  const helloLater = hello({ client: TM2, at: '2026-11-22T13:00:46Z', answer: 'fin' });
  t.notMatch(finding(rule, [clear({ until }), helloLater]).observed, /none after/, 'clear ports refuse those too');
});

t.test('puts connections that carry something of the user’s first into the evidence', async (t) => {
  const plain = Array.from({ length: 9 }, () => clear());
  const telling = clear({ plaintext: { stateTransfer: [transfer('keyed-state-inline')] } });
  t.equal(finding(rule, [...plain, telling]).evidence[0]?.observation, telling.id);
});

t.test('fails where TLS and clear connections were both served, and counts the clear ones', async (t) => {
  t.match(finding(rule, [tls(), clear()]).observed, /^1 of 2 connections in clear/);
});

t.test('counts connections that are told once for many', async (t) => {
  const found = finding(rule, [clear({ change: { repeats: 9 } })]);
  t.match(found.observed, /^10 connections in clear/);
});

t.test('fails clear text that was captured in one direction only, where it went on', async (t) => {
  const long = clear({ change: { bytes: { client: 5000, server: 0 }, quality: { oneSided: 'client-only' } } });
  t.equal(verdict(rule, [long]), 'fail');
  const short = clear({ change: { bytes: { client: 41, server: 0 }, quality: { oneSided: 'client-only' } } });
  t.equal(verdict(rule, [short]), 'inconclusive', 'a first message alone may have met a TLS port');
});

t.test('passes a channel that speaks TLS only', async (t) => {
  t.equal(verdict(rule, [tls(), tls()]), 'pass');
});

t.test('passes a TLS port that refused a clear client: nothing was served in clear', async (t) => {
  t.equal(verdict(rule, [tls(), clearRefused({ answer: 'fin' }), clearRefused({ answer: 'alert' })]), 'pass');
});

t.test('passes a TLS REST port that sends clear HTTP to https', async (t) => {
  const redirected = clear({ channel: 'rest', plaintext: { details: { responses: 1, redirectsToHttps: 1 } } });
  t.equal(verdict(rule, [tls({ channel: 'rest' }), redirected]), 'pass');
  const served = clear({ channel: 'rest', plaintext: { details: { responses: 2, redirectsToHttps: 1 } } });
  t.equal(verdict(rule, [tls({ channel: 'rest' }), served]), 'fail', 'one answer of two was no redirect');
});

t.test('says so where requests were left without an answer and neither TLS nor clear text was served', async (t) => {
  const found = finding(rule, [clearRefused({ answer: 'silence' }), clearRefused({ answer: 'silence' })]);
  t.equal(found.verdict, 'inconclusive');
  t.equal(found.severity, 'info');
  t.match(found.observed, /^2 connections without an answer; a clear request was answered by silence$/);
  t.strictSame(judged(rule, [clearRefused({ answer: 'alert' })]).findings, [], 'mixed-tls-and-clear tells these');
  t.strictSame(judged(rule, [undecided('gap')]).findings, [], 'capture-not-good-enough tells these');
});

t.test('is inconclusive where nothing was decided, or only a ClientHello went unanswered', async (t) => {
  t.equal(verdict(rule, [undecided('gap')]), 'inconclusive');
  t.equal(verdict(rule, [hello({ answer: 'fin' })]), 'inconclusive');
});

t.test(
  'is not applicable to channels without TLS, to unknown ones, and where a policy allows clear text',
  async (t) => {
    t.equal(verdict(rule, [clear({ channel: 'prometheus' })]), 'not-applicable');
    t.equal(verdict(rule, [clear({ channel: 'unknown' })]), 'not-applicable');
    const policy = promise('rest', { basis: 'policy', tls: 'optional', because: [] });
    t.equal(verdict(rule, [clear({ channel: 'rest' })], { expectations: [policy] }), 'not-applicable');
  },
);

t.test('fails an object store in clear only where https is configured', async (t) => {
  const store = clear({ channel: 'checkpoint-storage' });
  t.equal(verdict(rule, [store]), 'not-applicable');
  t.equal(verdict(rule, [store], { expectations: [promise('checkpoint-storage')] }), 'fail');
});

t.test('fails an endpoint that answered the clear ask of a probe, with request and answer', async (t) => {
  const found = finding(rule, [activeClear()]);
  t.equal(found.severity, 'critical');
  t.equal(found.observed, 'HEARTBEAT was answered: DISASSOCIATE');
  t.match(found.evidence[0]?.text, /connection 2: HEARTBEAT was answered/);
  t.strictSame(found.witnesses, { wire: 'not-heard', handshake: 'fail', promise: 'not-heard', record: 'not-heard' });
});

t.test('fails a TLS port that answers in clear as well, and not one that does not', async (t) => {
  const clearAsk = { request: 'GET /config', text: '200 OK' };
  const both = active({ channel: 'rest', asked: { clear: { ...clearAsk, outcome: 'answered' } } });
  const found = finding(rule, [both]);
  t.equal(found.severity, 'critical');
  t.match(found.message, 'answers in clear on the port that speaks TLS');
  const redirected = { request: 'GET /config', outcome: 'not-answered', text: '301 to https' } as const;
  t.equal(verdict(rule, [active({ channel: 'rest', asked: { clear: redirected } })]), 'pass');
});

t.test('takes a 301 to https that a probe got for no clear channel', async (t) => {
  const details = { redirectsToHttps: 1, responses: 1 };
  const plaintext = { protocol: 'http', details, firstBytes: '', stateTransfer: [], credentials: [] };
  t.not(verdict(rule, [activeClear({ channel: 'rest', change: { plaintext } })]), 'fail');
});

t.test('tells a port in clear by the last thing that was asked of it', async (t) => {
  const { clear: _, ...without } = asked({
    attempts: [
      { purpose: 'ClientHello', result: 'no answer' },
      { purpose: 'AddCredit for an unknown receiver', result: '503 bytes, connection left open' },
    ],
  });
  const found = finding(rule, [activeClear({ channel: 'taskmanager-data', change: { asked: without } })]);
  t.equal(
    found.observed,
    'AddCredit for an unknown receiver was answered in clear (flink-data): 503 bytes, connection left open',
  );
  t.match(found.evidence[0]?.text, /connection 2: AddCredit/);
});
