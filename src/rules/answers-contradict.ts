import type { Observation } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { evidenceOf } from './support/text.ts';

/** One address answered the same question in two ways, though asked again. */
export const rule: EndpointRule = {
  id: 'answers-contradict',
  scope: 'endpoint',
  title: 'Answers contradict each other',
  severity: 'info',
  rationale:
    'Behind one address several hosts may stand: a load balancer, a service with several pods, a restart in the middle. What one of them said is not true of the others, so the endpoint is neither passed nor failed as a whole. Each of them has to be asked by its own address.',
  decides:
    'Looks at the endpoints that flinkprobe asked itself: an answer that contradicts another one to the same question counts, also where it was asked again.',
  verdicts: {
    pass: 'no answer contradicts another',
    inconclusive: 'one question was answered in two ways: the endpoint is not judged as a whole',
    'not-applicable': 'the endpoint was not asked',
  },
  hears: ['handshake'],
  remediation: remedy(
    'Ask every process by its own address instead of the common one (in Kubernetes: the pod addresses, not the service), or ask again when no restart is under way.',
  ),
  references: ['Flink documentation: Kubernetes Setup, JobManager and TaskManager services'],

  appliesTo(subject: EndpointSubject): boolean {
    return subject.observations.some((one) => one.vantage === 'active');
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const torn = subject.observations.filter((one) => one.vantage === 'active' && contradicts(one));
    if (torn.length === 0) return [{ verdict: 'pass' }];
    const said = torn.flatMap((one) => one.asked?.contradictions ?? []);
    const text = said.length === 0 ? 'the same question was answered in two ways' : said.slice(0, 3).join('; ');
    return [
      {
        verdict: 'inconclusive',
        message: `Several hosts seem to answer at this address: ${text}.`,
        expected: 'one answer to one question',
        observed: text,
        evidence: torn.map((one) => evidenceOf(one, one.asked?.contradictions?.join('; ') ?? text)),
      },
    ];
  },
};

function contradicts({ because, asked }: Observation): boolean {
  return because === 'contradictory' || asked?.reason === 'contradictory' || (asked?.contradictions?.length ?? 0) > 0;
}
