import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  accused,
  certificateEvidence,
  certificateText,
  isSelfSigned,
  presentedCertificates,
  which,
  withoutCertificate,
} from './support/certificates.ts';
import { hasTls } from './support/handshakes.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';
import { hasWeakSignature } from './support/weak-certificate.ts';

/**
 * SHA-1 or MD5 (or older) in a certificate's signature.
 *
 * Medium where a peer has to verify it; low on a self-signed certificate, which is trusted as it stands and whose
 * signature proves nothing.
 */
export const rule: EndpointRule = {
  id: 'weak-certificate-signature',
  scope: 'endpoint',
  title: 'Certificate signed with SHA-1 or MD5',
  severity: 'medium',
  rationale:
    'Colliding certificates were made for MD5 in 2008 and have been within reach for SHA-1 since 2017: an authority that still signs with them can be led to sign one thing and so vouch for another. Newer Java versions refuse such chains (jdk.certpath.disabledAlgorithms).',
  decides:
    'Looks at the signature algorithm of every certificate that was presented, chains and certificates of clients included: SHA-1, MD5 and older count. Medium; low where it is self-signed, since nobody relies on that signature.',
  verdicts: {
    pass: 'no such signature was seen',
    fail: 'a certificate is signed with SHA-1 or MD5',
    inconclusive: 'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets)',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake came as far as a certificate',
  },
  remediation: remedy('Issue the certificate again with SHA-256 (keytool -sigalg SHA256withRSA).'),
  references: [
    'https://www.rfc-editor.org/rfc/rfc9155',
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.5',
    'https://www.rfc-editor.org/rfc/rfc6151',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const presented = presentedCertificates(subject);
    if (presented.length === 0) return [{ verdict: withoutCertificate(subject) }];
    const weak = presented.filter((one) => hasWeakSignature(one.certificate));
    if (weak.length === 0) return [{ verdict: 'pass' }];
    return weak.map((one) => {
      const anchor = isSelfSigned(one.certificate);
      return {
        verdict: 'fail',
        severity: anchor ? 'low' : 'medium',
        ...accused(one),
        discriminator: one.certificate.sha256,
        message: `The ${which(one)} is signed with ${one.certificate.signatureAlgorithm}${anchor ? '; it is self-signed, so no peer has to rely on that signature' : ''}.`,
        expected: 'a signature with SHA-256 or better',
        observed: one.certificate.signatureAlgorithm,
        evidence: certificateEvidence(
          one,
          `${certificateText(one.certificate)} signed with ${one.certificate.signatureAlgorithm}`,
        ),
        remediation: keystoreRemedy(
          subject,
          context,
          'Issue the certificate again with SHA-256 (keytool -sigalg SHA256withRSA).',
        ),
      };
    });
  },
};
