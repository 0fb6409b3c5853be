import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { isAnonymous, isExport, isNull } from '../tls/cipher-suites.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** Suites without encryption, without authentication, or with keys of 40 and 56 bits. */
export const rule: EndpointRule = {
  id: 'null-anonymous-export-suite',
  scope: 'endpoint',
  title: 'Suite without encryption or authentication, or export grade',
  severity: 'critical',
  promise: 'values',
  rationale:
    'NULL suites send everything readable, anonymous suites let anyone sit in the middle, export suites are broken in minutes. TLS with such a suite protects nothing although every check for TLS passes.',
  decides:
    'Looks at the suite of every TLS connection and at the suites that the server took from a probe, by name: NULL, anonymous, export.',
  verdicts: {
    pass: 'no such suite was used or accepted',
    fail: 'a suite was used or accepted that does not encrypt, does not authenticate, or is of export grade',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake in which the server chose',
  },
  remediation: SUITES_REMEDY,
  references: ['https://www.rfc-editor.org/rfc/rfc9325#section-4.1'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const isBroken = (suite: string): boolean => isNull(suite) || isAnonymous(suite) || isExport(suite);
    return judgeChosen(subject, chosenSuites(tlsObservations(subject.observations)), isBroken, {
      message: (suite, verb) => `${verb} ${suite}, ${flaw(suite)}.`,
      expected: 'a suite that encrypts and authenticates',
      remediation: suitesRemedy(subject, context),
    });
  },
};

function flaw(suite: string): string {
  if (isNull(suite)) return 'which does not encrypt';
  return isAnonymous(suite) ? 'which authenticates nobody' : 'which was weakened for export';
}
