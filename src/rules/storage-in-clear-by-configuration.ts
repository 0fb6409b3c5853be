import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, isOn, promiseOf, shown } from './support/settings.ts';

/** Directories of state by every name that they had. */
const DIRECTORIES = [
  'execution.checkpointing.dir',
  'state.checkpoints.dir',
  'execution.checkpointing.savepoint-dir',
  'state.savepoints.dir',
  'high-availability.storageDir',
] as const;

/** State that goes to its storage without TLS, as far as Flink's own configuration tells. */
export const rule: ConfigurationRule = {
  id: 'storage-in-clear-by-configuration',
  scope: 'configuration',
  title: 'State is configured to reach its storage in clear',
  severity: 'high',
  rationale:
    'Checkpoints and savepoints are the whole state of the jobs, and Flink does not encrypt them. With an http endpoint, wasb or abfs every key and value crosses the network in clear, with internal TLS or without. No security.ssl key reaches the storage.',
  decides:
    'Looks at endpoint and scheme of the directories for checkpoints, savepoints and high availability: http endpoints, wasb, abfs and the like are in clear (high). For hdfs the encryption stands in core-site.xml and hdfs-site.xml, looked for beside the configuration, in env.hadoop.conf.dir and HADOOP_CONF_DIR, and in flink.hadoop.*: high where they say that it is off, info where there are none.',
  verdicts: {
    pass: 'the storage is reached over TLS, is a local path, or HDFS encrypts',
    fail: 'state goes to its storage in clear, or (info) Hadoop alone knows, and its files are not here',
    'not-applicable': 'no storage is configured',
  },
  toldBy: ['plaintext-external-system', 'plaintext-state-transfer'],
  remediation: remedy(
    'Give the storage an https endpoint whose certificate the JVM trusts, or a scheme that means TLS (abfss, wasbs, swebhdfs); for HDFS set dfs.encrypt.data.transfer and hadoop.rpc.protection in Hadoop.',
  ),
  references: [
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/filesystems/s3/',
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/checkpoints/',
  ],

  appliesTo: (subject: ConfigurationSubject): boolean =>
    promiseOf(subject, 'checkpoint-storage') !== undefined || hdfs(subject).length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const promise = promiseOf(subject, 'checkpoint-storage');
    const clear = promise?.tls === 'optional' ? inClear(promise.because, subject) : [];
    const judgements = [...clear, ...hdfs(subject).flatMap((setting) => ofHdfs(setting, subject))];
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function inClear(because: readonly Setting[], subject: ConfigurationSubject): readonly Judgement[] {
  const cause = because.at(-1);
  if (cause === undefined) return [];
  return [
    complain(cause, subject, {
      channel: 'checkpoint-storage',
      message: `State goes to its storage in clear: ${shown(cause)}.`,
      expected: 'https, or a scheme that means TLS',
      observed: shown(cause),
      also: [...because.slice(0, -1), ...pathStyle(subject)],
    }),
  ];
}

/** Where buckets are names in the path, they and the names of all objects are read along too. */
function pathStyle({ configuration }: ConfigurationSubject): readonly Setting[] {
  const keys = ['s3.path.style.access', 's3.path-style-access', 's3a.path.style.access', 'fs.s3a.path.style.access'];
  return keys.flatMap((key) => configuration.setting(key) ?? []).filter(isOn);
}

function hdfs({ configuration }: ConfigurationSubject): readonly Setting[] {
  return DIRECTORIES.map((key) => configuration.setting(key))
    .filter((setting) => setting !== undefined)
    .filter(({ value }) => /^\s*(?:hdfs|viewfs):/i.test(value));
}

function ofHdfs(setting: Setting, subject: ConfigurationSubject): readonly Judgement[] {
  const { hadoop } = subject;
  if (hadoop === undefined) return [unprovable(setting, subject)];
  const of = (key: string): Setting | undefined => hadoop.settings.find((one) => one.key.endsWith(key));
  const data = of('dfs.encrypt.data.transfer');
  const sasl = of('dfs.data.transfer.protection');
  if (data?.value.trim().toLowerCase() === 'true' || sasl?.value.trim().toLowerCase() === 'privacy') return [];
  const files = hadoop.files.length === 0 ? 'flink.hadoop.*' : hadoop.files.join(', ');
  const cause = data ?? sasl;
  return [
    complain(cause ?? setting, subject, {
      channel: 'checkpoint-storage',
      discriminator: setting.key,
      message: `State goes to HDFS in clear: ${cause === undefined ? `neither dfs.encrypt.data.transfer nor dfs.data.transfer.protection stands in ${files}, and both are off by default` : shown(cause)}.`,
      expected: 'dfs.encrypt.data.transfer: true, or dfs.data.transfer.protection: privacy',
      observed: shown(setting),
      also: [setting, of('hadoop.rpc.protection')].filter((one) => one !== undefined && one !== cause) as Setting[],
    }),
  ];
}

function unprovable(setting: Setting, subject: ConfigurationSubject): Judgement {
  return complain(setting, subject, {
    channel: 'checkpoint-storage',
    severity: 'info',
    message:
      'Whether HDFS encrypts what it carries stands in Hadoop, not in this configuration: it does not unless dfs.encrypt.data.transfer is set.',
    expected: 'dfs.encrypt.data.transfer: true and hadoop.rpc.protection: privacy',
    observed: shown(setting),
  });
}
