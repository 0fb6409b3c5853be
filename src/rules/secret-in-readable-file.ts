import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { isReadableByGroup, isReadableByOthers } from './support/file-mode.ts';
import { remedy } from './support/remedies.ts';
import { isSecretName } from './support/secret-names.ts';
import { placeOfSetting, settingEvidence, settingsOf } from './support/settings.ts';

/** A configuration file with passwords that others than its owner may read. */
export const rule: ConfigurationRule = {
  id: 'secret-in-readable-file',
  scope: 'configuration',
  title: 'Secrets stand in a file that others may read',
  severity: 'high',
  rationale:
    'Flink has no other place for the passwords of its key stores than its configuration file, and every account of the machine that reads it may open them and join the cluster. Cloud credentials there give the whole bucket away. Flink hides such values in its logs, not on disk.',
  decides:
    "Looks at the modes of the configuration files that hold values of sensitive keys (password, secret, token, apikey and others of Flink's own list); values that a template leaves open do not count. Readable to every account is high, to the group low.",
  verdicts: {
    pass: 'only the owner may read these files',
    fail: 'others may read a file with secrets',
    'not-applicable': 'no secret stands in a file, or the system has no modes',
  },
  remediation: {
    ...remedy('Let only the Flink user read the file, and mount it from a secret rather than from a config map.'),
    command: 'chmod 0600 config.yaml',
  },
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: (subject: ConfigurationSubject): boolean => secrets(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const all = secrets(subject);
    const files = subject.files.filter((file) => all.some((setting) => setting.file === file.path));
    const modes = files.map(({ mode }) => mode).filter((mode) => mode !== undefined);
    if (modes.length === 0) return [{ verdict: 'not-applicable' }];
    const judgements = files.flatMap((file): Judgement[] => {
      const world = isReadableByOthers(file.mode);
      if (!world && !isReadableByGroup(file.mode)) return [];
      const held = all.filter((setting) => setting.file === file.path);
      return [
        {
          verdict: 'fail',
          // A group of its own is how Kubernetes mounts secrets (fsGroup).
          severity: world ? 'high' : 'low',
          discriminator: file.path,
          file: placeOfSetting(held[0], subject),
          message: `${held.length} ${held.length === 1 ? 'secret stands' : 'secrets stand'} in a file that ${world ? 'every account of the machine' : "every member of the file's group"} may read.`,
          expected: 'mode 0600, owned by the Flink user',
          observed: `mode ${file.mode}, owned by ${file.owner ?? 'nobody knows whom'}`,
          evidence: held.map(settingEvidence),
          remediation: { ...rule.remediation, command: `chmod 0600 ${file.path}` },
        },
      ];
    });
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function secrets(subject: ConfigurationSubject) {
  return settingsOf(subject, isSecretName).filter(
    // What stands in manifests and environments has other readers than a file's.
    ({ value, file, origin }) => file !== undefined && origin === 'file' && !/^\s*\$\{.*\}\s*$/.test(value),
  );
}
