import type { Observation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { type LogObservation, logEvidence, tellingLines } from './support/log-lines.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { isSamePort, ofVantage, servedIn, shownAs, verdictOn } from './support/shown.ts';
import { connections, count, distinct, evidenceOf, listed } from './support/text.ts';

/** The log of a process says TLS where connections to it are in clear, or the other way round. */
export const rule: ClusterRule = {
  id: 'log-and-wire-differ',
  scope: 'cluster',
  title: 'The log says something else than the connections show',
  severity: 'high',
  promise: 'tls',
  rationale:
    'A process writes at its start whether a channel has TLS. Where connections to that port show the opposite, something stands between: a proxy or service mesh that adds TLS, or takes it away and leaves the last way in clear, or a process of another start, or another one altogether, has the port. Whoever trusts the log alone is wrong about what crosses the network.',
  decides:
    'Compares what the processes that run now wrote about a channel at their start with what connections to that port showed since: captured ones, and those of a probe. Told are ports where the log says TLS and all connections are in clear (high), or the log says clear and all connections are TLS (medium).',
  verdicts: {
    pass: 'logs and connections say the same of every port that both tell of',
    fail: 'the log of a process says TLS and its port is in clear, or the other way round',
    'not-applicable': 'no log was read that tells of TLS',
  },
  hears: ['wire', 'handshake', 'record'],
  remediation: remedy(
    'Find out which process has the port (its log names its start and addresses), and whether a proxy or mesh stands in front; then look at the way between that and Flink.',
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo({ observations }: ClusterSubject): boolean {
    return tellingLines(observations).length > 0;
  },

  evaluate({ endpoints, observations }: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const lines = tellingLines(observations);
    const judgements = endpoints.flatMap((endpoint) => judge(endpoint, lines, context) ?? []);
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function judge(
  { channel, server, observations }: EndpointSubject,
  lines: readonly LogObservation[],
  context: RuleContext,
): Judgement | undefined {
  const own = lines.filter((line) => line.channel === channel && isSamePort(line.server, server));
  const said = distinct(own.map(({ log }) => log.says));
  if (said.length !== 1) return undefined;
  const [says] = said;
  const since = startOf(own);
  const seen = observations.filter((one) => since === undefined || one.lastSeenAt >= since);
  const shown = shownAs(seen);
  if ((shown !== 'tls' && shown !== 'clear') || shown === says) return undefined;
  const proof = servedIn(shown, seen);
  const title = context.probes.get(channel)?.title ?? channel;
  const [logWords, wireWords] = says === 'tls' ? ['TLS', 'in clear'] : ['clear text', 'in TLS'];
  return {
    verdict: 'fail',
    severity: says === 'tls' ? 'high' : 'medium',
    channel,
    endpoint: server,
    discriminator: says === 'tls' ? 'in clear' : 'in TLS',
    message: `${title}: the log says ${logWords}, and connections are ${wireWords}. ${causeText(shown)}`,
    expected: `${logWords}, as the log says (${listed(distinct(own.map(({ log }) => log.text)), 2)})`,
    observed: `${count(connections(proof), 'connection')} ${wireWords}`,
    evidence: [
      ...own.slice(0, 2).map((one) => logEvidence(one)),
      ...proof.slice(0, 2).map((one) => evidenceOf(one, shownText(one))),
    ],
    witnesses: {
      wire: verdictOn(ofVantage(seen, 'passive')),
      handshake: verdictOn(ofVantage(seen, 'active')),
      record: says === 'tls' ? 'pass' : 'fail',
    },
  };
}

function causeText(shown: 'tls' | 'clear'): string {
  return shown === 'tls'
    ? 'A proxy or mesh in front ends TLS, and the way from there to Flink is in clear; or the log is that of another start.'
    : 'Something between takes TLS away; or the log is that of another start, or of another process.';
}

/** What crossed before the process was started says nothing of it; undefined where the log has no times. */
function startOf(lines: readonly LogObservation[]): string | undefined {
  return lines
    .filter(({ log }) => log.zone !== 'none')
    .map(({ observedAt }) => observedAt)
    .sort()[0];
}

function shownText({ tls, plaintext }: Observation): string {
  if (plaintext !== undefined) return `${plaintext.protocol} in clear`;
  return [tls?.version, tls?.cipherSuite].filter((part) => part !== undefined).join(' ') || 'TLS';
}
