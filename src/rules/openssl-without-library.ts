import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, internalSwitch, isOn, restSwitch, shown } from './support/settings.ts';

const KEY = 'security.ssl.provider';
/** `flink-shaded-netty-tcnative-dynamic-2.0.62.Final-17.0.jar`, in older versions `netty-tcnative-…`. */
const LIBRARY = /netty-tcnative.*\.jar$/;

/** The native provider without the native library. */
export const rule: ConfigurationRule = {
  id: 'openssl-without-library',
  scope: 'configuration',
  title: 'OpenSSL is configured and its library is not there',
  severity: 'high',
  rationale:
    'With security.ssl.provider: OPENSSL Flink takes TLS from a native library of Netty, which its distribution keeps in opt or does not have at all, and which is loaded from lib only. Without it the process ends at its start: openSSL not available.',
  decides:
    'Looks, where security.ssl.provider is OPENSSL and TLS is switched on, for a netty-tcnative jar in the lib folder of the Flink in whose conf folder the configuration lies. Whether the dynamic variant finds libssl of the system is not looked at.',
  verdicts: {
    pass: 'the library lies in lib',
    fail: 'lib is there and the library is not in it',
    inconclusive: 'lib of this Flink is not visible from the configuration',
    'not-applicable': 'the provider is the JDK, or TLS is off',
  },
  remediation: remedy(
    "Copy flink-shaded-netty-tcnative-dynamic or -static from Flink's opt folder (or build the static one, which the licence keeps out of the distribution) into lib on every host, or take the setting out: the JDK's provider is the default.",
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-9816'],

  appliesTo: (subject: ConfigurationSubject): boolean =>
    subject.configuration.setting(KEY)?.value.trim().toUpperCase() === 'OPENSSL' &&
    (isOn(internalSwitch(subject)) || isOn(restSwitch(subject))),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const setting = subject.configuration.setting(KEY)!;
    const { home } = subject;
    if (home?.libraries.some((name) => LIBRARY.test(name)) === true) return [{ verdict: 'pass' }];
    const asked = { expected: 'a netty-tcnative jar in lib', observed: shown(setting) };
    if (home === undefined) {
      const message = 'Whether the library is in lib is not visible from this configuration.';
      return [{ ...complain(setting, subject, { ...asked, severity: 'info', message }), verdict: 'inconclusive' }];
    }
    const spare = home.optional.find((name) => LIBRARY.test(name));
    return [
      complain(setting, subject, {
        ...asked,
        message: `${home.path}/lib holds no netty-tcnative jar${spare === undefined ? '' : `, opt holds ${spare}`}: the process does not start.`,
      }),
    ];
  },
};
