import type { Policy, Requirement } from '../model/policy.ts';
import type { Finding } from '../model/report.ts';

type Aspect = string;

/** Rules that tell the same fact as a requirement of this kind, with more to say of why it matters and what mends it. */
const ALSO_TOLD: Readonly<Record<Aspect, readonly string[]>> = {
  tls: ['plaintext-channel', 'clear-by-configuration', 'channel-opted-out', 'removed-tls-switch'],
  'client-authentication': ['no-client-authentication', 'rest-open-to-all', 'rest-open-by-configuration'],
  protocol: ['protocol-below-tls12', 'protocol-list'],
  'cipher-suite': [
    'null-anonymous-export-suite',
    'rc4-or-3des-suite',
    'static-rsa-key-exchange',
    'finite-field-dhe',
    'cbc-without-encrypt-then-mac',
    'weak-suite-configured',
  ],
  'encrypt-then-mac': ['cbc-without-encrypt-then-mac', 'weak-suite-configured'],
  'dh-bits': ['weak-dh-parameters'],
  'rsa-bits': ['weak-certificate-key', 'stored-certificate-weak'],
  'dsa-bits': ['weak-certificate-key', 'stored-certificate-weak'],
  'ec-bits': ['weak-certificate-key', 'stored-certificate-weak'],
  hash: ['weak-certificate-signature', 'stored-certificate-weak'],
  'remaining-days': ['expired-certificate', 'stored-certificate-expired'],
};

/** Values that both findings have to name before they tell the same. */
const NAMED: ReadonlySet<Aspect> = new Set(['protocol', 'cipher-suite']);

/**
 * Keeps nobody reading the same twice.
 *
 * Where a rule of its own tells what a requirement is not met by, the requirement's finding stays with its severity and
 * source, and leaves proof and cure to that rule. Where an endpoint was seen not to meet a requirement, what its
 * configuration has to do with it becomes a proof there.
 *
 * `requirements`: ids of what findings of the policy are about.
 */
export function withoutEchoes(
  all: readonly Finding[],
  requirements: ReadonlyMap<Finding, string>,
  policy: Policy | undefined,
): readonly Finding[] {
  if (policy === undefined || requirements.size === 0) return all;
  const byId = new Map(policy.requirements.map(({ requirement }) => [requirement.id, requirement]));
  const own = all.filter((one) => !requirements.has(one));
  const ofPolicy = all.filter((one) => requirements.has(one) && one.verdict === 'fail');
  const isSame = (seen: Finding, promised: Finding): boolean =>
    requirements.get(seen) === requirements.get(promised) && isPromiseOf(seen, promised);
  return all.flatMap((finding) => {
    const requirement = byId.get(requirements.get(finding) ?? '');
    if (requirement === undefined) return [finding];
    if (ofPolicy.some((seen) => isSame(seen, finding))) return [];
    const promises = ofPolicy.filter((promised) => isSame(finding, promised));
    return [leftTo(tellerOf(finding, requirement, own), withPromises(finding, promises))];
  });
}

/** Whether a finding of the wire is about a process that this finding of a configuration promises for. */
function isPromiseOf(seen: Finding, promised: Finding): boolean {
  if (seen.endpoint === undefined || promised.endpoint !== undefined || seen.channel !== promised.channel) return false;
  const [at, of] = [seen.endpoint.member, promised.file?.member];
  return at === undefined || of === undefined || at === of;
}

function withPromises(finding: Finding, promises: readonly Finding[]): Finding {
  if (promises.length === 0) return finding;
  return {
    ...finding,
    evidence: [...finding.evidence, ...promises.flatMap(({ evidence }) => evidence.slice(0, 1))],
    witnesses: { ...finding.witnesses, promise: 'fail' },
  };
}

function leftTo(teller: Finding | undefined, finding: Finding): Finding {
  if (teller === undefined) return finding;
  return {
    ...finding,
    message: `${finding.message} ${teller.ruleId} tells the proof and what mends it.`,
    evidence: finding.evidence.slice(0, 1),
    remediation: { text: `Do what ${teller.ruleId} says.`, settings: {}, command: null },
  };
}

function tellerOf(finding: Finding, requirement: Requirement, own: readonly Finding[]): Finding | undefined {
  if (finding.verdict !== 'fail') return undefined;
  const aspect = aspectOf(requirement);
  const tellers = ALSO_TOLD[aspect] ?? [];
  return own.find(
    (one) =>
      one.verdict === 'fail' &&
      tellers.includes(one.ruleId) &&
      isSamePlace(one, finding) &&
      (!NAMED.has(aspect) || sharesValue(one, finding)),
  );
}

function aspectOf(requirement: Requirement): Aspect {
  if ('key' in requirement) return '';
  return 'served' in requirement ? requirement.served : requirement.certificate;
}

function isSamePlace(a: Finding, b: Finding): boolean {
  if (a.endpoint !== undefined && b.endpoint !== undefined)
    return a.channel === b.channel && a.endpoint.host === b.endpoint.host && a.endpoint.port === b.endpoint.port;
  return a.file !== undefined && b.file !== undefined && a.file.path === b.file.path && a.file.member === b.file.member;
}

function sharesValue(a: Finding, b: Finding): boolean {
  const words = new Set(b.observed.split(/[^\w.-]+/).filter((word) => /^(?:TLS|SSL)/.test(word)));
  return `${a.observed} ${a.message}`.split(/[^\w.-]+/).some((word) => words.has(word.replace(/\.$/, '')));
}
