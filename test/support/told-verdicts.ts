import type { Evaluation } from '../../src/evaluate/engine.ts';
import { VERDICT_ORDER, witnessesOf } from '../../src/evaluate/rule-facts.ts';
import type { Finding, Verdict } from '../../src/model/report.ts';
import type { Rule } from '../../src/model/rule.ts';

/** Verdicts that a rule gave and does not explain, in words. */
export function unexplained(rule: Rule, verdicts: Iterable<Verdict>): readonly string[] {
  return [...new Set(verdicts)]
    .filter((one) => rule.verdicts[one] === undefined)
    .map((one) => `${rule.id} gave ${one} and does not say what that means`);
}

/** Witnesses of a finding whom its rule is not said to hear, in words. */
export function unheard(rule: Rule, { witnesses }: Finding): readonly string[] {
  const heard = witnessesOf(rule);
  return (['wire', 'handshake', 'promise', 'record'] as const)
    .filter((one) => witnesses[one] !== 'not-heard' && !heard.includes(one))
    .map((one) => `${rule.id} heard ${one} and does not say so`);
}

/** The evaluation of one rule; throws where it gave a verdict that it does not explain, or heard whom it does not name. */
export function explained(rule: Rule, evaluation: Evaluation): Evaluation {
  // A rule that threw, as some tests want it, gave `error` without meaning to.
  if (evaluation.errors.length > 0) return evaluation;
  const given = VERDICT_ORDER.filter((one) => evaluation.verdictCounts[one] > 0);
  const faults = [...unexplained(rule, given), ...evaluation.findings.flatMap((one) => unheard(rule, one))];
  if (faults.length > 0) throw new Error(faults.join('; '));
  return evaluation;
}
