import type { Severity } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import {
  CIPHER_SUITES,
  is3des,
  isAnonymous,
  isCbc,
  isDesOrOlder,
  isExport,
  isNull,
  isRc4,
  isStaticRsa,
} from '../tls/cipher-suites.ts';
import { isFiniteField } from './support/finite-field.ts';
import { SECURITY_SSL_PAGE, SUITES_REMEDY } from './support/remedies.ts';
import { complain, suitePromises } from './support/settings.ts';

/** Suites of the configuration, or of Flink's default, by the severities that they have when they are seen in use. */
export const rule: ConfigurationRule = {
  id: 'weak-suite-configured',
  scope: 'configuration',
  title: 'Weak cipher suite is configured, or the default of this version',
  severity: 'medium',
  rationale:
    "A server takes what its list has when a client offers nothing better. Flink's default up to 1.20.3, 2.0.1, 2.1.1 and 2.2.0 is TLS_RSA_WITH_AES_128_CBC_SHA alone: no forward secrecy, so whoever gets the one shared key decrypts every recording. Other weak suites come from old guides.",
  decides:
    'Looks at the suites that are configured, or the default of this version of Flink, on each channel that obeys them. Severity is that of the suite in use: NULL, anonymous and export critical, RC4 and 3DES high, static RSA, finite-field Diffie-Hellman and unknown names medium, CBC low.',
  verdicts: {
    pass: 'all have ephemeral keys and authenticated encryption',
    fail: 'a suite is weak, or nobody knows it',
    'not-applicable': 'TLS is off, or the configuration decides the suites of no channel',
  },
  toldBy: [
    'static-rsa-key-exchange',
    'rc4-or-3des-suite',
    'null-anonymous-export-suite',
    'finite-field-dhe',
    'cbc-without-encrypt-then-mac',
  ],
  remediation: SUITES_REMEDY,
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc9325#section-4.1', 'FLINK-39022'],

  appliesTo: (subject: ConfigurationSubject): boolean => suitePromises(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    const setting = configuration.setting('security.ssl.algorithms');
    const judgements = suitePromises(subject).flatMap(({ channel, cipherSuites }): Judgement[] => {
      const weak = cipherSuites.flatMap((suite) => {
        const fault = faultOf(suite);
        return fault === undefined ? [] : [{ suite, ...fault }];
      });
      return weak.map(({ suite, severity, why }) =>
        complain(setting ?? { key: 'security.ssl.algorithms', value: suite, origin: 'default' }, subject, {
          channel,
          severity,
          discriminator: suite,
          message: `${suite} is ${setting === undefined ? "Flink's default in this version" : 'configured'}: ${why}.`,
          expected: 'suites with ephemeral key exchange and authenticated encryption',
          observed: suite,
        }),
      );
    });
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

/** The worst that can be said of a suite; JSSE has an old prefix for some names. */
function faultOf(name: string): { readonly severity: Severity; readonly why: string } | undefined {
  const suite = name.replace(/^SSL_/, 'TLS_');
  if (CIPHER_SUITES.code(suite) === undefined) {
    return {
      severity: 'medium',
      why: 'no registry knows it, and Java refuses to start with a suite that it does not know',
    };
  }
  if (isNull(suite)) return { severity: 'critical', why: 'it does not encrypt' };
  if (isAnonymous(suite)) return { severity: 'critical', why: 'nobody is authenticated' };
  if (isExport(suite)) return { severity: 'critical', why: 'export grade' };
  if (isRc4(suite) || is3des(suite) || isDesOrOlder(suite))
    return { severity: 'high', why: 'its cipher is broken or too old' };
  if (isStaticRsa(suite)) return { severity: 'medium', why: 'no forward secrecy' };
  if (isFiniteField(suite)) return { severity: 'medium', why: 'the server alone picks the Diffie-Hellman group' };
  if (isCbc(suite)) return { severity: 'low', why: 'CBC, which Java has without encrypt-then-MAC only' };
  return undefined;
}
