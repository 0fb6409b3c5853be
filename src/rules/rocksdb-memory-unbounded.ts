import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, shown } from './support/settings.ts';
import { usesRocksDb } from './support/state-backend.ts';

const FIXED = ['state.backend.rocksdb.memory.fixed-per-slot', 'state.backend.rocksdb.memory.fixed-per-tm'] as const;

/** RocksDB without a bound. Low: it costs availability, and a killed process leaves its local state on the disk. */
export const rule: ConfigurationRule = {
  id: 'rocksdb-memory-unbounded',
  scope: 'configuration',
  title: 'Memory of RocksDB has no bound',
  severity: 'low',
  rationale:
    'With managed memory switched off and no fixed amount set, each column family of RocksDB takes what it likes outside of the heap until the kernel or the container kills the TaskManager. A process that is killed cleans nothing up: its working state stays readable on the local disk.',
  decides:
    'With RocksDB as the state backend: looks for state.backend.rocksdb.memory.managed: false without memory.fixed-per-slot or memory.fixed-per-tm beside it.',
  verdicts: {
    pass: 'the memory is managed (the default) or fixed',
    fail: 'nothing bounds the memory of RocksDB',
    'not-applicable': 'the configuration does not choose RocksDB',
  },
  remediation: remedy(
    'Take out state.backend.rocksdb.memory.managed: false, or set state.backend.rocksdb.memory.fixed-per-slot.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/state_backends/'],

  appliesTo: (subject: ConfigurationSubject): boolean => usesRocksDb(subject),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    const managed = configuration.setting('state.backend.rocksdb.memory.managed');
    const isOff = managed?.value.trim().toLowerCase() === 'false';
    const isFixed = FIXED.some((key) => configuration.setting(key) !== undefined);
    if (managed === undefined || !isOff || isFixed) return [{ verdict: 'pass' }];
    return [
      complain(managed, subject, {
        message: "RocksDB takes memory outside of Flink's budget, without a bound.",
        expected: 'managed memory (the default) or a fixed amount per slot',
        observed: shown(managed),
      }),
    ];
  },
};
