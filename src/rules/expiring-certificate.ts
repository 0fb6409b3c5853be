import type { Severity } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  accused,
  certificateEvidence,
  certificateText,
  type PresentedCertificate,
  presentedCertificates,
  which,
  withoutCertificate,
} from './support/certificates.ts';
import { hasTls } from './support/handshakes.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';
import { bothStandings, days, daysBetween, lastServedAt, standingAt, withoutFault } from './support/validity.ts';

/**
 * A certificate close to its end: within 20 days medium, within 7 days high.
 *
 * Judged as of when it was served and as of now, and the worse counts. One that has expired in between keeps the
 * severity of the time when it was served, and `expired-certificate` tells that it has.
 */
export const rule: EndpointRule = {
  id: 'expiring-certificate',
  scope: 'endpoint',
  title: 'Certificate expires soon',
  severity: 'medium',
  rationale:
    'Released Flink versions do not reload certificates, so a new one needs a restart of every process, which has to be planned. As a rule all internal channels share one certificate, so all of them end on the same day.',
  decides:
    'Counts the days until the end (notAfter) of every certificate that was presented, from when it was served and from now (--now); the fewer count. 7 days or less is high, 20 or less medium, unless the policy says otherwise.',
  verdicts: {
    pass: 'no certificate ends within the window',
    fail: 'a certificate ends, or has ended since it was served, within the window',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or its dates cannot be read',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake came as far as a certificate',
  },
  remediation: remedy(
    'Issue a new certificate, put it into the keystores and truststores of all processes, and plan a restart of all of them before the date.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5', 'FLINK-37504'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const presented = presentedCertificates(subject);
    if (presented.length === 0) return [{ verdict: withoutCertificate(subject) }];
    const expiring = presented.flatMap((one): Judgement[] => {
      const severity = severityOf(one, context);
      if (severity === undefined) return [];
      const left = daysBetween(context.now, Date.parse(one.certificate.notAfter));
      const when = left < 0 ? `ended ${days(left)} ago` : `ends in ${days(left)}`;
      return [
        {
          verdict: 'fail',
          severity,
          ...accused(one),
          discriminator: one.certificate.sha256,
          message: `The ${which(one)} ${when}, on ${one.certificate.notAfter}.`,
          expected: `more than ${context.expiry.mediumDays} days left`,
          observed: bothStandings(one, context),
          evidence: certificateEvidence(
            one,
            `${certificateText(one.certificate)} not after ${one.certificate.notAfter}`,
          ),
          remediation: keystoreRemedy(subject, context, 'Issue a new certificate before that date.'),
        },
      ];
    });
    return expiring.length === 0 ? [{ verdict: withoutFault(presented) }] : expiring;
  },
};

function severityOf(one: PresentedCertificate, context: RuleContext): Severity | undefined {
  const ends = Date.parse(one.certificate.notAfter);
  const served = lastServedAt(one);
  // Expired when served is another rule's finding.
  if (standingAt(one.certificate, served) === 'expired') return undefined;
  const left = [served, context.now]
    .filter((at) => standingAt(one.certificate, at) === 'valid')
    .map((at) => daysBetween(at, ends));
  const least = Math.min(...left);
  if (least <= context.expiry.highDays) return 'high';
  return least <= context.expiry.mediumDays ? 'medium' : undefined;
}
