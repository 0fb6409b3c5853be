import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { INVENTED_KEYS, isMeantForTls, nearestKey, OPT_OUT_KEYS, TLS_KEYS } from './support/flink-keys.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, isSensitive, shown } from './support/settings.ts';

const KNOWN: ReadonlySet<string> = new Set([...TLS_KEYS, ...OPT_OUT_KEYS].map(({ key }) => key));

/** Misspelt and invented TLS keys, which Flink passes over. */
export const rule: ConfigurationRule = {
  id: 'unknown-tls-key',
  scope: 'configuration',
  title: 'TLS key that no version of Flink knows',
  severity: 'medium',
  rationale:
    'Flink takes any key without a word, so that a misspelt one is as good as none. Guides repeat keys that were never in a release, security.ssl.internal.protocol or security.ssl.rest.client-auth among them; who copies them believes in a protection that is not there.',
  decides:
    "Compares all keys that begin with security.ssl, and those that are at most two letters away from a TLS key, with the keys of Flink's releases.",
  verdicts: {
    pass: 'every such key is one of Flink',
    fail: 'a key is misspelt or invented; the message has the nearest real one',
    'not-applicable': 'the configuration has no keys',
  },
  remediation: remedy('Use the key that was meant, and see in flinkprobe config show what it then switches on.'),
  references: [SECURITY_SSL_PAGE],

  appliesTo: ({ configuration }: ConfigurationSubject): boolean => configuration.keys().length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    const unknown = configuration.keys().filter((key) => !KNOWN.has(key) && isMeantForTls(key));
    if (unknown.length === 0) return [{ verdict: 'pass' }];
    return unknown.map((key) => {
      const meant = INVENTED_KEYS[key] ?? nearestKey(key).key;
      const found = configuration.setting(key)!;
      // A password under a misspelt key is a password all the same.
      const setting = isSensitive(meant) ? { ...found, value: '******' } : found;
      return complain(setting, subject, {
        message: `Flink does not know ${key} and passes over it; the nearest key is ${meant}.`,
        expected: meant,
        observed: shown(setting),
      });
    });
  },
};
