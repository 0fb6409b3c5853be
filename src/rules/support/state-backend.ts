import type { Setting } from '../../model/report.ts';
import type { ConfigurationSubject } from '../../model/rule.ts';

/** `CheckpointingOptions`, `StateBackendOptions`; names of 1.20 and newer first. */
export const CHECKPOINT_DIRECTORY = [
  'execution.checkpointing.dir',
  'state.checkpoints.dir',
  'state.backend.fs.checkpointdir',
] as const;
export const SAVEPOINT_DIRECTORY = [
  'execution.checkpointing.savepoint-dir',
  'state.savepoints.dir',
  'state.backend.fs.savepointdir',
  'savepoints.state.backend.fs.dir',
] as const;
const STORAGE = ['execution.checkpointing.storage', 'state.checkpoint-storage'] as const;
const BACKEND = ['state.backend.type', 'state.backend'] as const;

type Configured = Pick<ConfigurationSubject, 'configuration'>;

export function backendSetting({ configuration }: Configured): Setting | undefined {
  return configuration.setting(...BACKEND);
}

export function storageSetting({ configuration }: Configured): Setting | undefined {
  return configuration.setting(...STORAGE);
}

/** Short name or factory class. Jobs may choose another backend than the configuration does. */
export function usesRocksDb(subject: Configured): boolean {
  return /rocksdb/i.test(backendSetting(subject)?.value ?? '');
}
