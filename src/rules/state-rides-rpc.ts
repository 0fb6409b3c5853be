import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, promiseOf, shown } from './support/settings.ts';
import { backendSetting, CHECKPOINT_DIRECTORY, storageSetting } from './support/state-backend.ts';

/**
 * Checkpoints go to the JobManager's memory, inside RPC. Info where RPC is promised TLS: then it is only worth knowing.
 * Medium where it is not: the clear channel is a finding of its own, that state rides on it makes it no better.
 */
export const rule: ConfigurationRule = {
  id: 'state-rides-rpc',
  scope: 'configuration',
  title: 'Checkpoints travel inside RPC to the JobManager',
  severity: 'info',
  rationale:
    "Without a checkpoint directory, or with the storage jobmanager, every snapshot of state crosses RPC as a part of its acknowledgement (at most 5 MiB each). RPC's TLS is then the TLS of state. The state is lost with the JobManager's memory, and with high availability it lies in its storage directory.",
  decides:
    'Looks whether checkpoints go to the memory of the JobManager: storage jobmanager, or a checkpoint interval without any checkpoint directory. Info where RPC is promised TLS, else medium.',
  verdicts: {
    pass: 'checkpoints go to a directory, or none are configured',
    fail: 'snapshots of state travel inside RPC',
    'not-applicable': 'the configuration has no keys',
  },
  toldBy: ['plaintext-channel', 'plaintext-state-transfer'],
  remediation: remedy(
    'Set execution.checkpointing.storage: filesystem and execution.checkpointing.dir (before 1.20: state.checkpoint-storage, state.checkpoints.dir) to protected storage, and switch on internal TLS either way.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/checkpoints/'],

  appliesTo: ({ configuration }: ConfigurationSubject): boolean => configuration.keys().length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const setting = settingOf(subject);
    if (setting === undefined) return [{ verdict: 'pass' }];
    const isProtected = promiseOf(subject, 'jobmanager-rpc')?.tls === 'required';
    return [
      complain(setting, subject, {
        severity: isProtected ? 'info' : 'medium',
        channel: 'jobmanager-rpc',
        message: `Snapshots of state travel in RPC, which has ${isProtected ? 'TLS' : 'no TLS by this configuration'}.`,
        expected: 'checkpoints in a directory of their own, RPC with TLS',
        observed: shown(setting),
      }),
    ];
  },
};

/** The setting by which no directory is used. */
function settingOf(subject: ConfigurationSubject): Setting | undefined {
  const { configuration } = subject;
  const storage = storageSetting(subject);
  if (storage !== undefined)
    return /^jobmanager$|JobManagerCheckpointStorage/.test(storage.value.trim()) ? storage : undefined;
  if (configuration.setting(...CHECKPOINT_DIRECTORY) !== undefined) return undefined;
  const backend = backendSetting(subject);
  // Flink up to 1.18 still knows the memory backend under its old name.
  if (backend !== undefined && /^jobmanager$|MemoryStateBackend/.test(backend.value.trim())) return backend;
  // Without an interval only the job itself could ask for checkpoints, and name a directory as well.
  const interval = configuration.setting('execution.checkpointing.interval');
  return interval !== undefined && !/^0\s*(?:[a-z]+)?$/i.test(interval.value.trim()) ? interval : undefined;
}
