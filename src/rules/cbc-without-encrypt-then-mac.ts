import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isAnonymous, isCbc, isDesOrOlder, isExport } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** CBC suites where encrypt-then-MAC was not agreed. Java's TLS has no such extension, so on Flink that is all of them. */
export const rule: EndpointRule = {
  id: 'cbc-without-encrypt-then-mac',
  scope: 'endpoint',
  title: 'CBC suite without encrypt-then-MAC',
  severity: 'low',
  promise: 'values',
  rationale:
    "CBC suites authenticate first and encrypt then, so the padding is not protected: the root of POODLE, Lucky Thirteen and the padding oracles after them. Implementations stay safe only by hiding how long padding takes to check. Encrypt-then-MAC would mend it, but Java's TLS does not have it.",
  decides:
    'Looks at the suite of every TLS connection and at the suites that the server took from a probe. A CBC suite counts unless encrypt-then-MAC (RFC 7366) was agreed wherever it was seen; 3DES and older, export and anonymous suites are left to other rules.',
  verdicts: {
    pass: 'no such suite was used or accepted',
    fail: 'a CBC suite was used, or accepted when it was offered',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake in which the server chose',
  },
  remediation: SUITES_REMEDY,
  references: ['https://www.rfc-editor.org/rfc/rfc7366', 'https://www.rfc-editor.org/rfc/rfc9325#section-4.2.1'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const suites = chosenSuites(tlsObservations(subject.observations));
    return judgeChosen(
      subject,
      suites,
      // Accepted suites of an active probe were not run with the extension: Java has none, and others rarely do.
      (suite, shownBy) => isPlainCbc(suite) && shownBy.some((one) => one.tls.encryptThenMac !== true),
      {
        message: (suite, verb) => `${verb} ${suite}, whose padding is not authenticated.`,
        expected: 'an AEAD suite: AES-GCM or ChaCha20-Poly1305',
        remediation: suitesRemedy(subject, context),
      },
    );
  },
};

function isPlainCbc(suite: string): boolean {
  return isCbc(suite) && !is3des(suite) && !isDesOrOlder(suite) && !isExport(suite) && !isAnonymous(suite);
}
