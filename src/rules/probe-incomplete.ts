import type { Asked, Observation } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { count, distinct, evidenceOf } from './support/text.ts';

const WHY: Readonly<Record<Exclude<NonNullable<Asked['reason']>, 'contradictory'>, string>> = {
  'connection-limit': 'the port takes no more connections at this rate',
  interrupted: 'the run was interrupted',
  'no-answer': 'some questions were not answered',
  budget: 'the connections that it may take were used up',
  defect: 'the probe failed, which is a defect of flinkprobe',
};

const REPORT_IT = remedy('Report this defect, with what flinkprobe wrote to standard error.');

/** A probe that had a part of its answers, or that failed itself: what it did not learn is not passed. */
export const rule: EndpointRule = {
  id: 'probe-incomplete',
  scope: 'endpoint',
  title: 'Endpoint was not asked all questions',
  severity: 'info',
  rationale:
    'A weak suite or a version that was not asked for may be accepted all the same. What was answered is told and judged as it stands; whether anything worse hides behind the questions that were not answered, nobody knows.',
  decides:
    'Looks whether every question of the profile was answered at the endpoints that were asked. A limit of the port, an interruption, connections that were used up, and answers that are neither TLS nor of Flink leave some open.',
  verdicts: {
    pass: 'every question was answered',
    inconclusive: 'some were not: what was answered is judged, the rest is not known',
    error: 'the probe itself failed, a defect of flinkprobe',
    'not-applicable': 'the endpoint was not asked',
  },
  hears: ['handshake'],
  remediation: remedy(
    'Ask again: with fewer connections at a time (--rate, --max-connections) where a limit stands in front, with a longer timeout, or with the quick profile.',
  ),
  references: ['flinkprobe verify: --profile, --rate, --max-connections'],

  appliesTo(subject: EndpointSubject): boolean {
    return subject.observations.some((one) => one.vantage === 'active');
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const partial = subject.observations.filter((one) => one.vantage === 'active' && whyPartial(one) !== undefined);
    if (partial.length === 0) return [{ verdict: 'pass' }];
    const isDefect = partial.some(({ asked }) => asked?.reason === 'defect');
    const why = distinct(partial.map(whyPartial)).join('; ');
    const taken = partial.reduce((sum, one) => sum + (one.asked?.connections ?? 0), 0);
    return [
      {
        verdict: isDefect ? 'error' : 'inconclusive',
        message: `Not all was learned here: ${why}.`,
        expected: 'an answer to every question of the profile',
        observed: `${count(taken, 'connection')}; ${why}`,
        evidence: partial.map((one) => evidenceOf(one, lastText(one))),
        ...(isDefect ? { remediation: REPORT_IT } : {}),
      },
    ];
  },
};

/** Contradictions have a rule of their own. */
function whyPartial({ kind, because, asked }: Observation): string | undefined {
  if (because === 'contradictory' || asked?.reason === 'contradictory') return undefined;
  if (asked?.reason === 'defect') return WHY.defect;
  if (kind === 'undecided') return 'it answered, but neither in TLS nor in a protocol of Flink';
  if (asked === undefined || asked.complete) return undefined;
  return asked.reason === undefined ? 'a part of the questions has no answer' : WHY[asked.reason];
}

function lastText({ asked, answer }: Observation): string {
  const last = asked?.attempts.at(-1);
  if (last === undefined) return answer?.text ?? 'no connection';
  return `connection ${asked?.attempts.length}: ${last.purpose}: ${last.result}`;
}
