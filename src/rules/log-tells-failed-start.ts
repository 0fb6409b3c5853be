import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { startRemedy } from './support/log-failure.ts';
import { currentLines, type LogObservation, logEvidence, spanText } from './support/log-lines.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { processOf } from './support/text.ts';

/** TLS that a process could not set up: most end at once, some go on without the channel. */
export const rule: ClusterRule = {
  id: 'log-tells-failed-start',
  scope: 'cluster',
  title: 'The log tells that TLS could not be set up',
  severity: 'high',
  rationale:
    'A store that is missing or does not open, a pin or suite that Java does not know: a JobManager ends at its start, and a process that sets TLS up at its first connection starts and takes none. After a change of certificates it is the first thing to look for.',
  decides:
    'Looks in the logs of the processes that run now, or tried to, for the exceptions by which Flink gives up setting TLS up: stores, passwords, pins, suites, protocols.',
  verdicts: {
    pass: 'no such line stands in the logs',
    fail: 'a process could not set TLS up; the message names what it missed',
    'not-applicable': 'no log was read',
  },
  hears: ['record'],
  remediation: remedy('Mend what the log names and restart the process.'),
  references: [SECURITY_SSL_PAGE],

  appliesTo(subject: ClusterSubject): boolean {
    return currentLines(subject.observations).length > 0;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const failures = currentLines(subject.observations).filter(({ log }) => log.event === 'start-failed');
    return failures.length === 0 ? [{ verdict: 'pass' }] : failures.flatMap((one) => judge(one) ?? []);
  },
};

function judge(one: LogObservation): Judgement | undefined {
  const { failure, text, file, line } = one.log;
  if (failure === undefined) return undefined;
  const span = spanText([one]);
  return {
    verdict: 'fail',
    channel: one.channel,
    file: filePlace(file, one.server.member, line),
    discriminator: [failure.reason, failure.subject].filter((part) => part !== undefined).join(' '),
    message: `${processOf(one.server)} could not set TLS up: ${text}.`,
    expected: 'TLS that is set up at the start',
    observed: `${text}${span === '' ? '' : `, ${span}`}`,
    evidence: [logEvidence(one)],
    remediation: startRemedy(failure),
  };
}
