import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, isOn, shown } from './support/settings.ts';

/** The first that is set decides (`CheckpointingOptions.LOCAL_BACKUP_ENABLED` falls back to the others). */
const SWITCH = [
  'execution.checkpointing.local-backup.enabled',
  'execution.state-recovery.from-local',
  'state.backend.local-recovery',
] as const;
const DIRECTORIES = [
  'execution.checkpointing.local-backup.dirs',
  'taskmanager.state.local.root-dirs',
  'process.taskmanager.working-dir',
  'process.working-dir',
  'io.tmp.dirs',
  'taskmanager.tmp.dirs',
] as const;

/** A second copy of state on the disks of TaskManagers. Info: it is meant, and easily forgotten when disks are judged. */
export const rule: ConfigurationRule = {
  id: 'state-copied-for-local-recovery',
  scope: 'configuration',
  title: 'Local recovery keeps a second copy of state on every TaskManager',
  severity: 'info',
  rationale:
    'Local recovery writes each checkpoint a second time to the disk of the TaskManager. The copy is as readable as the first, and with a working directory of its own it survives the process. An encrypted bucket protects the first copy alone.',
  decides:
    'Reads execution.checkpointing.local-backup.enabled, execution.state-recovery.from-local and state.backend.local-recovery; the first that is set decides.',
  verdicts: {
    pass: 'none is on',
    fail: 'each checkpoint is written a second time to the disk of the TaskManager, which is worth knowing and no fault',
    'not-applicable': 'the configuration has no keys',
  },
  remediation: remedy(
    'Encrypt the volumes of TaskManagers as well as the storage of checkpoints, and set execution.checkpointing.local-backup.dirs (before 1.20: taskmanager.state.local.root-dirs) to a directory of mode 0700 there.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/large_state_tuning/'],

  appliesTo: ({ configuration }: ConfigurationSubject): boolean => configuration.keys().length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    const setting = configuration.setting(...SWITCH);
    if (setting === undefined || !isOn(setting)) return [{ verdict: 'pass' }];
    const directory = configuration.setting(...DIRECTORIES);
    return [
      complain(setting, subject, {
        channel: 'checkpoint-storage',
        message: `Each checkpoint is written a second time to ${directory?.value ?? 'the temporary directory'} of the TaskManager.`,
        expected: 'the volume of that directory encrypted too',
        observed: shown(setting),
        ...(directory === undefined ? {} : { also: [directory] }),
      }),
    ];
  },
};
