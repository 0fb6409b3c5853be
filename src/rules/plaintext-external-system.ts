import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { channelRemedy } from './support/channel-remedy.ts';
import { isServedInClear } from './support/clear.ts';
import { protectionOf } from './support/protection.ts';
import { remedy } from './support/remedies.ts';
import { connections, count, digits, distinct, evidenceOf } from './support/text.ts';

/**
 * Object store or ZooKeeper in clear, where neither state nor a credential was recognised: those have rules of their
 * own, and one fact is told once.
 */
export const rule: EndpointRule = {
  id: 'plaintext-external-system',
  scope: 'endpoint',
  title: 'External system that Flink relies on is reached in clear',
  severity: 'medium',
  promise: 'tls',
  rationale:
    'Flink takes leader addresses, job graphs and state handles from ZooKeeper and state from the object store. Whoever changes these answers on the way decides whom the TaskManagers obey and what a job restores. No security.ssl key reaches these connections.',
  decides:
    'Looks at connections to the object store and to ZooKeeper that were served in clear; where state or credentials were recognised in them, the rules for those tell it instead.',
  verdicts: {
    pass: 'no clear text was seen',
    fail: 'the system is reached in clear',
    inconclusive: 'no clear text was seen, and some connections could not be told',
    'not-applicable':
      'it is a channel of Flink itself, TLS is required there (plaintext-channel), or state or credentials were seen (plaintext-state-transfer, credentials-in-clear)',
  },
  remediation: remedy('Reach the object store over https and ZooKeeper over its TLS port.'),
  references: [
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/filesystems/s3/',
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/ha/zookeeper_ha/',
  ],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    // Required by configuration or policy: `plaintext-channel` tells it.
    return protectionOf(subject, context) === 'outside' && subject.expectation?.tls !== 'required';
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const clear = subject.observations.filter(isServedInClear);
    if (clear.length === 0) {
      const undecided = subject.observations.some((one) => one.kind === 'undecided');
      return [{ verdict: undecided ? 'inconclusive' : 'pass' }];
    }
    const toldElsewhere = clear.some(
      ({ plaintext }) => (plaintext?.stateTransfer.length ?? 0) > 0 || (plaintext?.credentials.length ?? 0) > 0,
    );
    if (toldElsewhere) return [{ verdict: 'not-applicable' }];
    const probe = subject.probe ?? context.probes.get(subject.channel);
    const protocols = distinct(clear.map((one) => one.plaintext?.protocol)).join(', ');
    return [
      {
        verdict: 'fail',
        message: `${probe?.title ?? subject.channel} is reached in clear. ${probe?.carries ?? ''}`.trim(),
        expected: 'TLS (default policy for what Flink relies on)',
        observed: `${count(connections(clear), 'connection')} in clear (${protocols})`,
        evidence: clear.map((one) =>
          evidenceOf(
            one,
            `${one.plaintext?.protocol ?? 'clear text'}, ${digits(one.bytes.client)} + ${digits(one.bytes.server)} bytes`,
          ),
        ),
        remediation: channelRemedy(subject, context, rule.remediation),
      },
    ];
  },
};
