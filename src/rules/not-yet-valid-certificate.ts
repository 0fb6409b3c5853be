import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  accused,
  certificateEvidence,
  certificateText,
  presentedCertificates,
  which,
  withoutCertificate,
} from './support/certificates.ts';
import { hasTls } from './support/handshakes.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';
import { bothStandings, firstServedAt, standingAt, withoutFault } from './support/validity.ts';

/** A certificate served before its notBefore: told also where the date has come since, as the clock or issue was wrong. */
export const rule: EndpointRule = {
  id: 'not-yet-valid-certificate',
  scope: 'endpoint',
  title: 'Certificate served before its validity begins',
  severity: 'high',
  rationale:
    'A certificate from the future means a wrong clock where it was issued or where it is served, or a new certificate that was installed too early. Peers that check dates refuse it.',
  decides:
    'Compares the beginning (notBefore) of every certificate that was presented, chains and certificates of clients included, with the first time that it was served.',
  verdicts: {
    pass: 'every certificate was valid when it was served first',
    fail: 'a certificate was served before its time',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or its dates cannot be read',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake came as far as a certificate',
  },
  remediation: remedy(
    'Check the clocks of issuer and host (chronyc tracking), then issue the certificate again, or wait for its date.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const presented = presentedCertificates(subject);
    if (presented.length === 0) return [{ verdict: withoutCertificate(subject) }];
    const early = presented.filter((one) => standingAt(one.certificate, firstServedAt(one)) === 'not-yet-valid');
    if (early.length === 0) return [{ verdict: withoutFault(presented) }];
    return early.map((one) => ({
      verdict: 'fail',
      ...accused(one),
      discriminator: one.certificate.sha256,
      message: `The ${which(one)} was served before it is valid (${one.certificate.notBefore}).`,
      expected: 'a certificate within its validity period',
      observed: bothStandings(one, context),
      evidence: certificateEvidence(one, `${certificateText(one.certificate)} not before ${one.certificate.notBefore}`),
      remediation: keystoreRemedy(
        subject,
        context,
        'Check the clocks, then issue the certificate again or wait for its date.',
      ),
    }));
  },
};
