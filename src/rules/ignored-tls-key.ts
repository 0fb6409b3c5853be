import type { Severity } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement, RuleContext } from '../model/rule.ts';
import { OPT_OUT_KEYS, TLS_KEYS } from './support/flink-keys.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, isOn, shown, versionText } from './support/settings.ts';

/** Keys that Flink defines, or defined, and that nothing of this version reads. */
export const rule: ConfigurationRule = {
  id: 'ignored-tls-key',
  scope: 'configuration',
  title: 'TLS key that this version of Flink does not read',
  severity: 'medium',
  rationale:
    'Flink passes over keys that it does not read, so that a protection stands in the file and nowhere else. Nothing has read security.ssl.verify-hostname since Flink 1.6 (FLINK-9313): internal TLS checks no names. Others came with a later release.',
  decides:
    'Looks for keys that are set and not read: those that came with a later release than this one (keystore-type before 1.20, pekko.ssl.enabled before 1.18, security.ssl.rest.verify-hostname before 2.3), security.ssl.verify-hostname in all of them, query.server.port of the Docker image. Medium where it promises something, low where it is off, info for the port.',
  verdicts: {
    pass: 'every key of the kind is read by this version',
    fail: 'a key is set that nothing reads',
    'not-applicable': 'no TLS key is set',
  },
  remediation: remedy(
    'Take the key out, or upgrade to the release that reads it, and do not count on what it promises.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-9313', 'FLINK-35371'],

  appliesTo: ({ configuration }: ConfigurationSubject): boolean =>
    configuration.keys().some((key) => /\bssl\b|^query\.server\.port$/.test(key)),

  evaluate(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[] {
    const { configuration } = subject;
    const version = subject.flinkVersion ?? context.flinkVersion;
    const early = [...TLS_KEYS, ...OPT_OUT_KEYS].flatMap(({ key, since }) =>
      since === undefined || configuration.atLeast(since) || configuration.setting(key) === undefined
        ? []
        : [{ key, why: `is read from Flink ${since} on, and this is ${versionText(version)}`, severity: MEDIUM }],
    );
    const dead = DEAD.filter(({ key }) => configuration.setting(key) !== undefined);
    const all = [...early, ...dead].map(({ key, why, severity }) => {
      const setting = configuration.setting(key)!;
      return complain(setting, subject, {
        severity: severity(isOn(setting)),
        message: `${key} ${why}.`,
        expected: 'keys that this version reads',
        observed: shown(setting),
      });
    });
    return all.length > 0 ? all : [{ verdict: 'pass' }];
  },
};

const MEDIUM = (): Severity => 'medium';

const DEAD: readonly {
  readonly key: string;
  readonly why: string;
  readonly severity: (isTrue: boolean) => Severity;
}[] = [
  {
    key: 'security.ssl.verify-hostname',
    why: 'is read by nothing since Flink 1.6: no internal channel checks the name of its peer',
    severity: (isTrue) => (isTrue ? 'medium' : 'low'),
  },
  {
    key: 'query.server.port',
    why: 'is no key of Flink (the Docker image writes it): queryable state listens where queryable-state.server.ports says',
    severity: () => 'info',
  },
];
