import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, settingsOf } from './support/settings.ts';

/** `-Djavax.net.ssl.keyStorePassword=…`, `-Dfs.s3a.secret.key=…` */
const SECRET_PROPERTY = /-D([\w.-]*(?:password|secret|token|apikey)[\w.-]*)=(?:"[^"]*"|'[^']*'|\S+)/gi;

/** Passwords in JVM options, which every account sees in the process list. */
export const rule: ConfigurationRule = {
  id: 'secret-in-java-options',
  scope: 'configuration',
  title: 'Secret is passed as an argument of the JVM',
  severity: 'medium',
  rationale:
    'Arguments of a process stand in the process list, where every account of the machine reads them. Flink repeats them in its log and at GET /jobmanager/environment, which hides values of its own keys only.',
  decides:
    'Searches env.java.opts*, env.ssh.opts and *.jvm-opts for -D properties whose names hold password, secret, token or apikey and that have a value. The value is never shown.',
  verdicts: {
    pass: 'no such property is set',
    fail: 'a secret stands among the arguments of the JVM',
    'not-applicable': 'no such options are configured',
  },
  remediation: remedy(
    'Put the secret where only the process reads it: a password file of the store, a file that a JVM @argfile names, or the provider of credentials of the cloud.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/'],

  appliesTo: (subject: ConfigurationSubject): boolean => options(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = options(subject).flatMap((setting) =>
      [...setting.value.matchAll(SECRET_PROPERTY)].map(([, name]) =>
        complain({ ...setting, value: `-D${name}=******` }, subject, {
          discriminator: `${setting.key} ${name}`,
          message: `${setting.key} passes -D${name} with its value on the command line.`,
          expected: 'no secret among the arguments',
          observed: `-D${name}=******`,
        }),
      ),
    );
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function options(subject: ConfigurationSubject): readonly Setting[] {
  return settingsOf(subject, (key) => /^env\.java\.opts|^env\.ssh\.opts|\.jvm-opts$/.test(key));
}
