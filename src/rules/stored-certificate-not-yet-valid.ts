import type { Judgement, RuleContext, StoreRule, StoreSubject } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { isRead, storedCertificates, storeFault, whichStored } from './support/stores.ts';
import { days, daysBetween, standingAt, withoutFault } from './support/validity.ts';

/** Certificates in key stores whose validity lies ahead. */
export const rule: StoreRule = {
  id: 'stored-certificate-not-yet-valid',
  scope: 'store',
  title: 'Certificate in a key store is not valid yet',
  severity: 'high',
  rationale:
    'Whoever checks dates refuses it until then: browsers, the command line client, chains of an authority. A Flink cluster whose truststore holds the certificate itself comes up all the same (seen on 1.20.3), so that the fault shows elsewhere. The clock of the machine may be the cause.',
  decides: 'Compares the beginning (notBefore) of every certificate in the store with now (--now).',
  verdicts: {
    pass: 'every certificate has begun',
    fail: 'the validity of a certificate lies ahead',
    inconclusive: 'a date cannot be read',
    'not-applicable': 'the store could not be opened, or is empty',
  },
  remediation: remedy('Check the clock of the machine and of the one that issued it, and issue the certificate again.'),
  references: ['https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5'],

  appliesTo: isRead,

  evaluate(subject: StoreSubject, context: RuleContext): readonly Judgement[] {
    const all = storedCertificates(subject);
    const judgements = all
      .filter(({ certificate }) => standingAt(certificate, context.now) === 'not-yet-valid')
      .map((one) => {
        const { certificate } = one;
        const ahead = days(daysBetween(context.now, Date.parse(certificate.notBefore)));
        return storeFault(subject, {
          discriminator: certificate.sha256,
          message: `The ${whichStored(one)} is valid from ${certificate.notBefore} on only.`,
          expected: 'a certificate within its validity period',
          observed: `not valid for another ${ahead}`,
          said: `${whichStored(one)} not before ${certificate.notBefore}`,
        });
      });
    return judgements.length > 0 ? judgements : [{ verdict: withoutFault(all) }];
  },
};
