import type { Channel } from '../model/channel.ts';
import type { Evidence, Expectation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement, RuleContext } from '../model/rule.ts';
import { remedyFor } from './support/channel-remedy.ts';
import { type LogObservation, logEvidence, tellingLines } from './support/log-lines.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { settingEvidence, switchesOf } from './support/settings.ts';
import { distinct, groupBy, listed, originOf, processOf } from './support/text.ts';

/**
 * Flink's own log says that a channel is in clear where TLS is expected.
 *
 * Only what the processes say that were started last counts. Where connections show TLS at that port,
 * `log-and-wire-differ` tells it. A configuration that leaves the channel in clear is told by
 * the rules for configurations; here the log contradicts what is promised, or there is no promise and the policy holds.
 */
export const rule: ClusterRule = {
  id: 'log-says-clear',
  scope: 'cluster',
  title: 'The log says that a channel is in clear where TLS is expected',
  severity: 'critical',
  promise: 'tls',
  rationale:
    'A process writes into its log how it was started: the scheme of its actor system (pekko.tcp or pekko.ssl.tcp), the ssl flag of its data server, the URL of its web frontend. What a configuration file promises now says nothing of a process that was started with another one.',
  decides:
    'Reads the lines in which the processes that run now say how they started or connected: scheme of the actor system (pekko.tcp or pekko.ssl.tcp), ssl flag of the data server, URL of the web frontend, connections to the BLOB server, registered TaskManagers. Clear counts where the configuration, else the default policy, expects TLS.',
  verdicts: {
    pass: 'no line says clear where TLS is expected',
    fail: 'a line says clear where TLS is expected',
    'not-applicable': 'no log was read that tells',
  },
  hears: ['record'],
  toldBy: ['log-and-wire-differ'],
  remediation: remedy(
    'Switch TLS on for the channel in the configuration that the process reads (its log names the file and lists what it loaded), and restart all processes together.',
    { 'security.ssl.internal.enabled': 'true', 'security.ssl.rest.enabled': 'true' },
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo(subject: ClusterSubject): boolean {
    return tellingLines(subject.observations).length > 0;
  },

  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const lines = tellingLines(subject.observations);
    const judgements = [...byPlace(lines).values()].flatMap((group) => judge(group, context) ?? []);
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

/** Lines about one listening endpoint: its own, and those of processes that connect to it. */
function byPlace(lines: readonly LogObservation[]): ReadonlyMap<string, readonly LogObservation[]> {
  return groupBy(lines, ({ channel, server }) => `${channel} ${processOf(server)} ${server.port}`);
}

function judge(lines: readonly LogObservation[], context: RuleContext): Judgement | undefined {
  const clear = lines.filter(({ log }) => log.says === 'clear');
  const [first] = clear;
  if (first === undefined) return undefined;
  const { channel, server } = first;
  const probe = context.probes.get(channel);
  const expectation = context.expectationFor(channel, server.member);
  if (probe === undefined || expectation?.tls !== 'required') return undefined;
  const overTls = lines.filter(({ log }) => log.says === 'tls');
  const others =
    overTls.length === 0 ? '' : ` Others reach it over TLS (${listed(distinct(overTls.map((one) => writerOf(one))))}).`;
  return {
    verdict: 'fail',
    channel,
    endpoint: server,
    message:
      `${probe.title} is in clear, says the log of ${listed(distinct(clear.map(writerOf)))}.${contradiction(expectation, channel)}${others} ${probe.carries}`.trim(),
    expected: `TLS (${originOf(expectation)})`,
    observed: distinct(clear.map(({ log }) => log.text)).join('; '),
    evidence: [logEvidence(first), ...promised(expectation), ...clear.slice(1).map((one) => logEvidence(one))],
    remediation: remedyFor(probe, expectation, context),
  };
}

/** The lines of the configuration that the log contradicts. */
function promised({ basis, because }: Expectation): readonly Evidence[] {
  return basis === 'configuration' ? switchesOf(because).slice(0, 1).map(settingEvidence) : [];
}

function contradiction(expectation: Expectation, channel: Channel): string {
  return expectation.basis === 'configuration'
    ? ` The configuration asks for TLS on ${channel}: the process was started with another one, or before it was changed.`
    : '';
}

/** Who wrote the line: the server itself, or the client that connects. */
function writerOf({ client, server, log }: LogObservation): string {
  if (client !== undefined) return processOf(client);
  return log.event === 'taskmanager-registered' ? 'the JobManager' : processOf(server);
}
