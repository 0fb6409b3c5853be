import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  accused,
  certificateEvidence,
  certificateText,
  presentedCertificates,
  which,
  withoutCertificate,
} from './support/certificates.ts';
import { hasTls } from './support/handshakes.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';
import { MINIMUM_CURVE_BITS, MINIMUM_RSA_BITS, keyWeakness as weakness } from './support/weak-certificate.ts';

/** RSA (or DSA) key below 2048 bits, curve below 224 bits, in any certificate of a chain. */
export const rule: EndpointRule = {
  id: 'weak-certificate-key',
  scope: 'endpoint',
  title: 'Certificate with a key that is too short',
  severity: 'high',
  rationale:
    'RSA keys of 1024 bits can be broken by those who can pay. Who breaks the key of a cluster can join it as any of its members, since all of them share it. Java takes such a certificate as a trust anchor, so Flink runs with it without a word (seen on 1.20.3).',
  decides:
    'Looks at the key of every certificate that was presented, chains and certificates of clients included: RSA, DSA and DH below 2048 bits and curves below 224 bits count.',
  verdicts: {
    pass: 'every key is long enough',
    fail: 'a key is too short',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or a key could not be read',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake came as far as a certificate',
  },
  remediation: remedy(
    'Issue the certificate again with RSA 3072 bits or an elliptic curve of 256 bits (keytool -genkeypair -keyalg RSA -keysize 3072).',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc9325#section-4.5', 'NIST SP 800-131A'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const presented = presentedCertificates(subject);
    if (presented.length === 0) return [{ verdict: withoutCertificate(subject) }];
    const weak = presented.filter((one) => weakness(one.certificate) !== undefined);
    if (weak.length > 0) {
      return weak.map((one) => ({
        verdict: 'fail',
        ...accused(one),
        discriminator: one.certificate.sha256,
        message: `The ${which(one)} has ${weakness(one.certificate)}.`,
        expected: `RSA of at least ${MINIMUM_RSA_BITS} bits, or a curve of at least ${MINIMUM_CURVE_BITS}`,
        observed: weakness(one.certificate)!,
        evidence: certificateEvidence(one, `${certificateText(one.certificate)} with ${weakness(one.certificate)}`),
        remediation: keystoreRemedy(
          subject,
          context,
          'Issue a new certificate with RSA 3072 bits (keytool -genkeypair -keyalg RSA -keysize 3072).',
        ),
      }));
    }
    const unread = presented.some(
      (one) => one.certificate.publicKey.bits === null && one.certificate.problem !== undefined,
    );
    return [{ verdict: unread ? 'inconclusive' : 'pass' }];
  },
};
