import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isAnonymous, isDesOrOlder, isExport, isRc4 } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** RC4, 3DES, and what is older still (DES, RC2, IDEA); export and anonymous ones have a rule of their own. */
export const rule: EndpointRule = {
  id: 'rc4-or-3des-suite',
  scope: 'endpoint',
  title: 'RC4, 3DES or an older cipher',
  severity: 'high',
  promise: 'values',
  rationale:
    'RC4 leaks what is sent often at the same place, as headers are. 3DES and other ciphers with blocks of 64 bits leak after some tens of gigabytes on one connection (Sweet32), which a busy shuffle reaches within the hour. RFC 9325 forbids both.',
  decides:
    'Looks at the suite of every TLS connection and at the suites that the server took from a probe, by name: RC4, 3DES, DES and older; export and anonymous ones are left to null-anonymous-export-suite.',
  verdicts: {
    pass: 'no such suite was used or accepted',
    fail: 'such a suite was used, or accepted when it was offered',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake in which the server chose',
  },
  remediation: SUITES_REMEDY,
  references: [
    'https://www.rfc-editor.org/rfc/rfc7465',
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'CVE-2016-2183',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    return judgeChosen(subject, chosenSuites(tlsObservations(subject.observations)), isOutworn, {
      message: (suite, verb) => `${verb} ${suite}: a cipher that leaks what it encrypts.`,
      expected: 'AES-GCM or ChaCha20-Poly1305',
      remediation: suitesRemedy(subject, context),
    });
  },
};

function isOutworn(suite: string): boolean {
  return (isRc4(suite) || is3des(suite) || isDesOrOlder(suite)) && !isExport(suite) && !isAnonymous(suite);
}
