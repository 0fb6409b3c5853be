import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isAnonymous, isCbc, isDesOrOlder, isExport } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { STRONG_SUITES, SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** CBC suites where encrypt-then-MAC was not agreed. Java's TLS has no such extension, so on Flink that is all of them. */
export const rule: EndpointRule = {
  id: 'cbc-without-encrypt-then-mac',
  scope: 'endpoint',
  title: 'CBC suite without encrypt-then-MAC',
  severity: 'low',
  rationale:
    "CBC suites authenticate first and encrypt then, which has led to one padding-oracle attack after the other; implementations stay safe only by hiding the time that padding takes. Encrypt-then-MAC mends it, but Java's TLS does not have it.",
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
        message: (suite, place) => `${place} uses ${suite} without encrypt-then-MAC.`,
        expected: `an AEAD suite, as in ${STRONG_SUITES}`,
        remediation: suitesRemedy(subject, context),
      },
    );
  },
};

function isPlainCbc(suite: string): boolean {
  return isCbc(suite) && !is3des(suite) && !isDesOrOlder(suite) && !isExport(suite) && !isAnonymous(suite);
}
