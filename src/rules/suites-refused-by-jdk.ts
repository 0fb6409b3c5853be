import type { ConfigurationRule, ConfigurationSubject, Judgement, RuleContext } from '../model/rule.ts';
import { is3des, isAnonymous, isDesOrOlder, isExport, isNull, isRc4, isStaticRsa } from '../tls/cipher-suites.ts';
import { refusesStaticRsa } from './support/jdk-version.ts';
import { SUITES_REMEDY } from './support/remedies.ts';
import { complain, suitePromises } from './support/settings.ts';

/** Suites that the JDK which is to run the process has disabled. */
export const rule: ConfigurationRule = {
  id: 'suites-refused-by-jdk',
  scope: 'configuration',
  title: 'Cipher suites that the JDK has disabled',
  severity: 'high',
  rationale:
    'Java 11.0.30, 17.0.18, 21.0.10 and 24 disabled all TLS_RSA suites (JDK-8245545), one of which was the default of Flink for years. The ports open and every handshake fails, mostly without an alert; the cluster is down after a rebuild of its image with no change of its own (FLINK-39022).',
  decides:
    'Needs --jdk, or a version from a log: compares the suites that are configured, or the default of this version of Flink, with what Java disables (NULL, anonymous, export, RC4, DES, 3DES; TLS_RSA from 11.0.30, 17.0.18, 21.0.10 and 24 on). High where none is left, else low.',
  verdicts: {
    pass: 'Java has all of them enabled',
    fail: 'Java has disabled all of them, or some',
    'not-applicable': 'the version of Java is not known, or the configuration decides the suites of no channel',
  },
  remediation: SUITES_REMEDY,
  references: ['FLINK-39022', 'JDK-8245545'],

  appliesTo: (subject: ConfigurationSubject, { jdkVersion }: RuleContext): boolean =>
    jdkVersion !== undefined && suitePromises(subject).length > 0,

  evaluate(subject: ConfigurationSubject, { jdkVersion = '' }: RuleContext): readonly Judgement[] {
    const setting = subject.configuration.setting('security.ssl.algorithms');
    const staticRsa = refusesStaticRsa(jdkVersion);
    const judgements = suitePromises(subject).flatMap(({ channel, cipherSuites }): Judgement[] => {
      const refused = cipherSuites.filter((suite) => isDisabled(suite.replace(/^SSL_/, 'TLS_'), staticRsa));
      if (refused.length === 0) return [];
      const all = refused.length === cipherSuites.length;
      return [
        complain(
          setting ?? { key: 'security.ssl.algorithms', value: cipherSuites.join(','), origin: 'default' },
          subject,
          {
            channel,
            severity: all ? 'high' : 'low',
            message: all
              ? `JDK ${jdkVersion} has disabled every suite of the list: the port opens and no handshake succeeds.`
              : `JDK ${jdkVersion} has disabled ${refused.length} of the ${cipherSuites.length} suites; the others remain.`,
            expected: `suites that JDK ${jdkVersion} has enabled`,
            observed: `${refused.join(', ')}${setting === undefined ? " (Flink's default)" : ''}`,
          },
        ),
      ];
    });
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

/** `jdk.tls.disabledAlgorithms` of `java.security` in every supported update, and TLS_RSA since JDK-8245545. */
function isDisabled(suite: string, staticRsa: 'refused' | 'taken'): boolean {
  if (isNull(suite) || isAnonymous(suite) || isExport(suite) || isRc4(suite) || isDesOrOlder(suite) || is3des(suite)) {
    return true;
  }
  return staticRsa === 'refused' && isStaticRsa(suite);
}
