import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, settingsOf } from './support/settings.ts';

/** Passwords of the JDK's documentation, of Flink's guide and of the lists that every attacker has. */
const TRIVIAL: ReadonlySet<string> = new Set([
  ...['changeit', 'changeme', 'password', 'passw0rd', 'password1', 'flink', 'secret', 'admin', 'test', 'default'],
  ...['123456', '12345678', '123456789', 'qwerty', 'keystore', 'truststore', 'apache', 'apacheflink', 'flinkflink'],
  ...['internal_store_password', 'rest_keystore_password', 'rest_truststore_password', 'store_password', 'keypass'],
]);
/** Shorter ones are found by trying in minutes: keytool itself wants six. */
const LEAST_LENGTH = 6;

/** Passwords of stores that guard a private key and that everybody knows. Their values are never shown. */
export const rule: ConfigurationRule = {
  id: 'trivial-store-password',
  scope: 'configuration',
  title: 'Key store has a password that everybody knows',
  severity: 'medium',
  rationale:
    'The internal keystore holds the one key that lets a process join the cluster. Whoever gets a copy, from an image, a backup or a volume, opens it with the password that stands in the documentation. The same password for store and key, or on all hosts, is documented practice and no fault.',
  decides:
    'Compares the passwords of stores and keys in the configuration with a list (changeit, password, flink, those of guides), and their length with 6 characters. Medium, for a truststore low; values are never shown, and what a template leaves open does not count.',
  verdicts: {
    pass: 'none is in the list or too short',
    fail: 'a password is one that everybody knows, or is found by trying',
    'not-applicable': 'the configuration holds no such password',
  },
  remediation: remedy(
    'Change it (keytool -storepasswd, and -keypasswd for JKS), in the configuration of every process too, and keep both files readable to the Flink user alone.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: (subject: ConfigurationSubject): boolean => passwords(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const trivial = passwords(subject).filter(({ value }) => isTrivial(value));
    if (trivial.length === 0) return [{ verdict: 'pass' }];
    return trivial.map((setting) =>
      complain(setting, subject, {
        // A truststore has nothing to hide; its password guards against exchange only.
        severity: /truststore/.test(setting.key) ? 'low' : 'medium',
        message: `The value of ${setting.key} stands in every list of passwords, or is shorter than ${LEAST_LENGTH} characters.`,
        expected: 'a password that was made for this store',
        observed: 'a trivial one (not shown)',
      }),
    );
  },
};

function passwords(subject: ConfigurationSubject): readonly Setting[] {
  return settingsOf(subject, (key) =>
    /^security\.ssl\.(?:internal\.|rest\.)?(?:keystore|key|truststore)-password$/.test(key),
  );
}

function isTrivial(value: string): boolean {
  // What a template leaves to be filled in is no password yet.
  if (/^\s*\$\{.*\}\s*$|^\*+$/.test(value)) return false;
  const text = value.trim();
  return TRIVIAL.has(text.toLowerCase()) || text.length < LEAST_LENGTH;
}
