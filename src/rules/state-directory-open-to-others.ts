import { shellWord } from '../bytes/shell-word.ts';
import type { Severity } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { remedy } from './support/remedies.ts';
import {
  contentsOf,
  fileEvidence,
  type SeenDirectory,
  type SeenFile,
  seenDirectories,
} from './support/state-directories.ts';
import { count } from './support/text.ts';

type Audience = 'others' | 'group';

/**
 * State, or what Flink deserializes, open to more than its owner. High where any account of the machine reads state, or
 * writes at all: what Flink reads back from these directories it deserializes, so writing is code of one's choice.
 * Medium for a group, which somebody once meant; a group that nobody but the owner is in does not count. What is no
 * state (jars, archives) is one step lower. A directory above that lets nobody through protects what is below.
 */
export const rule: ClusterRule = {
  id: 'state-directory-open-to-others',
  scope: 'cluster',
  title: 'Directory of state is open to others',
  severity: 'high',
  rationale:
    'Flink sets no modes: with the usual umask of 022 every account of the machine reads checkpoints, savepoints, RocksDB files and BLOBs, whatever TLS does on the wire. Whoever can write there puts objects in place that Flink deserializes at the next recovery.',
  decides:
    'Looks at the modes of the directories that were sampled (--state-dir, or named by the configuration) and of the files of Flink in them: who else reads, who else writes. State that every account reads, or anything that it writes, is high; for a group medium; what is no state one step lower. A directory above that lets nobody through protects what is below.',
  verdicts: {
    pass: 'nobody but the owner reaches files of Flink there',
    fail: 'others or a group may read or write what Flink keeps there',
    'not-applicable': 'no directory of state was looked at, or the system has no modes',
  },
  hears: ['promise'],
  remediation: remedy(
    'Start Flink with umask 077 (systemd: UMask=0077; containers: a user of its own and fsGroup), and take the rights from what is there already, the directory itself first.',
  ),
  references: ['Flink documentation: Checkpoints; High Availability', 'NIST SP 800-53'],

  appliesTo(subject: ClusterSubject): boolean {
    return seenDirectories(subject).some(({ file }) => file.readableBy !== undefined && file.readableBy !== 'unknown');
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    return seenDirectories(subject).map(judge);
  },
};

interface Fault {
  readonly severity: Severity;
  readonly text: string;
  readonly files: readonly SeenFile[];
}

function judge(directory: SeenDirectory): Judgement {
  const faults = faultsOf(directory);
  const worst = SEVERITY_ORDER.find((severity) => faults.some((one) => one.severity === severity));
  if (worst === undefined) return { verdict: 'pass' };
  const { observation, file, path } = directory;
  return {
    verdict: 'fail',
    severity: worst,
    channel: observation.channel,
    file: filePlace(path, observation.server.member),
    message: `More than the owner reaches files that Flink keeps: ${faults.map(({ text }) => text).join('; ')}.`,
    expected: 'files 0600 and directories 0700, or a directory above that lets nobody else through',
    observed: `directory with mode ${file.mode} of ${file.owner}; ${faults.map(({ text }) => text).join('; ')}`,
    evidence: [...new Set(faults.flatMap(({ files }) => files))]
      .map((one) => fileEvidence(one, 'mode'))
      .concat({
        observation: observation.id,
        text: `${path} (mode ${file.mode}, owner ${file.owner})${countsText(directory)}`,
        file: path,
      }),
    remediation: { ...rule.remediation, command: commandFor(directory) },
  };
}

const SEVERITY_ORDER = ['high', 'medium', 'low'] as const;
const READING: Readonly<Record<SeenFile['holds'], Readonly<Record<Audience, Severity>>>> = {
  state: { others: 'high', group: 'medium' },
  other: { others: 'medium', group: 'low' },
};
const WRITING: Readonly<Record<Audience, Severity>> = { others: 'high', group: 'medium' };
const WHO: Readonly<Record<Audience, string>> = { others: 'every account', group: 'the group' };

function faultsOf({ files, file }: SeenDirectory): readonly Fault[] {
  const faults: Fault[] = [];
  for (const audience of ['others', 'group'] as const) {
    for (const holds of ['state', 'other'] as const) {
      const read = files.filter((one) => one.holds === holds && one.file.readableBy === audience);
      if (read.length === 0) continue;
      const text = `${WHO[audience]} reads ${contentsOf(read)}`;
      faults.push({ severity: READING[holds][audience], text, files: read });
    }
    const written = files.filter((one) => one.file.writableBy === audience);
    const entries = numberOf(file.details?.[audience === 'others' ? 'writableByOthers' : 'writableByGroup']);
    if (entries === 0 && written.length === 0) continue;
    // A directory that holds nothing of Flink's is none of its business.
    if (files.length === 0) continue;
    const text = `${WHO[audience]} can write ${count(Math.max(entries, written.length), 'entry', 'entries')}`;
    faults.push({ severity: WRITING[audience], text, files: written });
  }
  return faults;
}

function countsText({ file }: SeenDirectory): string {
  const { files, readableByOthers, readableByGroup, writableByOthers, writable } = file.details ?? {};
  const parts = [
    ...(numberOf(readableByOthers) > 0 ? [`${readableByOthers} readable by all`] : []),
    ...(numberOf(readableByGroup) > 0 ? [`${readableByGroup} by a group`] : []),
    ...(numberOf(writableByOthers) > 0 ? [`${writableByOthers} writable by all`] : []),
    ...(typeof writable === 'string' ? [`the first of them ${writable}`] : []),
  ];
  return parts.length === 0 ? '' : `: of its ${count(numberOf(files), 'file')} and its directories ${parts.join(', ')}`;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** None for a directory that others share, nor for one at the top of the file system: that would take theirs as well. */
function commandFor({ path, file }: SeenDirectory): string | null {
  const isShared = file.details?.purpose === 'temporary' || /^1...$/.test(file.mode);
  const isTop = path.split('/').filter((part) => part !== '').length < 2;
  return isShared || isTop ? null : `chmod -R go-rwx ${shellWord(path)}`;
}
