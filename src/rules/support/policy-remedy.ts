import type { CertificateAspect, Relation, Requirement, ServedAspect } from '../../model/policy.ts';
import type { Remediation } from '../../model/report.ts';
import { matches, relationText } from './policy-relation.ts';
import { remedy, STRONG_SUITES } from './remedies.ts';

type Family = 'internal' | 'rest' | 'any';

/** What mends an unmet requirement: the setting where one value does, else what it has to become. */
export function policyRemedy(requirement: Requirement, family: Family): Remediation {
  if ('key' in requirement) return remedy(requirement.reason);
  return 'served' in requirement
    ? servedRemedy(requirement.served, requirement, family)
    : certificateRemedy(requirement.certificate, requirement);
}

const TOGETHER = 'on every process, and restart them together';

function servedRemedy(aspect: ServedAspect, relation: Relation, family: Family): Remediation {
  switch (aspect) {
    case 'tls':
      return remedy(`Switch TLS on ${TOGETHER}; flinkprobe explain CHANNEL lists all keys that it needs.`, {
        ...(family === 'rest' ? {} : { 'security.ssl.internal.enabled': 'true' }),
        ...(family === 'internal' ? {} : { 'security.ssl.rest.enabled': 'true' }),
      });
    case 'client-authentication':
      if (family === 'internal')
        return remedy('Let Flink itself end TLS on its internal ports: it demands certificates there.');
      return remedy('Demand certificates on REST; without a truststore Flink asks nobody for one.', {
        'security.ssl.rest.authentication-enabled': 'true',
        'security.ssl.rest.truststore': '/path/to/rest-trust.p12',
        'security.ssl.rest.truststore-password': '<password>',
      });
    case 'protocol': {
      const version = ['TLSv1.3', 'TLSv1.2'].find((one) => isWanted(relation, one));
      const settings = version === undefined ? {} : { 'security.ssl.protocol': version };
      return remedy(`Set one protocol version ${TOGETHER}: ${relationText(relation)}.`, settings);
    }
    case 'cipher-suite': {
      const isMet = STRONG_SUITES.split(',').every((suite) => isWanted(relation, suite));
      return remedy(`Set the suites ${TOGETHER}.`, isMet ? { 'security.ssl.algorithms': STRONG_SUITES } : {});
    }
    case 'named-group':
      return remedy(
        `Set jdk.tls.namedGroups of the JVM (env.java.opts.all) ${TOGETHER}: Flink has no key for groups. Asked for: ${relationText(relation)}.`,
      );
    case 'dh-bits':
      return remedy(
        `Use elliptic-curve suites, or set jdk.tls.ephemeralDHKeySize of the JVM: ${relationText(relation)}.`,
        {
          'security.ssl.algorithms': STRONG_SUITES,
        },
      );
    case 'encrypt-then-mac':
      return remedy(`Use suites without CBC ${TOGETHER}: the TLS of Java has no encrypt-then-MAC.`, {
        'security.ssl.algorithms': STRONG_SUITES,
      });
  }
}

/** Whether setting this value alone would meet the relation. */
function isWanted(relation: Relation, value: string): boolean {
  const isAmong = (patterns: readonly string[]): boolean => patterns.some((pattern) => matches(value, pattern));
  if ('required' in relation) return isAmong(relation.required);
  if ('one-of' in relation) return isAmong(relation['one-of']);
  return 'forbidden' in relation && !isAmong(relation.forbidden);
}

function certificateRemedy(aspect: CertificateAspect, relation: Relation): Remediation {
  const wanted = aspect === 'remaining-days' ? 'with new dates' : `with ${NOUNS[aspect]} ${relationText(relation)}`;
  return remedy(
    `Issue the certificate again ${wanted} (keytool -genkeypair -keyalg RSA -keysize 3072 -sigalg SHA256withRSA), put it into the keystore of every process that shares it and its issuer into the truststore, and restart them together.`,
  );
}

const NOUNS: Readonly<Record<CertificateAspect, string>> = {
  'key-type': 'a key of type',
  'rsa-bits': 'RSA bits',
  'dsa-bits': 'DSA bits',
  'ec-bits': 'bits of its curve',
  curve: 'the curve',
  hash: 'the hash',
  'validity-days': 'days of validity',
  'remaining-days': 'days left',
};
