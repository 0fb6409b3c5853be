import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { exposuresOf, judgeExposures } from './support/exposures.ts';
import { remedy } from './support/remedies.ts';

/** Passwords and cloud keys as `-D` arguments of the process. */
export const rule: ConfigurationRule = {
  id: 'secret-in-arguments',
  scope: 'configuration',
  title: 'Secret is passed as a dynamic property',
  severity: 'medium',
  rationale:
    'Arguments stand in the process list, where every account of the machine reads them, and in the pod or Compose file that starts the process. A dynamic property (-Dkey=value) outweighs the configuration file and is seen by more people than the file.',
  decides:
    'Looks at the names of -D properties among the arguments of containers, services and running processes, those of the JVM included. Names of passwords, tokens and cloud keys count; a value that only names a variable does not.',
  verdicts: {
    pass: 'no -D property has the name of a secret',
    fail: 'a secret stands among the arguments',
    'not-applicable': 'no -D property is known of this process',
  },
  remediation: remedy(
    'Move the setting into the configuration file, and mount that file from a Secret or give it mode 0600. Change the secret: it has been in the process list.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/'],

  appliesTo: (subject: ConfigurationSubject): boolean => exposuresOf(subject, 'argument').length > 0,

  evaluate: (subject: ConfigurationSubject): readonly Judgement[] =>
    judgeExposures(subject, 'argument', {
      message: (names) => `The command line shows: ${names}.`,
      expected: 'no secret among the arguments',
    }),
};
