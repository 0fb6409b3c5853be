import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { exposuresOf, judgeExposures } from './support/exposures.ts';
import { remedy } from './support/remedies.ts';

/** Passwords and cloud keys as plain values of environment variables. */
export const rule: ConfigurationRule = {
  id: 'secret-in-environment',
  scope: 'configuration',
  title: 'Secret is a plain value of an environment variable',
  severity: 'medium',
  rationale:
    'A value that a pod, a Compose file or an environment file gives a variable is read by all who may read that object, and kept in version control and in the history of the cluster. Every child process inherits it, and dumps and diagnostic pages show it. FLINK_PROPERTIES with a store password is such a value.',
  decides:
    'Looks at the names of variables with a plain value in manifests, Compose files, environment files and running processes, at the keys within FLINK_PROPERTIES and at -D options within a variable. Names of passwords, tokens and cloud keys count; references (valueFrom, a variable in braces) and names of files do not.',
  verdicts: {
    pass: 'no variable with a plain value has the name of a secret',
    fail: 'a variable holds a secret in plain text',
    'not-applicable': 'no environment is known of this process',
  },
  remediation: remedy(
    'Take the value from a Secret (valueFrom.secretKeyRef) or from a mounted file, put passwords of key stores into a configuration that a Secret mounts, and let the cloud grant access by the identity of the pod. Change the secret: it has been seen.',
  ),
  references: [
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/resource-providers/standalone/docker/',
  ],

  appliesTo: (subject: ConfigurationSubject): boolean => exposuresOf(subject, 'variable').length > 0,

  evaluate: (subject: ConfigurationSubject): readonly Judgement[] =>
    judgeExposures(subject, 'variable', {
      message: (names) => `The environment has in plain text: ${names}.`,
      expected: 'secrets by reference, as valueFrom.secretKeyRef',
    }),
};
