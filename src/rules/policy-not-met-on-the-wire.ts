import type { Policy, Requirement } from '../model/policy.ts';
import type { Evidence } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { certificateEvidence, presentedCertificates, which, withoutCertificate } from './support/certificates.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { certificateValue, isJudged } from './support/policy-certificate.ts';
import { compare } from './support/policy-relation.ts';
import { type ServedValue, servedValues } from './support/policy-served.ts';
import { aboutText, requirementsOf, unmet } from './support/policy-words.ts';
import { remedy } from './support/remedies.ts';
import { distinct, evidenceOf, listed } from './support/text.ts';

/** Requirements of `--policy` on what is served and on the certificates that are presented, endpoint by endpoint. */
export const rule: EndpointRule = {
  id: 'policy-not-met-on-the-wire',
  scope: 'endpoint',
  title: 'Endpoint does not meet a requirement of the policy',
  severity: 'medium',
  rationale:
    'The policy was given to say what has to hold, and this endpoint was seen to do otherwise. The reason stands with each requirement, with the document that it is from: flinkprobe explain POLICY prints all of them.',
  decides:
    'Each requirement of the policy on this channel is held against what connections used and what a probe got accepted: TLS at all, client authentication, versions, suites, groups, and every certificate that was presented. Severity and references are those of the requirement.',
  verdicts: {
    pass: 'all that was seen meets the requirement',
    fail: 'a connection, a probe or a certificate shows otherwise',
    inconclusive: 'what the requirement is about was hidden or not asked',
    'not-applicable': 'no policy was given, or it asks nothing of this channel',
  },
  hears: ['wire', 'handshake', 'promise'],
  remediation: remedy(
    'Change what the requirement names, on every process that shares it, and restart them together; or change the policy.',
  ),
  references: ['flinkprobe verify: --policy'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return about(subject, context).length > 0;
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const { policy } = context;
    if (policy === undefined) return [];
    const judgements = about(subject, context).flatMap((one) => judge(one, policy, subject, context));
    const hidden = judgements.flatMap(({ requirement, verdict, observed }) =>
      verdict === 'inconclusive' ? [{ requirement: requirement!, because: observed ?? '' }] : [],
    );
    return hidden.length === 0 ? judgements : [...judgements, hiddenJudgement(hidden, policy)];
  },
};

function about(subject: EndpointSubject, context: RuleContext): readonly Requirement[] {
  const { channel } = subject;
  if (channel === 'unknown') return [];
  return requirementsOf(context, ({ requirement, channels }) => !('key' in requirement) && channels.has(channel)).map(
    ({ requirement }) => requirement,
  );
}

function judge(
  requirement: Requirement,
  policy: Policy,
  subject: EndpointSubject,
  context: RuleContext,
): readonly Judgement[] {
  if ('served' in requirement) return judgeServed(requirement, policy, subject);
  return 'certificate' in requirement ? judgeCertificates(requirement, policy, subject, context) : [];
}

const met = ({ id }: Requirement): Judgement => ({ verdict: 'pass', requirement: id });
/** Counted; told of all requirements together. */
const untold = ({ id }: Requirement, because: string): Judgement => ({
  verdict: 'inconclusive',
  requirement: id,
  observed: because,
});

function judgeServed(
  requirement: Requirement & { readonly served: Parameters<typeof servedValues>[0] },
  policy: Policy,
  subject: EndpointSubject,
): readonly Judgement[] {
  const served = servedValues(requirement.served, subject);
  if (served.seen === 'none') return [];
  if (served.seen === 'hidden') return [untold(requirement, served.because)];
  const { values } = served;
  // Nothing of the kind is served: no group where there is none, no MAC where there is no CBC suite.
  if (values.length === 0) return [met(requirement)];
  const result = compare(
    requirement,
    values.map(({ value }) => value),
  );
  switch (result.verdict) {
    case 'met':
      return [met(requirement)];
    case 'lacking':
      if (served.seen === 'part' && !wasDeclined(requirement, subject)) {
        return [
          untold(requirement, `whether ${aboutText(requirement)} other than those in use are accepted was not asked`),
        ];
      }
      return [failure(requirement, policy, values, `${valuesText(values)}, and nothing that is required`)];
    case 'not-met': {
      const bad = values.filter(({ value }) => result.offending.includes(value));
      return [failure(requirement, policy, bad, valuesText(bad))];
    }
  }
}

/** A client offered a version that is required, and the server took another one: it has none better. */
function wasDeclined(requirement: Requirement, subject: EndpointSubject): boolean {
  if (!('served' in requirement) || requirement.served !== 'protocol' || !('required' in requirement)) return false;
  return tlsObservations(subject.observations).some(
    ({ tls }) =>
      tls.version !== undefined && requirement.required.some((value) => tls.offered?.versions.includes(value) === true),
  );
}

function failure(
  requirement: Requirement,
  policy: Policy,
  values: readonly ServedValue[],
  observed: string,
): Judgement {
  const evidence: readonly Evidence[] = values.flatMap(({ value, observations }) =>
    observations.slice(0, 1).map((one) => evidenceOf(one, `${aboutText(requirement)}: ${value}`, { words: [value] })),
  );
  return unmet(policy, requirement, observed, { evidence });
}

function valuesText(values: readonly ServedValue[]): string {
  return values
    .map(({ value, observations }) => {
      const isUsed = observations.some(({ vantage }) => vantage !== 'active');
      return `${value} (${isUsed ? 'in use' : 'accepted'})`;
    })
    .join(', ');
}

function judgeCertificates(
  requirement: Requirement & { readonly certificate: Parameters<typeof certificateValue>[0] },
  policy: Policy,
  subject: EndpointSubject,
  context: RuleContext,
): readonly Judgement[] {
  if (!hasTls(subject)) return [];
  const presented = presentedCertificates(subject).filter(({ certificate, position }) =>
    isJudged(requirement.certificate, certificate, position),
  );
  if (presented.length === 0) {
    return withoutCertificate(subject) === 'inconclusive' ? [untold(requirement, 'no certificate was seen')] : [];
  }
  const values = presented.map((one) => ({
    one,
    found: certificateValue(requirement.certificate, one.certificate, context.now),
  }));
  const bad = values.flatMap(({ one, found }) =>
    found.seen === 'value' && compare(requirement, [found.value]).verdict !== 'met'
      ? [{ one, value: found.value }]
      : [],
  );
  if (bad.length > 0) {
    const said = bad.map(({ one, value }) => `${which(one)}: ${value}`);
    return [
      unmet(policy, requirement, `${listed(said)}`, {
        evidence: bad.flatMap(({ one, value }) =>
          certificateEvidence(one, `${aboutText(requirement)}: ${value}`).slice(0, 1),
        ),
      }),
    ];
  }
  if (values.some(({ found }) => found.seen === 'unread'))
    return [untold(requirement, 'a certificate could not be read')];
  return [met(requirement)];
}

function hiddenJudgement(
  hidden: readonly { readonly requirement: string; readonly because: string }[],
  policy: Policy,
): Judgement {
  const reasons = distinct(hidden.map(({ because }) => because));
  const names = hidden.map(({ requirement }) => requirement).join(', ');
  return {
    verdict: 'inconclusive',
    severity: 'info',
    title: `Requirements of ${policy.name} that could not be judged`,
    discriminator: `${policy.name} hidden`,
    message: `Could not be judged here: ${names}.`,
    expected: `to see what ${policy.name} asks for`,
    observed: reasons.join('; '),
    remediation: remedy(
      'Ask the endpoint (flinkprobe verify), or capture full handshakes and give the session keys with --keylog.',
    ),
  };
}
