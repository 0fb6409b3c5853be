import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isExport, isNull, isRc4, isStaticRsa } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

const FORMER_DEFAULT = 'TLS_RSA_WITH_AES_128_CBC_SHA';

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
  promise: 'values',
  rationale:
    "Whoever gets the server's key one day decrypts every connection that was ever captured, and all Flink processes share one keystore. Flink's default up to 1.20.3, 2.0.1, 2.1.1 and 2.2.0 is such a suite (TLS_RSA_WITH_AES_128_CBC_SHA). Java 11.0.30, 17.0.18, 21.0.10 and 24 have disabled them, so a cluster that keeps this default no longer connects after an update of Java (FLINK-39022).",
  decides:
    'Looks at the suite of every TLS connection and at the suites that the server took from a probe, by name: TLS_RSA_*. Those with NULL, export, RC4 or 3DES are left to the rules for these.',
  verdicts: {
    pass: 'no such suite was used or accepted',
    fail: 'a suite without forward secrecy was used, or accepted when it was offered',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake in which the server chose',
  },
  remediation: SUITES_REMEDY,
  references: [
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.2.1',
    'https://www.rfc-editor.org/rfc/rfc10015',
    'FLINK-39022',
    'JDK-8245545',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    return judgeChosen(subject, chosenSuites(tlsObservations(subject.observations)), isStaticRsaOnly, {
      message: (suite, verb) =>
        `${verb} ${suite}${suite === FORMER_DEFAULT ? ", Flink's default up to 1.20.3, 2.0.1, 2.1.1 and 2.2.0" : ''}: whoever gets the key later decrypts what is captured today.`,
      expected: 'an ephemeral key exchange (ECDHE)',
      remediation: suitesRemedy(subject, context),
    });
  },
};
