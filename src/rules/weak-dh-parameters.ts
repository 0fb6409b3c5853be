import type { TlsDetails } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import { suiteProperties } from '../tls/cipher-suites.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { remedy, STRONG_SUITES } from './support/remedies.ts';
import { count, distinct, evidenceOf } from './support/text.ts';

const MINIMUM_BITS = 2048;

/** Diffie-Hellman group of the ServerKeyExchange below 2048 bits. */
export const rule: EndpointRule = {
  id: 'weak-dh-parameters',
  scope: 'endpoint',
  title: 'Diffie-Hellman group below 2048 bits',
  severity: 'high',
  rationale:
    'Groups of 1024 bits, shared by many servers, can be broken once for all of them (Logjam), after which every connection that was captured opens. Java uses 1024 bits up to version 8 unless jdk.tls.ephemeralDHKeySize says otherwise.',
  decides:
    'Reads the size of the Diffie-Hellman group that the server sent (ServerKeyExchange) in handshakes with finite-field suites: below 2048 bits counts.',
  verdicts: {
    pass: 'every group that was seen has 2048 bits or more',
    fail: 'a group is smaller',
    inconclusive: 'such suites are in use, and no group was seen',
    'not-applicable': 'no TLS with finite-field Diffie-Hellman was seen',
  },
  remediation: remedy(
    'Use elliptic-curve suites; where finite-field ones have to stay, set -Djdk.tls.ephemeralDHKeySize=2048 in env.java.opts.all.',
    {
      'security.ssl.algorithms': STRONG_SUITES,
    },
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'https://www.rfc-editor.org/rfc/rfc7919',
    'CVE-2015-4000',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const finite = tlsObservations(subject.observations).filter(
      ({ tls }) => tls.dh !== undefined || suitesOf(tls).some((suite) => suiteProperties(suite).keyExchange === 'DHE'),
    );
    if (finite.length === 0) return [{ verdict: 'not-applicable' }];
    const sizes = distinct(finite.map((one) => one.tls.dh?.bits));
    const weak = sizes.filter((bits) => bits < MINIMUM_BITS);
    if (weak.length === 0) return [{ verdict: sizes.length === 0 ? 'inconclusive' : 'pass' }];
    return weak.map((bits) => {
      const shown = finite.filter((one) => one.tls.dh?.bits === bits);
      const group = shown[0]?.tls.dh?.group === undefined ? '' : ` (${shown[0].tls.dh.group})`;
      return {
        verdict: 'fail',
        discriminator: String(bits),
        message: `Exchanges keys in a Diffie-Hellman group of ${bits} bits${group}.`,
        expected: `at least ${MINIMUM_BITS} bits`,
        observed: `${bits} bits in ${count(shown.length, 'handshake')}`,
        evidence: shown.map((one) =>
          evidenceOf(one, `ServerKeyExchange with ${bits} bits`, { words: [`${bits} bits`, 'DHE'] }),
        ),
      };
    });
  },
};

function suitesOf({ cipherSuite, accepted }: TlsDetails): readonly string[] {
  return [cipherSuite ?? '', ...Object.values(accepted?.cipherSuites ?? {}).flat()];
}
