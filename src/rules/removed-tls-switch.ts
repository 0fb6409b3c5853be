import type { ConfigurationRule, ConfigurationSubject, Judgement, RuleContext } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, isOn, versionText } from './support/settings.ts';

const FORMER = 'security.ssl.enabled';
const TODAY = ['security.ssl.internal.enabled', 'security.ssl.rest.enabled'] as const;

/** `security.ssl.enabled` where Flink no longer reads it. */
export const rule: ConfigurationRule = {
  id: 'removed-tls-switch',
  scope: 'configuration',
  title: 'TLS is switched on by a key that Flink 2 no longer reads',
  severity: 'critical',
  rationale:
    'Flink 2.0 removed security.ssl.enabled (FLINK-33750). A configuration that relies on it has TLS everywhere on 1.20 and none at all after the upgrade, without a warning in any log (seen on 1.20.3 and 2.3.0).',
  decides:
    'Looks for security.ssl.enabled: true where security.ssl.internal.enabled or security.ssl.rest.enabled is not set beside it. Critical from Flink 2.0 on, high where the version is not known (--flink-version), low before: it fails at the upgrade.',
  verdicts: {
    pass: 'the key is off, or both keys that took its place are set',
    fail: 'TLS hangs on a key that Flink 2 does not read',
    'not-applicable': 'the key is not set',
  },
  remediation: remedy('Set the two keys that took its place, on every process, before the upgrade to Flink 2.', {
    'security.ssl.internal.enabled': 'true',
    'security.ssl.rest.enabled': 'true',
  }),
  references: [SECURITY_SSL_PAGE, 'FLINK-33750', 'FLINK-39006'],

  appliesTo: ({ configuration }: ConfigurationSubject): boolean => configuration.setting(FORMER) !== undefined,

  evaluate(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[] {
    const { configuration } = subject;
    const setting = configuration.setting(FORMER)!;
    const unset = TODAY.filter((key) => configuration.setting(key) === undefined);
    if (!isOn(setting) || unset.length === 0) return [{ verdict: 'pass' }];
    const version = subject.flinkVersion ?? context.flinkVersion;
    if (!configuration.atLeast('2.0')) {
      const message = `Works up to Flink 1.20 only: 2.0 removed ${FORMER}, and ${unset.join(' and ')} would be off.`;
      const expected = 'the keys that every version reads';
      return [complain(setting, subject, { severity: 'low', message, expected, observed: `${FORMER}: true` })];
    }
    return [
      complain(setting, subject, {
        ...(version === undefined ? { severity: 'high' as const } : {}),
        message: `${FORMER} does nothing from Flink 2.0 on (${versionText(version)}), and ${unset.join(' and ')} ${unset.length > 1 ? 'are' : 'is'} not set: what it was to protect comes up in clear.`,
        expected: unset.map((key) => `${key}: true`).join(', '),
        observed: `${FORMER}: ${setting.value}`,
        remediation: remedy(rule.remediation.text, Object.fromEntries(unset.map((key) => [key, 'true']))),
      }),
    ];
  },
};
