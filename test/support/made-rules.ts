import { type Evaluation, evaluate } from '../../src/evaluate/engine.ts';
import type { Expectation, Observation } from '../../src/model/report.ts';
import type { ClusterRule, EndpointRule, Judgement, Rule } from '../../src/model/rule.ts';
import { NOW, PROBES } from './observations.ts';

const TEXT = {
  title: 'A problem',
  severity: 'medium',
  rationale: 'It matters.',
  decides: 'Looks at it.',
  verdicts: { pass: 'it is well' },
  remediation: { text: 'Mend it.', settings: {}, command: null },
  references: [],
} as const;

export function endpointRule(
  id: string,
  judge: EndpointRule['evaluate'],
  change: Partial<EndpointRule> = {},
): EndpointRule {
  return { ...TEXT, id, scope: 'endpoint', appliesTo: () => true, evaluate: judge, ...change };
}

export function clusterRule(id: string, judge: ClusterRule['evaluate']): ClusterRule {
  return { ...TEXT, id, scope: 'cluster', appliesTo: () => true, evaluate: judge };
}

export const FAIL: Judgement = { verdict: 'fail', message: 'It failed.' };
export const failing: EndpointRule = endpointRule('failing', () => [FAIL]);

export function run(
  rules: readonly Rule[],
  observations: readonly Observation[],
  expectations: readonly Expectation[] = [],
): Evaluation {
  return evaluate(rules, observations, expectations, { now: NOW, probes: PROBES });
}
