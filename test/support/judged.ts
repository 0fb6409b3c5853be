import { type Evaluation, type EvaluationContext, evaluate } from '../../src/evaluate/engine.ts';
import type { Expectation, Finding, Observation, Verdict } from '../../src/model/report.ts';
import type { Rule } from '../../src/model/rule.ts';
import { NOW, PROBES } from './lab.ts';
import { explained } from './told-verdicts.ts';

type Around = Partial<EvaluationContext> & { readonly expectations?: readonly Expectation[] };

/** One rule over some observations, with the stand-in probes. */
export function judged(rule: Rule, observations: readonly Observation[], around: Around = {}): Evaluation {
  const { expectations = [], ...context } = around;
  return explained(rule, evaluate([rule], observations, expectations, { now: NOW, probes: PROBES, ...context }));
}

/** The worst verdict that one rule gave; a rule that threw fails the test at once. */
export function verdict(rule: Rule, observations: readonly Observation[], around: Around = {}): Verdict {
  return worst(judged(rule, observations, around));
}

/** The worst verdict of an evaluation; a rule that threw fails the test at once. */
export function worst({ verdictCounts, errors }: Evaluation): Verdict {
  if (errors.length > 0) throw new Error(errors[0]!.message);
  const order: readonly Verdict[] = ['fail', 'inconclusive', 'pass', 'not-applicable'];
  return order.find((one) => verdictCounts[one] > 0) ?? 'not-applicable';
}

/** The only finding of one rule; throws where there is none, or more than one. */
export function finding(rule: Rule, observations: readonly Observation[], around: Around = {}): Finding {
  return onlyOne(judged(rule, observations, around).findings);
}

export function onlyOne(findings: readonly Finding[]): Finding {
  const [only] = findings;
  if (only === undefined || findings.length !== 1) throw new Error(`${findings.length} findings, not one`);
  return only;
}
