import type { ConfigurationRule, ConfigurationSubject, Judgement, StoreTrust } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { filePlace } from './support/file-place.ts';
import { remedy } from './support/remedies.ts';

/** Internal TLS: all processes show the one certificate, so each one's truststore has to vouch for its own keystore. */
export const rule: ConfigurationRule = {
  id: 'truststore-does-not-trust-keystore',
  scope: 'configuration',
  title: 'Truststore does not vouch for the certificate of the keystore',
  severity: 'high',
  rationale:
    'All processes of a cluster show the same internal certificate, so that a truststore that does not vouch for its own keystore refuses every peer. The process starts, and each connection ends with unable to find valid certification path, or with an empty client certificate (seen on 1.20.3).',
  decides:
    'Follows the leaf of each keystore into the truststore of its own family. High for the internal pair, info for REST, whose truststore is for the certificates of clients; with a pin nothing is judged.',
  verdicts: {
    pass: 'the truststore vouches for the certificate, or a pin takes its place',
    fail: 'it does not: members refuse each other',
    'not-applicable': 'TLS is off, or no family has both of its stores readable',
  },
  remediation: remedy(
    'Import the certificate of the keystore, or its authority, into the truststore (keytool -exportcert, keytool -importcert) on every process, and restart them together.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: (subject: ConfigurationSubject): boolean => subject.trust.length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = subject.trust
      .filter((one) => one.verdict !== 'anchored' && !isPinned(one, subject))
      .map((one) => judgement(one, subject));
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

/** A pin takes the place of the chain. */
function isPinned({ family }: StoreTrust, { configuration }: ConfigurationSubject): boolean {
  return configuration.setting(`security.ssl.${family}.cert.fingerprint`) !== undefined;
}

function judgement(
  { family, keystore, truststore, leaf, verdict }: StoreTrust,
  subject: ConfigurationSubject,
): Judgement {
  const internal = family === 'internal';
  const why = verdict === 'incomplete' ? 'its issuer is in neither of them' : 'no certificate there issued it';
  return {
    verdict: 'fail',
    // On REST the truststore is for the certificates of clients, which another authority may issue.
    severity: internal ? 'high' : 'info',
    channel: internal ? 'jobmanager-rpc' : 'rest',
    discriminator: family,
    file: filePlace(truststore.path, subject.member),
    message: internal
      ? `The internal truststore does not vouch for ${certificateText(leaf)} of the internal keystore: ${why}. Members cannot connect to each other.`
      : `The REST truststore does not vouch for ${certificateText(leaf)} of the REST keystore: ${why}. Flink's own client refuses this server if it is given the same truststore.`,
    expected: `an entry for ${certificateText(leaf)} or its authority`,
    observed: why,
    evidence: [
      { text: `keystore ${keystore.path}: ${certificateText(leaf)}`, file: keystore.path },
      { text: `truststore ${truststore.path}: ${truststore.entries.length} entries`, file: truststore.path },
    ],
  };
}
