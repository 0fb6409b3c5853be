import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, shown } from './support/settings.ts';
import { usesRocksDb } from './support/state-backend.ts';

/** RocksDB's own log. Info for a directory of its own, low for debugging: both leave traces that nobody rotates away. */
export const rule: ConfigurationRule = {
  id: 'rocksdb-log-beyond-directory',
  scope: 'configuration',
  title: 'RocksDB logs more than its directory keeps',
  severity: 'info',
  rationale:
    'The log of RocksDB names paths, column families, options and sizes of state. By default it lies in the database directory and goes with it; in a directory of its own it stays when state is deleted, with the modes of the umask. The debug level fills disks and slows writing.',
  decides:
    'With RocksDB as the state backend: looks for state.backend.rocksdb.log.level: DEBUG_LEVEL (low) and for any state.backend.rocksdb.log.dir (info).',
  verdicts: {
    pass: 'neither is set',
    fail: 'RocksDB logs at its debug level, or to a directory of its own',
    'not-applicable': 'the configuration does not choose RocksDB',
  },
  remediation: remedy(
    'Take out state.backend.rocksdb.log.dir and state.backend.rocksdb.log.level after debugging, or set state.backend.rocksdb.log.file-num and max-file-size and close the directory to others.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/'],

  appliesTo: (subject: ConfigurationSubject): boolean => usesRocksDb(subject),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    const level = configuration.setting('state.backend.rocksdb.log.level');
    const directory = configuration.setting('state.backend.rocksdb.log.dir');
    const judgements = [
      ...(level !== undefined && /^DEBUG_LEVEL$/i.test(level.value.trim())
        ? [told(level, subject, 'RocksDB logs at its debug level.', 'low')]
        : []),
      ...(directory === undefined ? [] : [told(directory, subject, "RocksDB's log outlives the state.", 'info')]),
    ];
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function told(setting: Setting, subject: ConfigurationSubject, message: string, severity: 'low' | 'info'): Judgement {
  return complain(setting, subject, {
    severity,
    message,
    expected: 'the default: INFO_LEVEL or less, in the database directory',
    observed: shown(setting),
  });
}
