import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { presentedCertificates, withoutCertificate } from './support/certificates.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { isInternal, isRest } from './support/protection.ts';
import { remedy } from './support/remedies.ts';
import { connections, count, distinct, evidenceOf, placeOf } from './support/text.ts';

const WHY = {
  encrypted: 'TLS 1.3 encrypts it',
  resumed: 'all sessions were resumed',
  truncated: 'its messages were not captured whole',
  'not-reached': 'the handshake did not come so far',
} as const;

/**
 * No certificate of the server could be read, so that dates, keys, names and signatures stay unjudged: told once, for
 * all rules that need it.
 */
export const rule: EndpointRule = {
  id: 'certificate-not-seen',
  scope: 'endpoint',
  title: 'Certificate could not be seen',
  severity: 'info',
  rationale:
    "A certificate that nobody has seen may be expired, weak or somebody else's. TLS 1.3 encrypts certificates and resumed sessions send none, so that a capture alone cannot judge them; that is no fault of the cluster and no pass either.",
  remediation: remedy(
    'Give the session keys with --keylog, capture a full TLS 1.2 handshake, or look at the endpoint with `flinkprobe verify`.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc8446#section-2'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return (isInternal(subject, context) || isRest(subject, context)) && hasTls(subject);
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    if (presentedCertificates(subject).some((one) => one.role === 'server')) return [{ verdict: 'pass' }];
    if (withoutCertificate(subject) === 'not-applicable') return [{ verdict: 'not-applicable' }];
    const hidden = tlsObservations(subject.observations).filter(({ tls }) => tls.serverCertificate.seen === 'hidden');
    const why = distinct(
      hidden.map(({ tls }) =>
        tls.serverCertificate.seen === 'hidden' ? WHY[tls.serverCertificate.because] : undefined,
      ),
    ).join('; ');
    return [
      {
        verdict: 'inconclusive',
        message: `The certificate of ${placeOf(subject.server)} could not be seen: ${why}. Its dates, key, names and signature are not judged.`,
        expected: 'a certificate to judge',
        observed: `${count(connections(hidden), 'TLS connection')}: ${why}`,
        evidence: hidden.map((one) => evidenceOf(one, `${one.tls.version ?? 'unknown version'}, certificate hidden`)),
      },
    ];
  },
};
