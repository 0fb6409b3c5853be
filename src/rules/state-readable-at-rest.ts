import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { remedy } from './support/remedies.ts';
import {
  contentsOf,
  fileEvidence,
  filesOf,
  type SeenDirectory,
  seenDirectories,
  volumeEvidence,
} from './support/state-directories.ts';
import { count } from './support/text.ts';

/**
 * State that its own bytes give away, on a volume of which no encryption could be seen. Medium: who reads it has the
 * disk, a snapshot or a backup of it, or an account of that machine. Where the volume is out of sight (network, host of
 * a container) the rule is inconclusive; memory is not at rest.
 */
export const rule: ClusterRule = {
  id: 'state-readable-at-rest',
  scope: 'cluster',
  title: 'State lies readable on a volume without encryption',
  severity: 'medium',
  rationale:
    'Flink encrypts neither checkpoints nor savepoints nor the local files of a state backend; that RocksDB state is encrypted is a myth, and compression only scrambles parts of it. Whoever gets the disk, a snapshot or a backup reads keys and values out of it. Encryption of a disk itself, or below the block device by a cloud or a storage array, is not visible from the machine.',
  decides:
    'Recognises state by the first bytes of sampled files (checkpoint metadata, RocksDB tables and manifests, keyed and operator state), and looks whether their volume is encrypted as far as the machine shows it: dm-crypt, encrypting file systems, memory.',
  verdicts: {
    pass: 'the volume is encrypted, or is memory',
    fail: 'state is readable, and no encryption of its volume is seen',
    inconclusive: 'state is readable, and its volume is out of sight (network, host of a container)',
    'not-applicable': 'no state was found in the directories that were looked at',
  },
  hears: ['promise'],
  remediation: remedy(
    'Encrypt what lies below Flink: the volume (LUKS, encrypted cloud disk, encrypted StorageClass), the directory (fscrypt), or the bucket (SSE-KMS). No Flink setting does it. Where the disk or the cloud encrypts already, waive this finding with that reason.',
  ),
  references: ['Flink documentation: State Backends; Checkpoints', 'NIST SP 800-111'],

  appliesTo(subject: ClusterSubject): boolean {
    return seenDirectories(subject).length > 0;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    return seenDirectories(subject).map(judge);
  },
};

function judge(directory: SeenDirectory): Judgement {
  const state = directory.files.filter(({ holds }) => holds === 'state');
  if (state.length === 0) return { verdict: 'not-applicable' };
  const { volume, path, observation } = directory;
  const protection = volume?.protection ?? 'hidden';
  if (protection === 'encrypted' || protection === 'memory') return { verdict: 'pass' };
  const told = {
    channel: observation.channel,
    file: filePlace(path, observation.server.member),
    expected: 'state encrypted below Flink: volume, directory or bucket',
    evidence: [...volumeEvidence(directory), ...state.map((one) => fileEvidence(one, 'content'))],
  };
  const readable = `${count(filesOf(state), 'file')} readable as ${contentsOf(state)}`;
  if (protection === 'none-seen') {
    return {
      ...told,
      verdict: 'fail',
      message: 'Files give themselves away as state, and no encryption of their volume is seen.',
      observed: `${readable}; no dm-crypt, no encrypting file system`,
    };
  }
  const why = protection === 'remote' ? 'a server keeps the volume' : 'the volume is out of sight';
  return {
    ...told,
    verdict: 'inconclusive',
    message: `Files give themselves away as state; whether their volume is encrypted cannot be told from here: ${why}.`,
    observed: `${readable}; ${why}`,
  };
}
