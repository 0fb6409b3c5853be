import type { Judgement, RuleContext, StoreRule, StoreSubject } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { isRead, storedCertificates, storeFault, whichStored } from './support/stores.ts';
import { days, daysBetween, standingAt, withoutFault } from './support/validity.ts';

/** Certificates in key stores that expire within the windows of the policy. */
export const rule: StoreRule = {
  id: 'stored-certificate-expiring',
  scope: 'store',
  title: 'Certificate in a key store expires soon',
  severity: 'medium',
  rationale:
    'A new certificate needs a restart of every process at the same time, since they all share it and released Flink versions read it at their start only. That takes planning, and a truststore that holds the old and the new one for a while.',
  decides:
    'Counts the days from now (--now) until the end (notAfter) of every certificate in the store: 7 or less is high, 20 or less medium, unless the policy says otherwise. One of several trusted certificates does not count.',
  verdicts: {
    pass: 'no certificate ends within the window',
    fail: 'a certificate ends within the window',
    inconclusive: 'a date cannot be read',
    'not-applicable': 'the store could not be opened, or is empty',
  },
  remediation: remedy(
    'Issue a new certificate now, add it to all truststores first, then put it into the keystores and restart all processes together.',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5', 'FLINK-37504'],

  appliesTo: isRead,

  evaluate(subject: StoreSubject, context: RuleContext): readonly Judgement[] {
    const all = storedCertificates(subject);
    const isBundle = all.filter((one) => one.standing === 'trusted').length > 1;
    const judgements = all.flatMap((one): Judgement[] => {
      const { certificate } = one;
      const left = daysBetween(context.now, Date.parse(certificate.notAfter));
      if (standingAt(certificate, context.now) !== 'valid' || left > context.expiry.mediumDays) return [];
      if (isBundle && one.standing === 'trusted') return [];
      return [
        storeFault(subject, {
          severity: left <= context.expiry.highDays ? 'high' : 'medium',
          discriminator: certificate.sha256,
          message: `The ${whichStored(one)} expires on ${certificate.notAfter}, in ${days(left)}.`,
          expected: `a certificate valid for more than ${context.expiry.mediumDays} days`,
          observed: `valid for another ${days(left)}`,
          said: `${whichStored(one)} not after ${certificate.notAfter}`,
        }),
      ];
    });
    return judgements.length > 0 ? judgements : [{ verdict: withoutFault(all) }];
  },
};
