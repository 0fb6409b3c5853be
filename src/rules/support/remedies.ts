import type { Remediation } from '../../model/report.ts';
import type { EndpointSubject, RuleContext } from '../../model/rule.ts';

/** Flink's own default from 1.20.4, 2.0.2, 2.1.2, 2.2.1 and 2.3.0 on (FLINK-39022). */
export const STRONG_SUITES = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384';

export const SECURITY_SSL_PAGE =
  'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/';

export function remedy(text: string, settings: Readonly<Record<string, string>> = {}): Remediation {
  return { text, settings, command: null };
}

/** Suites for every process of the cluster: Flink's default where a rule knows no better. */
export const SUITES_REMEDY: Remediation = remedy(
  'Set the suites on the JobManager and on every TaskManager, then restart all of them together: members with no common suite cannot connect.',
  { 'security.ssl.algorithms': STRONG_SUITES },
);

/** The setting that changes suites on this channel, and where Flink obeys it. */
export function suitesRemedy(subject: EndpointSubject, context: RuleContext): Remediation {
  switch (context.probes.get(subject.channel)?.protection) {
    case 'internal':
      return SUITES_REMEDY;
    case 'rest':
      return remedy(
        'Set the suites and restart the process. Flink 1.18 and newer apply the key on REST only with client authentication and a REST truststore (FLINK-39969); without them limit the JVM with jdk.tls.disabledAlgorithms, or end TLS in a proxy.',
        { 'security.ssl.algorithms': STRONG_SUITES },
      );
    default:
      return remedy('Change the suites where this server is configured: no Flink setting reaches it.');
  }
}

/** The setting that changes protocol versions on this channel. */
export function protocolRemedy(subject: EndpointSubject, context: RuleContext): Remediation {
  switch (context.probes.get(subject.channel)?.protection) {
    case 'internal':
      return remedy(
        'Set the protocol on every process (a single value: RPC cannot take a list) and restart them together.',
        {
          'security.ssl.protocol': 'TLSv1.2',
        },
      );
    case 'rest':
      return remedy(
        'Set the protocol and restart the process. Flink 1.18 and newer apply the key on REST only with client authentication and a REST truststore (FLINK-39969); otherwise add SSLv3, TLSv1 and TLSv1.1 to jdk.tls.disabledAlgorithms of the JVM.',
        { 'security.ssl.protocol': 'TLSv1.2' },
      );
    default:
      return remedy('Change the protocol versions where this server is configured: no Flink setting reaches it.');
  }
}

/** Where a process takes its certificate from. */
export function keystoreRemedy(subject: EndpointSubject, context: RuleContext, doing: string): Remediation {
  switch (context.probes.get(subject.channel)?.protection) {
    case 'internal':
      return remedy(
        `${doing} Put it into the keystore that security.ssl.internal.keystore names (and its issuer into the truststore) on every process and restart them all: released Flink versions do not reload certificates.`,
      );
    case 'rest':
      return remedy(
        `${doing} Put it into the keystore that security.ssl.rest.keystore names and restart the process: released Flink versions do not reload certificates.`,
      );
    default:
      return remedy(`${doing} Install it where this server is configured: no Flink setting reaches it.`);
  }
}
