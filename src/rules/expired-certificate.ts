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
import { bothStandings, daysBetween, lastServedAt, standingAt, withoutFault } from './support/validity.ts';

/**
 * A certificate that had expired when it was served: high.
 *
 * One that was valid then and has expired since, as of the run's time, is told at low: an old capture does not show
 * whether it has been replaced, so it must neither fail the run nor be forgotten. What was close to its end when it
 * was served is told by `expiring-certificate` with the severity of that time.
 */
export const rule: EndpointRule = {
  id: 'expired-certificate',
  scope: 'endpoint',
  title: 'Expired certificate served',
  severity: 'high',
  rationale:
    "Java accepts an expired certificate that stands in the truststore itself (seen on Flink's internal channels), so the cluster runs on and nobody notices, until a client, proxy or truststore that checks dates refuses it. A date that nobody minds is also a key that nobody has changed.",
  decides:
    'Compares the end (notAfter) of every certificate that was presented, chains and certificates of clients included, with the last time that it was served and with now (--now). Expired when it was served is high; expired since is low, unless it was so close to its end then that expiring-certificate tells it.',
  verdicts: {
    pass: 'no certificate has expired',
    fail: 'a certificate had expired when it was served, or has since',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or its dates cannot be read',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake came as far as a certificate',
  },
  remediation: remedy(
    'Issue a new certificate, put it into the keystores and truststores of all processes, and restart them: released Flink versions do not reload certificates.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5', 'FLINK-37504'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const presented = presentedCertificates(subject);
    if (presented.length === 0) return [{ verdict: withoutCertificate(subject) }];
    const expired = presented.flatMap((one): Judgement[] => {
      const then = standingAt(one.certificate, lastServedAt(one));
      const now = standingAt(one.certificate, context.now);
      if (then !== 'expired' && now !== 'expired') return [];
      const since = then !== 'expired';
      if (since && wasCloseToItsEnd(one, context)) return [];
      return [
        {
          verdict: 'fail',
          severity: since ? 'low' : 'high',
          ...accused(one),
          discriminator: one.certificate.sha256,
          message: since
            ? `The ${which(one)} was valid when it was served and has expired since (${one.certificate.notAfter}): check that it has been replaced.`
            : `The ${which(one)} had expired on ${one.certificate.notAfter} when it was served.`,
          expected: 'a certificate within its validity period',
          observed: bothStandings(one, context),
          evidence: certificateEvidence(
            one,
            `${certificateText(one.certificate)} not after ${one.certificate.notAfter}`,
          ),
          remediation: keystoreRemedy(subject, context, 'Issue a new certificate.'),
        },
      ];
    });
    return expired.length === 0 ? [{ verdict: withoutFault(presented) }] : expired;
  },
};

/** Then `expiring-certificate` tells it, with more weight. */
function wasCloseToItsEnd(one: PresentedCertificate, context: RuleContext): boolean {
  return daysBetween(lastServedAt(one), Date.parse(one.certificate.notAfter)) <= context.expiry.mediumDays;
}
