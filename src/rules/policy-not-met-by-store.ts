import type { Requirement } from '../model/policy.ts';
import type { Judgement, RuleContext, StoreRule, StoreSubject } from '../model/rule.ts';
import { certificateValue, isJudged } from './support/policy-certificate.ts';
import { compare } from './support/policy-relation.ts';
import { aboutText, requirementsOf, unmet } from './support/policy-words.ts';
import { remedy } from './support/remedies.ts';
import { isRead, storedCertificates, storeEvidence, storeFault, whichStored } from './support/stores.ts';
import { listed } from './support/text.ts';

/** Requirements of `--policy` on certificates, held against the keys of a store and their chains. */
export const rule: StoreRule = {
  id: 'policy-not-met-by-store',
  scope: 'store',
  title: 'Key store does not meet a requirement of the policy',
  severity: 'medium',
  rationale:
    'The policy was given to say what has to hold, and this store has a certificate that does not. A process shows it to its peers from its next start on. The reason stands with each requirement, with the document that it is from: flinkprobe explain POLICY prints all of them.',
  decides:
    'Each requirement of the policy on certificates is held against every key of the store and the chain beside it; what a truststore trusts is not judged. Severity and references are those of the requirement.',
  verdicts: {
    pass: 'every certificate of the store meets the requirement',
    fail: 'a certificate does not',
    inconclusive: 'a certificate could not be read far enough',
    'not-applicable': 'no policy was given, it asks nothing of such a store, or the store holds no key',
  },
  remediation: remedy('Issue the certificate again as the requirement asks, or change the policy.'),
  references: ['flinkprobe verify: --policy'],

  appliesTo(subject: StoreSubject, context: RuleContext): boolean {
    return isRead(subject) && about(subject, context).length > 0 && certificatesOf(subject).length > 0;
  },

  evaluate(subject: StoreSubject, context: RuleContext): readonly Judgement[] {
    return about(subject, context).map((requirement) => judge(requirement, subject, context));
  },
};

type CertificateRequirement = Requirement & { readonly certificate: Parameters<typeof certificateValue>[0] };

/** A store that nobody names may be of either family. */
function about({ uses }: StoreSubject, context: RuleContext): readonly CertificateRequirement[] {
  return requirementsOf(context, ({ families }) =>
    uses.some(({ family }) => family === undefined || families.has(family)),
  ).flatMap(({ requirement }) => ('certificate' in requirement ? [requirement] : []));
}

function certificatesOf(subject: StoreSubject): ReturnType<typeof storedCertificates> {
  return storedCertificates(subject).filter(({ standing }) => standing !== 'trusted');
}

function judge(requirement: CertificateRequirement, subject: StoreSubject, context: RuleContext): Judgement {
  const { id, certificate: aspect } = requirement;
  const values = certificatesOf(subject)
    .filter(({ certificate, standing }) => isJudged(aspect, certificate, standing === 'leaf' ? 0 : 1))
    .map((one) => ({ one, found: certificateValue(aspect, one.certificate, context.now) }));
  const bad = values.flatMap(({ one, found }) =>
    found.seen === 'value' && compare(requirement, [found.value]).verdict !== 'met'
      ? [{ one, value: found.value }]
      : [],
  );
  if (bad.length > 0) {
    const said = listed(bad.map(({ one, value }) => `${whichStored(one)}: ${value}`));
    const failure = unmet(context.policy!, requirement, said);
    return storeFault(subject, { ...failure, said: `${aboutText(requirement)}: ${said}` });
  }
  if (values.some(({ found }) => found.seen === 'unread')) {
    return {
      verdict: 'inconclusive',
      severity: 'info',
      requirement: id,
      discriminator: `${context.policy!.name} ${id}`,
      message: `Whether it meets ${id} of ${context.policy!.name} could not be read.`,
      expected: aboutText(requirement),
      observed: 'a certificate that could not be read so far',
      evidence: storeEvidence(subject, 'a certificate that could not be read so far'),
    };
  }
  return { verdict: 'pass', requirement: id };
}
