import type { SettingDifference } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { currentLines, type LogObservation, lineText } from './support/log-lines.ts';
import { remedy } from './support/remedies.ts';
import { count, listed, processOf } from './support/text.ts';

/**
 * A process was started with other settings than its configuration has now, as far as TLS, addresses, ports and storage
 * go: it was changed since, it is not the one that the process reads, or `-D` and the environment outdo it.
 */
export const rule: ClusterRule = {
  id: 'log-and-configuration-differ',
  scope: 'cluster',
  title: 'A process was started with other settings than its configuration has',
  severity: 'medium',
  rationale:
    'Flink reads its configuration once, at its start. What is changed later holds from the next restart on, so that a file may promise TLS, or a new certificate, that no process serves; and a restart, planned or not, brings up settings that nobody has tried.',
  decides:
    'Compares the properties that a process listed in its log when it was started last with the configuration that was given for it, as far as TLS, addresses, ports and storage go. High where a switch of TLS differs, else medium.',
  verdicts: {
    pass: 'all that can be compared is equal',
    fail: 'the process was started with other values than its configuration has now',
    'not-applicable': 'no log with properties and no configuration to hold it against was given',
  },
  hears: ['record', 'promise'],
  remediation: remedy(
    'Find out which of both is meant, put it into the configuration, and restart the process (for internal TLS, all of them together).',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/'],

  appliesTo(subject: ClusterSubject): boolean {
    return comparisons(subject).length > 0;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const differing = comparisons(subject).filter(({ log }) => (log.differences ?? []).length > 0);
    return differing.length === 0 ? [{ verdict: 'pass' }] : differing.map(judge);
  },
};

function comparisons({ observations }: ClusterSubject): readonly LogObservation[] {
  return currentLines(observations).filter(({ log }) => log.event === 'configuration-differs');
}

function judge(one: LogObservation): Judgement {
  const differences = one.log.differences ?? [];
  const switches = differences.filter(({ key }) => /ssl(?:\.\w+)*\.enabled$|authentication-enabled$/.test(key));
  const keys = (switches.length > 0 ? switches : differences).map(({ key }) => key);
  return {
    verdict: 'fail',
    // A switch of TLS that the file has and the process has not, or the other way round.
    severity: switches.length > 0 ? 'high' : 'medium',
    file: filePlace(one.log.file, one.server.member, one.log.line),
    message: `${processOf(one.server)} runs with other values than its configuration has now: ${listed(keys)}.`,
    expected: differences.map((each) => `${each.key}: ${valueText(each.configured)}${configuredAt(each)}`).join('; '),
    observed: `${count(differences.length, 'property', 'properties')} logged otherwise: ${differences
      .map((each) => `${each.key}: ${valueText(each.logged)}`)
      .join('; ')}`,
    witnesses: { promise: 'pass', record: 'fail' },
    evidence: differences.map((each) => ({
      observation: one.id,
      text: `${each.line === undefined ? lineText(one) : `line ${each.line}`}: ${each.key}: ${valueText(each.logged)}; configured: ${valueText(each.configured)}${configuredAt(each)}`,
      file: one.log.file,
    })),
  };
}

function valueText(value: string | null): string {
  return value ?? 'not set';
}

function configuredAt({ file, configuredLine }: SettingDifference): string {
  if (file === undefined) return '';
  return ` (${file.replace(/^.*[\\/]/, '')}${configuredLine === undefined ? '' : `:${configuredLine}`})`;
}
