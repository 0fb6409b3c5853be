import t from 'tap';
import { rule } from '../../src/rules/probe-incomplete.ts';
import { active, finding, noAnswer, tls, verdict } from '../support/observations.ts';

t.test('is inconclusive for every reason, in words of its own', async (t) => {
  const reasons = ['connection-limit', 'interrupted', 'no-answer', 'budget'] as const;
  const told = reasons.map((reason) => finding(rule, [active({ asked: { complete: false, reason } })]));
  for (const one of told) t.equal(one.verdict, 'inconclusive');
  t.equal(new Set(told.map((one) => one.message)).size, reasons.length);
  t.match(told[0]?.evidence[0]?.text, /connection 3: no certificate: refused/);
});

t.test('tells an answer that is neither TLS nor a protocol of Flink', async (t) => {
  const { tls: _, ...rest } = active();
  t.match(finding(rule, [{ ...rest, kind: 'undecided', because: 'unknown-protocol' }]).message, 'neither in TLS nor');
});

t.test('calls a probe that failed a defect of ours, whatever else was not answered', async (t) => {
  const { tls: _, ...rest } = active({ asked: { complete: false, reason: 'defect' } });
  const failed = { ...rest, kind: 'undecided', because: 'malformed' } as const;
  const told = finding(rule, [active({ asked: { complete: false, reason: 'budget' } }), failed]);
  t.equal(told.verdict, 'error');
  t.match(told.message, /used up; the probe failed, which is a defect/);
  t.match(told.remediation.text, 'Report this defect');
});

t.test('leaves contradictions and silence to the rules that explain them', async (t) => {
  t.equal(verdict(rule, [active({ asked: { complete: false, reason: 'contradictory' } })]), 'pass');
  t.equal(verdict(rule, [noAnswer('timeout')]), 'not-applicable');
});

t.test('passes a whole probe, and does not apply to captures', async (t) => {
  t.equal(verdict(rule, [active()]), 'pass');
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
