import type { Judgement, StoreRule, StoreSubject } from '../model/rule.ts';
import { isSelfSigned } from './support/certificates.ts';
import { remedy } from './support/remedies.ts';
import { isRead, type StoredCertificate, storedCertificates, storeFault, whichStored } from './support/stores.ts';
import { hasWeakSignature, keyWeakness, MINIMUM_CURVE_BITS, MINIMUM_RSA_BITS } from './support/weak-certificate.ts';

/** Short keys (high), and signatures with SHA-1 or MD5 (medium where somebody has to verify them, else low). */
export const rule: StoreRule = {
  id: 'stored-certificate-weak',
  scope: 'store',
  title: 'Key or signature of a stored certificate is weak',
  severity: 'high',
  rationale:
    'RSA keys of 1024 bits can be broken by those who can pay, and who breaks the key of a cluster can join it as any of its members. An authority that signs with SHA-1 or MD5 can be led to vouch for another certificate. Java takes both in a truststore, so Flink runs with them without a word (seen on 1.20.3).',
  decides:
    'Looks at every certificate in the store: RSA, DSA and DH keys below 2048 bits and curves below 224 bits are high; a signature with SHA-1 or MD5 is medium, and low where the certificate is self-signed or trusted as it stands.',
  verdicts: {
    pass: 'keys are long enough and signatures sound',
    fail: 'a key is too short, or a signature weak',
    inconclusive: 'a key could not be read',
    'not-applicable': 'the store could not be opened, or is empty',
  },
  remediation: remedy(
    'Issue the certificate again with RSA 3072 bits or a curve of 256 bits and SHA-256 (keytool -genkeypair -keyalg RSA -keysize 3072 -sigalg SHA256withRSA).',
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.5',
    'https://www.rfc-editor.org/rfc/rfc9155',
    'NIST SP 800-131A',
  ],

  appliesTo: isRead,

  evaluate(subject: StoreSubject): readonly Judgement[] {
    const all = storedCertificates(subject);
    const judgements = all.flatMap((one) => [...shortKey(subject, one), ...weakSignature(subject, one)]);
    if (judgements.length > 0) return judgements;
    const unread = all.some(
      ({ certificate }) => certificate.publicKey.bits === null && certificate.problem !== undefined,
    );
    return [{ verdict: unread ? 'inconclusive' : 'pass' }];
  },
};

function shortKey(subject: StoreSubject, one: StoredCertificate): readonly Judgement[] {
  const weakness = keyWeakness(one.certificate);
  if (weakness === undefined) return [];
  return [
    storeFault(subject, {
      discriminator: `${one.certificate.sha256} key`,
      message: `The ${whichStored(one)} has ${weakness}.`,
      expected: `RSA of at least ${MINIMUM_RSA_BITS} bits, or a curve of at least ${MINIMUM_CURVE_BITS}`,
      observed: weakness,
      said: `${whichStored(one)} with ${weakness}`,
    }),
  ];
}

function weakSignature(subject: StoreSubject, one: StoredCertificate): readonly Judgement[] {
  const { certificate, standing } = one;
  if (!hasWeakSignature(certificate)) return [];
  // What is trusted as it stands needs no signature.
  const anchor = isSelfSigned(certificate) || standing === 'trusted';
  return [
    storeFault(subject, {
      severity: anchor ? 'low' : 'medium',
      discriminator: `${certificate.sha256} signature`,
      message: `The ${whichStored(one)} is signed with ${certificate.signatureAlgorithm}${anchor ? '; no peer has to rely on that signature' : ''}.`,
      expected: 'a signature with SHA-256 or better',
      observed: certificate.signatureAlgorithm,
      said: `${whichStored(one)} signed with ${certificate.signatureAlgorithm}`,
    }),
  ];
}
