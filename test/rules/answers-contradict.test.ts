import t from 'tap';
import { rule } from '../../src/rules/answers-contradict.ts';
import { active, finding, tls, verdict } from '../support/observations.ts';

const contradictions = ['TLSv1.2 was accepted by connection 2 and refused by connection 5'];

t.test('is inconclusive, never a fail, and tells what contradicts what', async (t) => {
  const found = finding(rule, [active({ asked: { complete: false, reason: 'contradictory', contradictions } })]);
  t.equal(found.verdict, 'inconclusive');
  t.equal(found.severity, 'info');
  t.match(found.message, contradictions[0]!);
});

t.test('hears an endpoint that could not be told at all', async (t) => {
  const { tls: _, ...rest } = active();
  t.equal(finding(rule, [{ ...rest, kind: 'undecided', because: 'contradictory' }]).verdict, 'inconclusive');
});

t.test('passes one answer to one question, and does not apply to captures', async (t) => {
  t.equal(verdict(rule, [active()]), 'pass');
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
