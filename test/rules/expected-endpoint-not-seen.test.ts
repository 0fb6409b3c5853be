import t from 'tap';
import type { NoAnswerReason } from '../../src/model/report.ts';
import { rule } from '../../src/rules/expected-endpoint-not-seen.ts';
import { active, finding, judged, noAnswer, TM1, tls, verdict } from '../support/observations.ts';

const KINDS: readonly NoAnswerReason[] = [
  ...(['refused', 'unreachable', 'unresolved', 'timeout', 'silent', 'closed-at-once', 'closed-late'] as const),
  ...(['closed-after-bytes', 'reset', 'connection-limit'] as const),
];

t.test('is inconclusive for every kind of no, and says of each what it means and where to look', async (t) => {
  const told = KINDS.map((kind) => finding(rule, [noAnswer(kind)]));
  for (const [index, one] of told.entries()) {
    t.equal(one.verdict, 'inconclusive');
    t.equal(one.observed, `${KINDS[index]} after 1 connection`);
    t.equal(one.evidence[0]?.text.endsWith(`connection 1: connect: ${KINDS[index]}`), true);
  }
  t.equal(new Set(told.map((one) => one.message)).size, KINDS.length);
  t.equal(new Set(told.map((one) => one.remediation.text)).size, KINDS.length);
});

t.test('names channel and member, one finding an endpoint', async (t) => {
  const seen = [noAnswer('refused', { channel: 'taskmanager-data', server: TM1 }), noAnswer('refused'), active()];
  const { findings } = judged(rule, seen);
  t.strictSame(findings.map(({ channel, endpoint }) => [channel, endpoint?.member]).sort(), [
    ['jobmanager-rpc', 'jm'],
    ['taskmanager-data', 'tm1'],
  ]);
  t.equal(findings[0]?.witnesses.handshake, 'inconclusive');
});

t.test('tells an interrupted run from a silent port', async (t) => {
  const found = finding(rule, [noAnswer('timeout', { asked: { reason: 'interrupted' } })]);
  t.match(found.message, 'the run was interrupted');
});

t.test('passes where all answered, and does not apply to captures', async (t) => {
  t.equal(verdict(rule, [active()]), 'pass');
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
