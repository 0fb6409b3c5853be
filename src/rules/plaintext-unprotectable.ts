import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { channelRemedy } from './support/channel-remedy.ts';
import { isServedInClear } from './support/clear.ts';
import { protectionOf } from './support/protection.ts';
import { remedy } from './support/remedies.ts';
import { connections, count, digits, distinct, evidenceOf } from './support/text.ts';

/** A channel for which Flink has no TLS at all is in use: told with what to put around it. */
export const rule: EndpointRule = {
  id: 'plaintext-unprotectable',
  scope: 'endpoint',
  title: 'Channel that Flink cannot protect is in use',
  severity: 'low',
  rationale:
    'Flink has no TLS for this channel: all security.ssl switches may be on and its bytes still cross in clear. Prometheus and JMX show names, options and internals of the cluster, the collect sink and queryable state show results and state themselves.',
  decides:
    'Looks whether a channel is in use for which Flink has no TLS in this version: Prometheus, JMX, queryable state, the collect sink and the like.',
  verdicts: {
    pass: 'no clear text was seen on it',
    fail: 'the channel is in use, in clear as it always is',
    inconclusive: 'no clear text was seen, and some connections could not be told',
    'not-applicable': 'the channel can have TLS',
  },
  remediation: remedy(
    'Bind the port to loopback or to a network of its own, let only those who need it reach it (NetworkPolicy, firewall), or put a TLS proxy or service mesh around it.',
  ),
  references: [
    'Flink documentation: Metric Reporters; SSL Setup',
    'https://www.rfc-editor.org/rfc/rfc9325#section-3.2',
  ],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return protectionOf(subject, context) === 'never' || subject.expectation?.tls === 'impossible';
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const clear = subject.observations.filter(isServedInClear);
    if (clear.length === 0) {
      const undecided = subject.observations.some((one) => one.kind === 'undecided');
      return [{ verdict: undecided ? 'inconclusive' : 'pass' }];
    }
    const probe = subject.probe ?? context.probes.get(subject.channel);
    const kinds = distinct(
      clear.flatMap((one) => (one.plaintext?.stateTransfer ?? []).map((transfer) => transfer.kind)),
    );
    const bytes = clear.reduce((sum, one) => sum + one.bytes.client + one.bytes.server, 0);
    const carried = kinds.length === 0 ? '' : `, with ${kinds.join(', ')}`;
    return [
      {
        verdict: 'fail',
        message: `${probe?.title ?? subject.channel} is in use and has no TLS. ${probe?.carries ?? ''}`.trim(),
        expected: 'no reach from outside, since this channel cannot do TLS (default policy)',
        observed: `${count(connections(clear), 'connection')} in clear, ${digits(bytes)} bytes${carried}`,
        evidence: clear.map((one) => {
          const proof = one.plaintext?.stateTransfer[0];
          const said = `${one.plaintext?.protocol ?? 'clear text'}, ${digits(one.bytes.client)} + ${digits(one.bytes.server)} bytes`;
          return evidenceOf(one, proof === undefined ? said : `${said}, ${proof.kind}`, proof);
        }),
        remediation: channelRemedy(subject, context, rule.remediation),
      },
    ];
  },
};
