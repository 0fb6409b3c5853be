import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { isRest } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { REST_OPEN_RATIONALE, REST_TRUSTSTORE_REMEDY } from './support/rest-open.ts';
import { connections, count, evidenceOf, originOf } from './support/text.ts';

/** Client authentication is configured for REST, and REST lets everyone in: Flink drops it without a truststore. */
export const rule: EndpointRule = {
  id: 'rest-open-to-all',
  scope: 'endpoint',
  title: 'REST is open to all although client authentication is configured',
  severity: 'critical',
  promise: 'client-authentication',
  rationale: REST_OPEN_RATIONALE,
  decides:
    'Where client authentication is expected on REST: looks whether any handshake had no request for a certificate, and whether a client or a probe without one got in.',
  verdicts: {
    pass: 'a certificate is asked for, and nobody was seen to get in without',
    fail: 'a client needs no certificate although it is configured',
    inconclusive: 'no handshake shows whether a certificate is asked for (TLS 1.3, resumed sessions)',
    'not-applicable': 'no client authentication is expected, no TLS was seen, or no handshake was established',
  },
  remediation: REST_TRUSTSTORE_REMEDY,
  references: [SECURITY_SSL_PAGE, 'FLINK-32035', 'FLINK-39969'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    const { expectation } = subject;
    const isPromised = expectation?.basis === 'configuration' && expectation.clientAuthentication === 'required';
    return isRest(subject, context) && isPromised && hasTls(subject);
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const observations = tlsObservations(subject.observations).filter((one) => one.answer === undefined);
    const open = observations.filter(({ tls }) => {
      const { verdict, presented, byVersion, basis } = tls.clientAuthentication;
      const demands = [verdict, ...Object.values(byVersion ?? {})];
      if (demands.includes('not-requested')) return true;
      // A probe says `requested` only where the server went on without a certificate.
      if (basis === 'probe' && demands.includes('requested')) return true;
      return (
        verdict === 'requested' && (presented === 'none' || presented === 'empty') && tls.outcome === 'established'
      );
    });
    if (open.length > 0) {
      return [
        {
          verdict: 'fail',
          message:
            'Asks nobody for a certificate although client authentication is configured: whoever reaches it may submit jobs.',
          expected: `a client certificate demanded of everyone (${originOf(subject.expectation, 'authentication')})`,
          observed: `${count(connections(open), 'handshake')} without a client certificate`,
          evidence: open.map((one) => {
            const { basis, evidence } = one.tls.clientAuthentication;
            return evidenceOf(
              one,
              `no client certificate, by ${basis === 'record-lengths' ? 'record lengths' : basis}${evidence === undefined ? '' : ` (${evidence})`}`,
            );
          }),
        },
      ];
    }
    const asked = observations.some(({ tls }) => ['requested', 'required'].includes(tls.clientAuthentication.verdict));
    if (asked) return [{ verdict: 'pass' }];
    const established = observations.filter((one) => one.tls.outcome === 'established');
    if (established.length === 0) return [{ verdict: 'not-applicable' }];
    return [
      {
        verdict: 'inconclusive',
        severity: 'info',
        message: 'Whether the client certificate that is configured is demanded cannot be told from what was captured.',
        expected: `a client certificate demanded of everyone (${originOf(subject.expectation, 'authentication')})`,
        observed: `${count(connections(established), 'TLS connection')}, none of which shows it`,
        evidence: established.map((one) =>
          evidenceOf(one, `${one.tls.version ?? 'unknown version'}, client authentication hidden`),
        ),
        remediation: remedy('Capture a full handshake from its SYN on, or give the session keys with --keylog.'),
      },
    ];
  },
};
