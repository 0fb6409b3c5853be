import type { Severity } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement, RuleContext } from '../model/rule.ts';
import { explainFailure } from './support/log-failure.ts';
import { currentLines, entries, type LogObservation, logEvidence, spanText } from './support/log-lines.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { count, distinct, groupBy, listed, processOf } from './support/text.ts';

/** A line that has other causes, too, says nothing before it comes again. */
const LEAST_LIKELY = 2;

/**
 * Flink's own log tells of handshakes that failed, or of TLS that met clear text.
 *
 * Lines of both sides about one connection are told once for each side, since each gives its own reason. A process that
 * was restarted since has left its troubles behind.
 */
export const rule: ClusterRule = {
  id: 'log-tells-handshake-failures',
  scope: 'cluster',
  title: 'The log tells of failed TLS handshakes',
  severity: 'high',
  rationale:
    'Between members of a cluster a failed handshake means that one of them is left out: a TaskManager does not register, tasks fail and restart, blobs cannot be fetched, while REST may still call the cluster healthy. The log has the reason that the wire often hides: TLS 1.3 encrypts alerts, and Flink up to 1.18 sends none on RPC.',
  decides:
    'Looks in the logs of the processes that run now for handshakes that failed and for TLS that met clear text, grouped by endpoint, reason and side. High on internal channels, medium elsewhere; a line that has other causes as well is medium and counts from the second time on.',
  verdicts: {
    pass: 'no such line stands in the logs',
    fail: 'connections failed in TLS; the message has the reason',
    'not-applicable': 'no log was read',
  },
  hears: ['record'],
  remediation: remedy(
    'Compare keystore, truststore, pin, protocol and suites of the two processes, make them equal and restart the one that differs.',
  ),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc8446#section-6.2'],

  appliesTo(subject: ClusterSubject): boolean {
    return currentLines(subject.observations).length > 0;
  },

  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const failures = currentLines(subject.observations).filter(({ log }) => log.event === 'handshake-failed');
    const judgements = [...byReason(failures).values()].flatMap((group) => judge(group, context) ?? []);
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function byReason(failures: readonly LogObservation[]): ReadonlyMap<string, readonly LogObservation[]> {
  return groupBy(
    failures,
    (one) => `${one.channel} ${processOf(one.server)} ${one.server.port} ${discriminatorOf(one)}`,
  );
}

/** Reason and the side that tells it. */
function discriminatorOf({ log: { failure } }: LogObservation): string {
  return [failure?.reason, failure?.alert, failure?.side].filter((part) => part !== undefined).join(' ');
}

function judge(group: readonly LogObservation[], context: RuleContext): Judgement | undefined {
  const [first] = group;
  const failure = first?.log.failure;
  if (first === undefined || failure === undefined || first.channel === 'unknown') return undefined;
  const isLikely = group.every(({ log }) => log.failure?.certainty === 'likely');
  const times = entries(group);
  if (isLikely && times < LEAST_LIKELY) return undefined;
  const { cause, remediation } = explainFailure(failure);
  const clients = distinct(group.map(clientOf));
  const who = clients.length === 0 ? '' : ` with ${listed(clients)}`;
  const span = spanText(group);
  return {
    verdict: 'fail',
    severity: severityOf(first, isLikely, context),
    channel: first.channel,
    endpoint: first.server,
    discriminator: discriminatorOf(first),
    message: `Connections${who} failed: ${first.log.text}. ${cause}`,
    expected: 'established handshakes',
    observed: `${count(times, 'line')}${span === '' ? '' : `, ${span}`}`,
    evidence: group.map((one) => logEvidence(one)),
    remediation,
  };
}

/** Members that lock each other out; elsewhere a stranger that is refused may be the very purpose. */
function severityOf({ channel }: LogObservation, isLikely: boolean, context: RuleContext): Severity {
  const isInternal = channel !== 'unknown' && context.probes.get(channel)?.protection === 'internal';
  return isInternal && !isLikely ? 'high' : 'medium';
}

/** The client by the name that it gave itself, else by its place. */
function clientOf({ client, log }: LogObservation): string | undefined {
  const claimed = log.failure?.claimed;
  if (client === undefined) return claimed;
  return claimed === undefined || claimed === client.host ? processOf(client) : `${claimed} (${client.host})`;
}
