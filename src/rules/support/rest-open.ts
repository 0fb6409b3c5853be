import type { Remediation } from '../../model/report.ts';
import { remedy } from './remedies.ts';

/** Said by the rule that sees it on the wire and by the one that reads it in the configuration. */
export const REST_OPEN_RATIONALE =
  'With security.ssl.rest.authentication-enabled and no REST truststore, Flink 1.18 and newer start without an error and ask nobody for a certificate (seen on 1.20.3 and 2.3.0). REST takes jobs, so whoever reaches the port runs code.';

export const REST_TRUSTSTORE_REMEDY: Remediation = remedy(
  'Name a REST truststore with its password, restart the JobManager, and look at the wire again. Until then keep the port away from everyone.',
  {
    'security.ssl.rest.authentication-enabled': 'true',
    'security.ssl.rest.truststore': '/path/to/rest-trust.p12',
    'security.ssl.rest.truststore-password': '<password>',
  },
);
