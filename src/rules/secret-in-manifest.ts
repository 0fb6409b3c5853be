import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { exposuresOf, judgeExposures } from './support/exposures.ts';
import { remedy } from './support/remedies.ts';

/** Passwords and cloud keys in a ConfigMap or in `flinkConfiguration` instead of a Secret. */
export const rule: ConfigurationRule = {
  id: 'secret-in-manifest',
  scope: 'configuration',
  title: 'Secret stands in a Kubernetes object that is no Secret',
  severity: 'medium',
  rationale:
    'ConfigMaps and FlinkDeployments are neither encrypted in etcd nor kept from those who may only look: roles that read a namespace read them, and their manifests live in version control. The operator copies flinkConfiguration into a ConfigMap. A password there opens the key store of the cluster, a cloud key the whole bucket.',
  decides:
    'Looks at the keys of flinkConfiguration in FlinkDeployments and FlinkSessionJobs and of configuration files in ConfigMaps. Names of passwords, tokens and cloud keys count where a value stands beside them; a reference to a variable does not.',
  verdicts: {
    pass: 'no key with a value has the name of a secret',
    fail: 'a secret stands in a ConfigMap or FlinkDeployment',
    'not-applicable': 'no configuration comes from a ConfigMap or FlinkDeployment',
  },
  remediation: remedy(
    'Keep the configuration file with the passwords in a Secret and mount that at /opt/flink/conf, and let the cloud grant access to storage by the identity of the pod. Change the secret: it has been seen.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: (subject: ConfigurationSubject): boolean => exposuresOf(subject, 'manifest').length > 0,

  evaluate: (subject: ConfigurationSubject): readonly Judgement[] =>
    judgeExposures(subject, 'manifest', {
      message: (names) => `In plain text of an object that is no Secret: ${names}.`,
      expected: 'secrets in a Secret, by reference',
    }),
};
