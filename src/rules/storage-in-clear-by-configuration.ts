import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, promiseOf, shown } from './support/settings.ts';

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
    'Looks at endpoint and scheme of the directories for checkpoints, savepoints and high availability: http endpoints, wasb, abfs and the like are in clear (high). For hdfs the encryption stands in Hadoop, which is told at info.',
  verdicts: {
    pass: 'the storage is reached over TLS, or is a local path',
    fail: 'state goes to its storage in clear, or (info) only Hadoop knows',
    'not-applicable': 'no storage is configured',
  },
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
    const judgements = [...clear, ...hdfs(subject).map((setting) => unprovable(setting, subject))];
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
      also: because.slice(0, -1),
    }),
  ];
}

function hdfs({ configuration }: ConfigurationSubject): readonly Setting[] {
  return DIRECTORIES.map((key) => configuration.setting(key))
    .filter((setting) => setting !== undefined)
    .filter(({ value }) => /^\s*(?:hdfs|viewfs):/i.test(value));
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
