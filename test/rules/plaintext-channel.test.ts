import t from 'tap';
import { rule } from '../../src/rules/plaintext-channel.ts';
import {
  clear,
  clearRefused,
  finding,
  hello,
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
  t.match(found.message, /tm2 \(10\.77\.0\.3:6121\) speaks in clear/);
  t.match(
    found.observed,
    new RegExp(`^2 connections in clear \\(flink-data\\), 41,852 bytes, first in frame ${one.frames!.first}$`),
  );
  t.match(found.expected, /TLS 1\.2 or better with client certificates \(default policy\)/);
  t.match(found.evidence[0]!.text, /carries records/);
  t.same(found.remediation.settings, { 'taskmanager-data.ssl': 'true' }, 'the remedy is the channel’s own');
});

t.test('names file and line where a configuration promises TLS', async (t) => {
  const found = finding(rule, [clear()], { expectations: [promise('jobmanager-rpc')] });
  t.match(found.expected, 'security.ssl.internal.enabled: true (config.yaml:12)');
  t.same(found.witnesses, { wire: 'fail', handshake: 'not-heard', promise: 'pass', record: 'not-heard' });
});

t.test('fails clear text that a configuration has switched on, and says so', async (t) => {
  const because = [{ key: 'security.ssl.internal.enabled', value: 'false', origin: 'default' }] as const;
  const found = finding(rule, [clear()], {
    expectations: [promise('jobmanager-rpc', { tls: 'optional', because })],
  });
  t.match(found.expected, /does not ask for it: security\.ssl\.internal\.enabled: false \(Flink's default\)/);
  t.equal(found.witnesses.promise, 'fail');
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
