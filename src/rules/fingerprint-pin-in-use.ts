import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { isInternal } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { count, evidenceOf } from './support/text.ts';

/** A hint, no fault: the server's request for a certificate names no authority, as Flink's does with a pin. */
export const rule: EndpointRule = {
  id: 'fingerprint-pin-in-use',
  scope: 'endpoint',
  title: 'A certificate pin seems to be set',
  severity: 'info',
  rationale:
    'With security.ssl.internal.cert.fingerprint Flink trusts the one certificate of that SHA-1 and asks for client certificates without naming an authority. A pin replaces all other checks: an expired certificate keeps working, and a new certificate locks out every process whose pin was not changed with it.',
  decides:
    "Reads the server's request for a certificate on internal channels, where it was captured in clear or sent to a probe. Flink names the authorities of its truststore there; with a pin the list is empty.",
  verdicts: {
    pass: 'the requests name authorities',
    fail: 'a request names none: a pin seems to be set, which is no fault',
    inconclusive: 'no request could be read',
    'not-applicable': 'no TLS was seen at the endpoint, or it is no internal channel',
  },
  remediation: remedy(
    'Nothing to mend. At the next change of certificate, change security.ssl.internal.cert.fingerprint on all processes with it.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-15174', 'https://www.rfc-editor.org/rfc/rfc5246#section-7.4.4'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return isInternal(subject, context) && hasTls(subject);
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const requests = tlsObservations(subject.observations).filter(({ tls, vantage }) => {
      const { verdict, basis } = tls.clientAuthentication;
      const isRead = vantage === 'active' ? basis === 'probe' : basis === 'messages';
      return isRead && (verdict === 'requested' || verdict === 'required');
    });
    if (requests.length === 0) return [{ verdict: 'inconclusive' }];
    const pinned = requests.filter(({ tls }) => tls.clientAuthentication.certificateAuthorities.length === 0);
    if (pinned.length === 0) return [{ verdict: 'pass' }];
    return [
      {
        verdict: 'fail',
        message: 'Asks for client certificates and names no authority: it seems to trust one pinned certificate.',
        expected: "the truststore's authorities, or a pin that is meant",
        observed: `empty list of authorities in ${count(pinned.length, 'CertificateRequest')}`,
        evidence: pinned.map((one) => evidenceOf(one, 'CertificateRequest with an empty list of authorities')),
      },
    ];
  },
};
