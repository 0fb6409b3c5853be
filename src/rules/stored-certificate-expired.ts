import type { Judgement, RuleContext, StoreRule, StoreSubject } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { isRead, type StoredCertificate, storedCertificates, storeFault, whichStored } from './support/stores.ts';
import { days, daysBetween, standingAt, withoutFault } from './support/validity.ts';

/** Expired certificates in key stores; low where it is one of several that a truststore holds. */
export const rule: StoreRule = {
  id: 'stored-certificate-expired',
  scope: 'store',
  title: 'Expired certificate in a key store',
  severity: 'high',
  rationale:
    'Java does not look at the dates of a certificate that stands in the truststore itself, so that a Flink cluster with an expired self-signed one comes up and works (seen on 1.20.3), and nobody notices. Clients of REST, proxies and chains of an authority do check, and refuse it.',
  decides:
    'Compares the end (notAfter) of every certificate in the store with now (--now). High; low for one of several trusted certificates, since bundles always hold old ones.',
  verdicts: {
    pass: 'no certificate has expired',
    fail: 'a certificate has expired',
    inconclusive: 'a date cannot be read',
    'not-applicable': 'the store could not be opened, or is empty',
  },
  remediation: remedy(
    'Issue a new certificate, put it into the keystores and truststores of all processes, and restart them: released Flink versions do not reload certificates.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5', 'FLINK-37504'],

  appliesTo: isRead,

  evaluate(subject: StoreSubject, context: RuleContext): readonly Judgement[] {
    const all = storedCertificates(subject);
    const trusted = all.filter((one) => one.standing === 'trusted');
    const judgements = all
      .filter(({ certificate }) => standingAt(certificate, context.now) === 'expired')
      .map((one) => {
        const { certificate } = one;
        const ago = days(daysBetween(Date.parse(certificate.notAfter), context.now));
        // A bundle of authorities always has one that is too old.
        const spare = one.standing === 'trusted' && trusted.length > 1;
        return storeFault(subject, {
          severity: spare ? 'low' : 'high',
          discriminator: certificate.sha256,
          message: `The ${whichStored(one)} expired on ${certificate.notAfter}.${unnoticed(subject, one)}`,
          expected: 'a certificate within its validity period',
          observed: `expired for ${ago}`,
          said: `${whichStored(one)} not after ${certificate.notAfter}`,
        });
      });
    return judgements.length > 0 ? judgements : [{ verdict: withoutFault(all) }];
  },
};

/** Internal peers trust the certificate itself, whose dates nobody looks at (`PKIXValidator` and trust anchors). */
function unnoticed({ uses }: StoreSubject, { certificate, standing }: StoredCertificate): string {
  const isOwnAnchor = standing !== 'issuer' && certificate.selfIssued;
  if (!isOwnAnchor || !uses.some(({ family }) => family === 'internal')) return '';
  return ' Nothing in Flink notices it: after a restart the cluster comes up although it should not.';
}
