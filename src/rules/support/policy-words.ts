import type { CertificateAspect, Policy, Requirement, ResolvedRequirement, ServedAspect } from '../../model/policy.ts';
import type { Judgement, RuleContext } from '../../model/rule.ts';
import { isOlder } from './flink-version.ts';
import { relationText } from './policy-relation.ts';
import { policyRemedy } from './policy-remedy.ts';
import { isSensitive } from './settings.ts';

const ASPECTS: Readonly<Record<ServedAspect | CertificateAspect, string>> = {
  tls: 'TLS',
  'client-authentication': 'client authentication',
  protocol: 'protocol versions',
  'cipher-suite': 'cipher suites',
  'named-group': 'key exchange groups',
  'dh-bits': 'bits of Diffie-Hellman groups',
  'encrypt-then-mac': 'encrypt-then-MAC of CBC suites',
  'key-type': 'type of the certificate key',
  'rsa-bits': 'bits of RSA keys',
  'dsa-bits': 'bits of DSA keys',
  'ec-bits': 'bits of elliptic curve keys',
  curve: 'curve of the certificate key',
  hash: 'hash of certificate signatures',
  'validity-days': 'days that certificates are valid for',
  'remaining-days': 'days until certificates expire',
};

/** `cipher suites`, `security.ssl.protocol`. */
export function aboutText(requirement: Requirement): string {
  if ('key' in requirement) return requirement.key;
  return ASPECTS['served' in requirement ? requirement.served : requirement.certificate];
}

const SCOPES: Readonly<Record<'internal' | 'rest' | 'all', string>> = {
  internal: 'internal channels',
  rest: 'REST, history server, SQL gateway',
  all: 'all channels that Flink can protect',
};

/** Where a requirement holds: `internal channels`, `configuration`, `blob-server`. */
export function scopeText(requirement: Requirement): string {
  if ('key' in requirement) return 'configuration';
  const scope = requirement.on ?? 'all';
  return typeof scope === 'string' ? SCOPES[scope] : scope.join(', ');
}

/** Requirements of the run's policy that a rule is about, of this version of Flink. */
export function requirementsOf(
  context: RuleContext,
  isMeant: (one: ResolvedRequirement) => boolean,
): readonly ResolvedRequirement[] {
  const { policy, flinkVersion } = context;
  return (policy?.requirements ?? []).filter((one) => isOfVersion(one.requirement, flinkVersion) && isMeant(one));
}

/** An unknown version is taken for the newest. */
export function isOfVersion({ since, until }: Requirement, version: string | undefined): boolean {
  if (since !== undefined && version !== undefined && isOlder(version, releaseOf(since))) return false;
  return until === undefined || (version !== undefined && isOlder(version, releaseOf(until)));
}

function releaseOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
}

/** Pages by what they are: the address stands among the references. */
function shortSource(source: string): string {
  const [, number, section] = /\/rfc(\d+)(?:#section-([\d.]+))?$/.exec(source) ?? [];
  if (number !== undefined) return section === undefined ? `RFC ${number}` : `RFC ${number} section ${section}`;
  const [, page] = /\/flink-docs-stable\/docs\/(.+?)\/?$/.exec(source) ?? [];
  return page === undefined ? source : `Flink documentation: ${page}`;
}

/** What is asked for; of keys whose values are secrets, that it is, since an unmet one may tell the secret. */
export function askedText(requirement: Requirement): string {
  const isSecret = 'key' in requirement && isSensitive(requirement.key);
  const text = relationText(requirement);
  return isSecret && text !== 'any value' && text !== 'not set' ? '******' : text;
}

/** What every failure of a requirement has in common. */
export function unmet(
  policy: Policy,
  requirement: Requirement,
  observed: string,
  more: Partial<Judgement> = {},
): Judgement {
  return {
    verdict: 'fail',
    severity: requirement.severity,
    requirement: requirement.id,
    discriminator: `${policy.name} ${requirement.id}`,
    title: `${policy.name} ${requirement.id}: ${aboutText(requirement)}`,
    references: requirement.source,
    message: requirement.reason,
    expected: `${aboutText(requirement)}: ${askedText(requirement)} (${requirement.source.map(shortSource).join('; ')})`,
    observed,
    remediation: policyRemedy(requirement, 'any'),
    ...more,
  };
}
