import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { isFiniteField } from './support/finite-field.ts';
import { chosenSuites, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { SUITES_REMEDY, suitesRemedy } from './support/remedies.ts';

/** Finite-field Diffie-Hellman of TLS 1.2 and older, whose group the server picks alone. */
export const rule: EndpointRule = {
  id: 'finite-field-dhe',
  scope: 'endpoint',
  title: 'Finite-field Diffie-Hellman in TLS 1.2',
  severity: 'medium',
  promise: 'values',
  rationale:
    'In TLS 1.2 the server alone picks the Diffie-Hellman group: a client can neither ask for a strong one nor cheaply tell a weak one, and large ones are slow. RFC 9325 says that such suites should not be negotiated, RFC 10015 deprecates them.',
  decides:
    'Looks at the suite of every TLS connection and at the suites that the server took from a probe, by name: DHE or static DH over a finite field, anonymous ones excepted.',
  verdicts: {
    pass: 'no such suite was used or accepted',
    fail: 'a suite with finite-field Diffie-Hellman was used, or accepted when it was offered',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake in which the server chose',
  },
  remediation: SUITES_REMEDY,
  references: [
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'https://www.rfc-editor.org/rfc/rfc9325#section-7.4',
    'https://www.rfc-editor.org/rfc/rfc7919',
    'https://www.rfc-editor.org/rfc/rfc10015',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    return judgeChosen(subject, chosenSuites(tlsObservations(subject.observations)), isFiniteField, {
      message: (suite, verb) => `${verb} ${suite}, whose group the server picks alone.`,
      expected: 'an elliptic-curve key exchange (ECDHE)',
      remediation: suitesRemedy(subject, context),
    });
  },
};
