import type { PolicyDocument } from '../model/policy.ts';

const PAGE = 'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/';

/** A key of a store: it has to be there, under its own name or the common one. */
const store = (family: 'internal' | 'rest', name: string, reason: string) =>
  ({
    id: `${family}-${name}`,
    key: `security.ssl.${family}.${name}`,
    aliases: [`security.ssl.${name}`],
    required: ['*'],
    severity: 'medium',
    source: [PAGE],
    reason,
  }) as const;

export const policy: PolicyDocument = {
  policy: 'flink-documented',
  title: 'The set-up that the documentation of Flink describes',
  about:
    'The page SSL Setup of the Flink documentation: TLS for internal and for REST connectivity, switched on separately, with a dedicated key pair for the internal channels. Defaults of protocol and suites are accepted. Passwords that are missing, that all members share one internal store, that a certificate of an authority is pinned, and that the REST certificate names its host are told by rules of their own and not repeated here.',
  requirements: [
    {
      id: 'internal-tls',
      served: 'tls',
      on: 'internal',
      required: ['on'],
      severity: 'critical',
      source: [PAGE],
      reason: 'TLS is not enabled by default, and RPC, data and BLOB are authenticated by nothing else.',
    },
    {
      id: 'internal-client-authentication',
      served: 'client-authentication',
      on: 'internal',
      required: ['required'],
      severity: 'high',
      source: [PAGE],
      reason: 'Internal connections use mutual authentication: both sides present the certificate.',
    },
    {
      id: 'rest-tls',
      served: 'tls',
      on: 'rest',
      required: ['on'],
      severity: 'critical',
      source: [PAGE],
      reason: 'REST takes jobs from the web interface and the command line.',
    },
    store('internal', 'keystore', 'Internal TLS needs a key pair dedicated to the deployment.'),
    store('internal', 'truststore', 'Without a truststore nobody is authenticated on internal connections.'),
    store('rest', 'keystore', 'REST over TLS needs a certificate to show.'),
    store('rest', 'truststore', 'Clients of REST, the command line among them, verify its certificate by it.'),
  ],
};
