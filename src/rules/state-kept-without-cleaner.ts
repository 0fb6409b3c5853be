import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, shown } from './support/settings.ts';
import { SAVEPOINT_DIRECTORY } from './support/state-backend.ts';

const RETENTION = [
  'execution.checkpointing.externalized-checkpoint-retention',
  'state.checkpoints.externalized-checkpoint-retention',
] as const;

/** What Flink leaves behind for good. Info: keeping it is documented practice; that nobody deletes it cannot be seen. */
export const rule: ConfigurationRule = {
  id: 'state-kept-without-cleaner',
  scope: 'configuration',
  title: 'Copies of state are kept that Flink never deletes',
  severity: 'info',
  rationale:
    'Retained checkpoints and savepoints outlive their job: Flink never deletes them. Each is a readable copy of state as it was, personal data that was deleted since included. Whether something else cleans up stands in no configuration of Flink.',
  decides:
    'Looks for externalized-checkpoint-retention: RETAIN_ON_CANCELLATION and for a savepoint directory, under all names that these keys have had.',
  verdicts: {
    pass: 'neither is set',
    fail: 'checkpoints or savepoints stay until something else deletes them, which is worth knowing and no fault',
    'not-applicable': 'the configuration has no keys',
  },
  remediation: remedy(
    'Delete what is no longer needed by a rule of the storage (lifecycle of the bucket, a timer on the directory) or by the operator (kubernetes.operator.savepoint.history.max.age), and never shared directories of a job that runs on.',
  ),
  references: [
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/checkpoints/',
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/savepoints/',
  ],

  appliesTo: ({ configuration }: ConfigurationSubject): boolean => configuration.keys().length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = [retained(subject), savepoints(subject)].filter((one) => one !== undefined);
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function retained(subject: ConfigurationSubject): Judgement | undefined {
  const setting = subject.configuration.setting(...RETENTION);
  if (setting === undefined || !/^RETAIN_ON_CANCELLATION$/i.test(setting.value.trim())) return undefined;
  return kept(setting, subject, 'The last checkpoints of a cancelled job stay in their directory.');
}

function savepoints(subject: ConfigurationSubject): Judgement | undefined {
  const setting = subject.configuration.setting(...SAVEPOINT_DIRECTORY);
  return setting === undefined ? undefined : kept(setting, subject, 'Savepoints stay in this directory.');
}

function kept(setting: Setting, subject: ConfigurationSubject, what: string): Judgement {
  return complain(setting, subject, {
    channel: 'checkpoint-storage',
    message: `${what} Flink never deletes them.`,
    expected: 'something that deletes them when they are no longer needed',
    observed: shown(setting),
  });
}
