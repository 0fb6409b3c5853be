import t from 'tap';
import { coverage } from '../../src/evaluate/coverage.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import { runVerdict } from '../../src/evaluate/severity.ts';
import { CHANNEL_IDS, type ChannelId } from '../../src/model/channel.ts';
import type { Expectation, Observation } from '../../src/model/report.ts';
import type { Rule } from '../../src/model/rule.ts';
import { rule as notGoodEnough } from '../../src/rules/capture-not-good-enough.ts';
import { rule as plaintextChannel } from '../../src/rules/plaintext-channel.ts';
import { logLine } from '../support/log-lines.ts';
import { active, clear, NOW, noAnswer, PROBES, promise, TM1, TM2, tls, undecided } from '../support/observations.ts';

const RULES: readonly Rule[] = [plaintextChannel, notGoodEnough];

function covered(
  observations: readonly Observation[],
  expectations: readonly Expectation[] = [],
  expected: readonly (ChannelId | 'all')[] = [],
) {
  const { subjects, findings } = evaluate(RULES, observations, expectations, { now: NOW, probes: PROBES });
  const all = coverage(subjects, expectations, PROBES, expected, findings);
  return (channel: ChannelId) => all.find((one) => one.channel === channel)!;
}

t.test('lists every channel in the order of the contract, seen or not', async (t) => {
  t.same(
    coverage([], [], PROBES, []).map((one) => one.channel),
    CHANNEL_IDS,
  );
});

t.test('counts the endpoints that were seen and says by which witness', async (t) => {
  const channel = 'taskmanager-data';
  const of = covered([tls({ channel, server: TM1 }), tls({ channel, server: TM2 }), tls({ channel, server: TM2 })]);
  t.match(of(channel), { seenEndpoints: 2, expectedEndpoints: 0, verdict: 'pass', witnesses: ['wire'] });
  t.match(covered([tls({ change: { vantage: 'active' } })])('jobmanager-rpc').witnesses, ['handshake']);
});

t.test('gives the verdict that the findings of the channel ask for', async (t) => {
  const of = covered([clear({ channel: 'rest' }), tls(), undecided('gap', { channel: 'blob-server' })]);
  t.equal(of('rest').verdict, 'fail');
  t.equal(of('jobmanager-rpc').verdict, 'pass');
  t.equal(of('blob-server').verdict, 'inconclusive');
  t.equal(of('taskmanager-data').verdict, 'not-seen');
});

t.test('counts the endpoints that configurations describe, and not those of a policy', async (t) => {
  const channel = 'taskmanager-data';
  const members = [promise(channel, { member: 'tm1', port: 6121 }), promise(channel, { member: 'tm2', port: 6121 })];
  t.match(covered([], members)(channel), { expectedEndpoints: 2, verdict: 'not-seen', witnesses: ['promise'] });
  t.equal(covered([], [promise('rest', { basis: 'policy' })])('rest').expectedEndpoints, 0);
});

t.test('a promise of no member in particular is made of as many endpoints as there are', async (t) => {
  const channel = 'taskmanager-data';
  const seen = [tls({ channel, server: TM1 }), tls({ channel, server: TM2 })];
  const all = [promise(channel, { member: null, port: 6121 })];
  t.match(covered(seen, all)(channel), { expectedEndpoints: 2, seenEndpoints: 2 });
  t.match(covered([], all)(channel), { expectedEndpoints: 1, seenEndpoints: 0 });
});

t.test('takes a channel that no configuration describes for not applicable, unless it was seen', async (t) => {
  const conf = [promise('jobmanager-rpc')];
  t.equal(covered([], conf)('hiveserver2').verdict, 'not-applicable');
  t.equal(covered([clear({ channel: 'jmx' })], conf)('jmx').verdict, 'pass');
  t.equal(covered([], conf, ['jmx'])('jmx').verdict, 'not-seen', 'asked for, it has to be seen');
});

t.test('marks the channels that were asked for, all meaning what is configured or else Flink’s own', async (t) => {
  const one = covered([], [], ['metrics-query-service']);
  t.equal(one('metrics-query-service').expected, true);
  t.equal(one('rest').expected, undefined);
  const all = covered([], [], ['all']);
  t.same(
    CHANNEL_IDS.filter((channel) => all(channel).expected),
    ['rest', 'jobmanager-rpc', 'taskmanager-rpc', 'taskmanager-data', 'blob-server', 'metrics-query-service'],
  );
  const configured = covered([], [promise('sql-gateway')], ['all']);
  t.same(
    CHANNEL_IDS.filter((channel) => configured(channel).expected),
    ['sql-gateway'],
  );
});

t.test('expects every endpoint that a probe was given: one without an answer is not passed', async (t) => {
  const given = [
    active({ channel: 'taskmanager-data', server: TM1 }),
    noAnswer('refused', { channel: 'taskmanager-data', server: TM2 }),
    noAnswer('timeout', { channel: 'rest' }),
    active({ channel: 'blob-server' }),
  ];
  const { subjects, findings } = evaluate(RULES, given, [], { now: NOW, probes: PROBES });
  const all = coverage(subjects, [], PROBES, [], findings, 'medium', given);
  const of = (channel: ChannelId) => all.find((one) => one.channel === channel);
  t.match(of('taskmanager-data'), { expectedEndpoints: 2, seenEndpoints: 1, verdict: 'inconclusive', expected: true });
  t.match(of('rest'), { expectedEndpoints: 1, seenEndpoints: 0, verdict: 'not-seen', witnesses: ['handshake'] });
  t.match(of('blob-server'), { expectedEndpoints: 1, seenEndpoints: 1, verdict: 'pass' });
  t.equal(of('jmx')?.expected, undefined);
  t.equal(runVerdict(findings, all), 'inconclusive');
});

t.test('says of each witness what it speaks for: clear text by file or log speaks against the channel', async (t) => {
  const channel = 'jobmanager-rpc';
  const told = (observations: readonly Observation[], promised: readonly Expectation[] = []) => {
    const { subjects, findings } = evaluate(RULES, observations, promised, { now: NOW, probes: PROBES });
    return coverage(subjects, promised, PROBES, [], findings, 'medium', observations).find(
      (one) => one.channel === channel,
    )?.says;
  };
  const line = logLine('actor-system-started', { says: 'clear', id: 'l1' });
  t.strictSame(told([tls()]), { wire: 'pass', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' });
  t.strictSame(told([tls(), active(), line], [promise(channel)]), {
    wire: 'pass',
    handshake: 'pass',
    promise: 'pass',
    record: 'fail',
  });
  t.match(told([clear()], [promise(channel, { tls: 'forbidden' })]), { wire: 'fail', promise: 'fail' });
  t.match(told([clear(), active()]), { wire: 'fail', handshake: 'pass' }, 'who is not cited saw nothing bad');
});

t.test('a log says nothing against channels that Flink has no TLS for', async (t) => {
  const line = logLine('prometheus-started', { channel: 'prometheus', says: 'clear', id: 'l1' });
  const seen = [clear({ channel: 'prometheus' }), line];
  const { subjects, findings } = evaluate(RULES, seen, [], { now: NOW, probes: PROBES });
  const all = coverage(subjects, [], PROBES, [], findings, 'medium', seen);
  t.match(all.find((one) => one.channel === 'prometheus')?.says, { wire: 'pass', record: 'pass' });
});
