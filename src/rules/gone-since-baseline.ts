import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { processOf } from './support/text.ts';

/**
 * An endpoint of the baseline that nothing names any more. One that was asked is told by other rules
 * (`expected-endpoint-not-seen`, `handshake-refused`).
 */
export const rule: ClusterRule = {
  id: 'gone-since-baseline',
  scope: 'cluster',
  title: 'Endpoint of the baseline is gone',
  severity: 'info',
  rationale:
    'A TaskManager that did not come back after a restart, or a port that is no longer served, was not judged: it may run elsewhere, and without TLS. A TaskManager that cannot talk to the JobManager is missing in REST just so.',
  decides:
    'Compares with the baseline: an endpoint that was seen then and that neither arguments nor configuration nor REST name now, so that it was not asked.',
  verdicts: {
    pass: 'every endpoint of the baseline was seen or asked again',
    inconclusive: 'an endpoint of the baseline was not asked: it may run elsewhere',
    'not-applicable': 'no baseline was given',
  },
  hears: ['handshake'],
  remediation: remedy(
    'See whether the process runs and why it does not register (its log; a TLS setting that differs ends in this). If it was taken away on purpose, save a new baseline (--save-baseline); the daemon compares with the cluster as it is after ten minutes.',
  ),
  references: ['flinkprobe verify: --baseline, --save-baseline'],

  appliesTo(subject: ClusterSubject): boolean {
    return subject.baseline !== undefined;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const { endpoints, finishedAt } = subject.baseline!;
    const gone = endpoints.filter(({ change, channel, endpoint }) => {
      const asked = subject.observations.some(
        (one) =>
          one.kind !== 'plaintext' &&
          one.tls?.version === undefined &&
          one.channel === channel &&
          (one.server.host === endpoint.host || processOf(one.server) === processOf(endpoint)),
      );
      return change === 'gone' && !asked;
    });
    if (gone.length === 0) return [{ verdict: 'pass' }];
    return gone.map(({ channel, endpoint }) => ({
      verdict: 'inconclusive',
      channel,
      endpoint,
      message: `${processOf(endpoint)} served this in the baseline of ${finishedAt}, and nothing names it any more: it was not asked.`,
      expected: 'an endpoint that answers as it did in the baseline',
      observed: 'not asked: neither arguments nor configuration nor REST name it',
      evidence: [{ text: `in the baseline of ${finishedAt}` }],
    }));
  },
};
