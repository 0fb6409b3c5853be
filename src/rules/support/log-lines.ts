import type { Evidence, LogLine, Observation } from '../../model/report.ts';
import { digits } from './text.ts';

/** An observation of the witness `record`. */
export type LogObservation = Observation & { readonly log: LogLine };

export function logObservations(observations: readonly Observation[]): readonly LogObservation[] {
  return observations.filter((one): one is LogObservation => one.vantage === 'log' && one.log !== undefined);
}

/** What the processes that run now wrote: one that was started later in the same log has replaced those before. */
export function currentLines(observations: readonly Observation[]): readonly LogObservation[] {
  return logObservations(observations).filter((one) => one.log.process !== 'earlier');
}

/** Lines that say how a server was started, or a connection to it was made. */
const TELLING: ReadonlySet<string> = new Set([
  'actor-system-started',
  'remoting-started',
  'data-server-configured',
  'web-frontend-listening',
  'blob-client-connects',
  'taskmanager-registered',
]);

/** What the processes that run now wrote of the TLS of a channel. */
export function tellingLines(observations: readonly Observation[]): readonly LogObservation[] {
  return currentLines(observations).filter(({ log }) => log.says !== undefined && TELLING.has(log.event ?? ''));
}

/** `line 92`, or `lines 92-104`; the file stands beside it in the evidence. */
export function lineText({ log }: LogObservation): string {
  return log.lastLine === undefined ? `line ${log.line}` : `lines ${log.line}-${log.lastLine}`;
}

/** Entries that stand behind these observations. */
export function entries(observations: readonly LogObservation[]): number {
  return observations.reduce((sum, one) => sum + 1 + (one.repeats ?? 0), 0);
}

/** One evidence entry for a line: where it stands, and what it says. */
export function logEvidence(one: LogObservation, said: string = one.log.text ?? ''): Evidence {
  const times = one.repeats === undefined ? '' : `, ${digits(one.repeats + 1)} times`;
  return { observation: one.id, text: `${lineText(one)}: ${said}${times}`, file: one.log.file };
}

/** First and last time of some lines, for a sentence; empty where the log has no times. */
export function spanText(observations: readonly LogObservation[]): string {
  const timed = observations.filter(({ log }) => log.zone !== 'none');
  if (timed.length === 0) return '';
  const first = timed.map((one) => one.observedAt).sort()[0]!;
  const last = timed
    .map((one) => one.lastSeenAt)
    .sort()
    .at(-1)!;
  return first === last ? `at ${first}` : `first ${first}, last ${last}`;
}
