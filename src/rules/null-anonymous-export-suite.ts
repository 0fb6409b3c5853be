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
