import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, isOn, shown } from './support/settings.ts';
import { usesRocksDb } from './support/state-backend.ts';

const INCREMENTAL = ['execution.checkpointing.incremental', 'state.backend.incremental'] as const;

/** Info: nothing is wrong, but every checkpoint moves all state over whatever the storage is reached by. */
export const rule: ConfigurationRule = {
  id: 'rocksdb-checkpoints-full',
  scope: 'configuration',
  title: 'Every checkpoint of RocksDB moves the whole state',
  severity: 'info',
  rationale:
    'Incremental checkpoints are off by default. Each checkpoint then sends the whole state to the storage again, over a connection that security.ssl does not reach, and the storage holds as many whole copies as are retained.',
  decides:
    'With RocksDB as the state backend: reads execution.checkpointing.incremental (before 1.20: state.backend.incremental), which is off by default.',
  verdicts: {
    pass: 'incremental checkpoints are on',
    fail: 'every checkpoint sends the whole state',
    'not-applicable': 'the configuration does not choose RocksDB',
  },
  remediation: remedy(
    'Set execution.checkpointing.incremental: true (before 1.20: state.backend.incremental), unless each checkpoint has to stand for itself.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/large_state_tuning/'],

  appliesTo: (subject: ConfigurationSubject): boolean => usesRocksDb(subject),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const setting = subject.configuration.settingOr(INCREMENTAL[0], 'false', INCREMENTAL[1]);
    if (isOn(setting)) return [{ verdict: 'pass' }];
    return [
      complain(setting, subject, {
        channel: 'checkpoint-storage',
        message: 'The whole state is sent with every checkpoint.',
        expected: 'incremental checkpoints',
        observed: shown(setting),
      }),
    ];
  },
};
