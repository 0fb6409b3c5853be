import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, internalSwitch, isOn, restSwitch, storeSetting } from './support/settings.ts';

/** Stores and passwords without which a process with TLS does not start. */
export const rule: ConfigurationRule = {
  id: 'store-setting-missing',
  scope: 'configuration',
  title: 'Key store or password is missing in the configuration',
  severity: 'high',
  rationale:
    'Internal TLS needs a keystore and a truststore on every process, REST a keystore where it is served, each with its password and the keystore with that of its key. Without one of them the process ends at its start: the config option is missing.',
  decides:
    'Where internal or REST TLS is on: looks for keystore, keystore-password and key-password of the family, and for truststore and truststore-password (internal; for REST the password of a truststore that is named), each under security.ssl.internal. or security.ssl.rest., else under security.ssl.',
  verdicts: {
    pass: 'all of them are set',
    fail: 'one is missing: the process does not start',
    'not-applicable': 'neither internal nor REST TLS is on',
  },
  remediation: remedy('Name the store and its password in the configuration of every process, and restart it.'),
  references: [SECURITY_SSL_PAGE],

  appliesTo: (subject: ConfigurationSubject): boolean => isOn(internalSwitch(subject)) || isOn(restSwitch(subject)),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const missing = [
      ...(isOn(internalSwitch(subject)) ? lacking(subject, 'internal', INTERNAL) : []),
      ...(isOn(restSwitch(subject)) ? lacking(subject, 'rest', restNeeds(subject)) : []),
    ];
    return missing.length > 0 ? missing : [{ verdict: 'pass' }];
  },
};

const KEYSTORE = ['keystore', 'keystore-password', 'key-password'] as const;
const TRUSTSTORE = ['truststore', 'truststore-password'] as const;
const INTERNAL: readonly string[] = [...KEYSTORE, ...TRUSTSTORE];

/** The truststore itself is `rest-open-by-configuration`; one that is named needs its password. */
function restNeeds(subject: ConfigurationSubject): readonly string[] {
  return storeSetting(subject, 'rest', 'truststore') === undefined ? KEYSTORE : [...KEYSTORE, 'truststore-password'];
}

function lacking(
  subject: ConfigurationSubject,
  family: 'internal' | 'rest',
  names: readonly string[],
): readonly Judgement[] {
  const master = family === 'internal' ? internalSwitch(subject) : restSwitch(subject);
  return names
    .filter((name) => storeSetting(subject, family, name) === undefined)
    .map((name) => {
      const key = `security.ssl.${family}.${name}`;
      return complain(master, subject, {
        channel: family === 'internal' ? 'jobmanager-rpc' : 'rest',
        discriminator: key,
        message: `${master.key} is on and ${key} is missing: the process does not start.`,
        expected: `${key}, or security.ssl.${name}`,
        observed: 'neither is set',
        remediation: remedy(rule.remediation.text, {
          [key]: /password/.test(name) ? '<password>' : `/path/to/${family}.p12`,
        }),
      });
    });
}
