import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isExport, isNull, isRc4, isStaticRsa } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { STRONG_SUITES, SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** Static RSA, where nothing worse of the suite is told by another rule. */
function isStaticRsaOnly(suite: string): boolean {
  return isStaticRsa(suite) && !isNull(suite) && !isExport(suite) && !isRc4(suite) && !is3des(suite);
}

/**
 * Key exchange under the server's RSA key, without forward secrecy.
 *
 * Flink's own default was such a suite (TLS_RSA_WITH_AES_128_CBC_SHA) up to 1.20.3, 2.0.1, 2.1.1 and 2.2.0.
 */
export const rule: EndpointRule = {
  id: 'static-rsa-key-exchange',
  scope: 'endpoint',
  title: 'Static RSA key exchange, no forward secrecy',
  severity: 'medium',
  rationale:
    "Whoever gets the server's key later, and all Flink processes share one keystore, decrypts every connection that was ever captured. Flink's default up to 1.20.3, 2.0.1, 2.1.1 and 2.2.0 is such a suite; Java 11.0.30, 17.0.18, 21.0.10 and 24 have disabled them, so that a cluster with this default no longer connects after an update of Java (FLINK-39022).",
  remediation: SUITES_REMEDY,
  references: [
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.2.1',
    'FLINK-39022',
    'JDK-8245545',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    return judgeChosen(subject, chosenSuites(tlsObservations(subject.observations)), isStaticRsaOnly, {
      message: (suite, place) =>
        `${place} uses ${suite}: whoever gets its key later decrypts what is captured today${suite === 'TLS_RSA_WITH_AES_128_CBC_SHA' ? ". This was Flink's default up to 1.20.3, 2.0.1, 2.1.1 and 2.2.0" : ''}.`,
      expected: `an ephemeral key exchange, as in ${STRONG_SUITES}`,
      remediation: suitesRemedy(subject, context),
    });
  },
};
