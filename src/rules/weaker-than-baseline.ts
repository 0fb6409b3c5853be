import type { EndpointChange } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, EndpointSubject, Judgement } from '../model/rule.ts';
import { isServedInClear } from './support/clear.ts';
import { remedy } from './support/remedies.ts';
import { evidenceOf } from './support/text.ts';

/** An endpoint protects less than it did in the baseline. Clear text where there was TLS is critical. */
export const rule: ClusterRule = {
  id: 'weaker-than-baseline',
  scope: 'cluster',
  title: 'Endpoint is weaker than in the baseline',
  severity: 'high',
  rationale:
    'Somebody has changed it, on purpose or not: another configuration file, another image or Java version, a process started by hand, or somebody in the middle. What a restart makes worse stays so until the next one, and nobody looks, since everything works.',
  decides:
    'Compares each endpoint with the baseline: clear text where there was TLS (critical), and older versions, weaker suites, keys or client authentication (high).',
  verdicts: {
    pass: 'no endpoint is weaker than it was',
    fail: 'an endpoint protects less than in the baseline',
    'not-applicable': 'no baseline was given',
  },
  hears: ['wire', 'handshake'],
  remediation: remedy(
    'Compare what the process was started with (its log lists configuration and Java version) with the last start, put it right and restart it. If the change is meant, save a new baseline (--save-baseline).',
  ),
  references: ['flinkprobe verify: --baseline, --save-baseline'],

  appliesTo(subject: ClusterSubject): boolean {
    return subject.baseline !== undefined;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const { endpoints, finishedAt } = subject.baseline!;
    const weaker = endpoints.filter(({ change }) => change === 'weaker');
    if (weaker.length === 0) return [{ verdict: 'pass' }];
    return weaker.map((change) => {
      const now = subjectOf(change, subject);
      const clear = now?.observations.filter(isServedInClear) ?? [];
      const shown = clear.length > 0 ? clear : (now?.observations ?? []);
      const process = { restarted: ' after its restart', same: ' without a restart', unknown: '' }[change.process];
      return {
        verdict: 'fail',
        severity: clear.length > 0 ? 'critical' : 'high',
        channel: change.channel,
        endpoint: change.endpoint,
        message: `Weaker than on ${finishedAt.slice(0, 10)}${process}: ${change.details.join('; ')}.`,
        expected: `at least what it was in the baseline of ${finishedAt}`,
        observed: change.details.join('; '),
        evidence: shown.slice(-1).map((one) => evidenceOf(one, change.details.join('; '))),
      };
    });
  },
};

function subjectOf({ channel, endpoint }: EndpointChange, { endpoints }: ClusterSubject): EndpointSubject | undefined {
  return endpoints.find(
    (one) => one.channel === channel && one.server.host === endpoint.host && one.server.port === endpoint.port,
  );
}
