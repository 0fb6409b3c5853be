import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { SECURITY_SSL_PAGE } from './support/remedies.ts';
import { REST_OPEN_RATIONALE, REST_TRUSTSTORE_REMEDY } from './support/rest-open.ts';
import { complain, isOn, restSwitch, storeSetting } from './support/settings.ts';

const KEY = 'security.ssl.rest.authentication-enabled';

/** Client authentication without the truststore that it needs: what `rest-open-to-all` proves on the wire. */
export const rule: ConfigurationRule = {
  id: 'rest-open-by-configuration',
  scope: 'configuration',
  title: 'REST client authentication is configured without a truststore',
  severity: 'critical',
  rationale: REST_OPEN_RATIONALE,
  decides:
    'Where REST TLS and security.ssl.rest.authentication-enabled are on: looks for security.ssl.rest.truststore, else security.ssl.truststore. Without one it is critical from Flink 1.18 on; before, where the JobManager does not start, high.',
  verdicts: {
    pass: 'a truststore is named',
    fail: 'none is named: Flink asks nobody for a certificate, or does not start',
    'not-applicable': 'REST TLS or its client authentication is off',
  },
  toldBy: ['rest-open-to-all'],
  remediation: REST_TRUSTSTORE_REMEDY,
  references: [SECURITY_SSL_PAGE, 'FLINK-32035', 'FLINK-39969'],

  appliesTo: (subject: ConfigurationSubject): boolean =>
    isOn(restSwitch(subject)) && isOn(subject.configuration.setting(KEY)),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const setting = subject.configuration.setting(KEY)!;
    const truststore = storeSetting(subject, 'rest', 'truststore');
    if (truststore !== undefined) return [{ verdict: 'pass' }];
    const old = !subject.configuration.atLeast('1.18');
    return [
      complain(setting, subject, {
        channel: 'rest',
        ...(old ? { severity: 'high' as const } : {}),
        message: old
          ? 'Client authentication needs a truststore, and none is named: up to Flink 1.17 the JobManager does not start.'
          : 'Client authentication is on and no truststore is named: Flink then asks nobody for a certificate, and whoever reaches the port may submit jobs.',
        expected: 'security.ssl.rest.truststore beside it',
        observed: 'neither security.ssl.rest.truststore nor security.ssl.truststore',
      }),
    ];
  },
};
