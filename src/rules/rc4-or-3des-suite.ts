import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isAnonymous, isDesOrOlder, isExport, isRc4 } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { STRONG_SUITES, SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** RC4, 3DES, and what is older still (DES, RC2, IDEA); export and anonymous ones have a rule of their own. */
export const rule: EndpointRule = {
  id: 'rc4-or-3des-suite',
  scope: 'endpoint',
  title: 'RC4, 3DES or an older cipher',
  severity: 'high',
  rationale:
    'RC4 leaks what is sent often in the same place, as headers are. 3DES and other ciphers with blocks of 64 bits leak once some tens of gigabytes have crossed one connection (Sweet32), which a Flink shuffle does in an hour. RFC 9325 says that neither must be negotiated.',
  remediation: SUITES_REMEDY,
  references: [
    'https://www.rfc-editor.org/rfc/rfc7465',
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'CVE-2016-2183',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    return judgeChosen(subject, chosenSuites(tlsObservations(subject.observations)), isOutworn, {
      message: (suite, place) => `${place} uses ${suite}, a cipher that is broken or nearly so.`,
      expected: `AES-GCM or ChaCha20-Poly1305, as in ${STRONG_SUITES}`,
      remediation: suitesRemedy(subject, context),
    });
  },
};

function isOutworn(suite: string): boolean {
  return (isRc4(suite) || is3des(suite) || isDesOrOlder(suite)) && !isExport(suite) && !isAnonymous(suite);
}
