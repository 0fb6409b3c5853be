import type { Channel } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Endpoint, Expectation, Observation, Remediation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { remedyFor } from './support/channel-remedy.ts';
import { isServedInClear, isServedInTls, type OneSided, oneSidedConnection } from './support/clear.ts';
import { askedProtection, families } from './support/members.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { connections, count, digits, evidenceOf, listed, originOf, placeOf, processOf } from './support/text.ts';

/**
 * One side of a channel speaks TLS and the other clear.
 *
 * The picture of a half-done restart or of one process with other settings. The odd process is the one that stands
 * against what most others do on the channel; where nothing tells, it is the clear one.
 */
export const rule: ClusterRule = {
  id: 'mixed-tls-and-clear',
  scope: 'cluster',
  title: 'One side of a channel speaks TLS, the other clear',
  severity: 'high',
  promise: 'tls',
  rationale:
    'Every Flink process switches TLS by its own configuration, and one that disagrees with its peers cannot connect: TaskManagers do not register, tasks fail and restart, or blobs are fetched in vain. After a change of TLS settings all processes have to be restarted together. A TaskManager that cannot register ends itself after taskmanager.registration.timeout (5 minutes).',
  decides:
    'Looks for captured connections of which one side speaks TLS and the other clear, and for listening ports of one channel (those of RPC together) that a probe found to speak one and the other. The odd process is the one with fewer others on its side; where nothing tells, the clear one.',
  verdicts: {
    pass: 'no such disagreement was seen',
    fail: 'one process speaks TLS where its peers speak clear, or the other way round',
    'not-applicable': 'no endpoint was seen of a channel that can have TLS',
  },
  hears: ['wire', 'handshake'],
  remediation: remedy(
    'Give all processes the same TLS settings and restart those that differ (flinkprobe explain CHANNEL lists the keys).',
    {
      'security.ssl.internal.enabled': 'true',
    },
  ),
  references: [SECURITY_SSL_PAGE, 'Flink documentation: Configuration, taskmanager.registration.timeout'],

  appliesTo(subject: ClusterSubject, context: RuleContext): boolean {
    return subject.endpoints.some((endpoint) => canBeBoth(endpoint.channel, context));
  },

  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const endpoints = subject.endpoints.filter((endpoint) => canBeBoth(endpoint.channel, context));
    const mixed = endpoints.flatMap((endpoint) =>
      endpoint.observations
        .map((observation) => oneSidedConnection(observation, endpoint, context))
        .filter((one) => one !== undefined),
    );
    const asked = families(endpoints).flatMap((family) => judgeAsked(family, context));
    if (mixed.length === 0) return asked.length === 0 ? [{ verdict: 'pass' }] : asked;
    const speakers = speakersOf(subject, mixed);
    const groups = new Map<string, { readonly odd: Odd; readonly members: OneSided[] }>();
    for (const one of mixed) {
      const odd = oddSide(one, speakers);
      const key = `${one.subject.channel} ${processOf(odd.endpoint)} ${odd.speaks}`;
      const group = groups.get(key) ?? { odd, members: [] };
      group.members.push(one);
      groups.set(key, group);
    }
    const captured = [...groups.values()].map(({ odd, members }) => judge(odd, members, subject, context));
    return [...captured, ...asked];
  },
};

interface Odd {
  readonly endpoint: Endpoint;
  readonly speaks: 'clear' | 'tls';
}

function canBeBoth(channel: Channel, context: RuleContext): boolean {
  const protection = context.probes.get(channel)?.protection;
  return channel !== 'unknown' && protection !== undefined && protection !== 'never';
}

/** Processes that were seen to speak TLS, or clear, on each channel: in conversations that worked and in those that did not. */
type Speakers = ReadonlyMap<Channel, { readonly clear: ReadonlySet<string>; readonly tls: ReadonlySet<string> }>;

function speakersOf(cluster: ClusterSubject, mixed: readonly OneSided[]): Speakers {
  const speakers = new Map<Channel, { readonly clear: Set<string>; readonly tls: Set<string> }>();
  const note = (channel: Channel, side: 'clear' | 'tls', endpoint: Endpoint | undefined): void => {
    const sides = speakers.get(channel) ?? { clear: new Set(), tls: new Set() };
    if (endpoint !== undefined) sides[side].add(processOf(endpoint));
    speakers.set(channel, sides);
  };
  for (const { channel, observations } of cluster.endpoints) {
    for (const observation of observations) {
      const side = isServedInTls(observation) ? 'tls' : isServedInClear(observation) ? 'clear' : undefined;
      if (side === undefined) continue;
      note(channel, side, observation.client);
      note(channel, side, observation.server);
    }
  }
  for (const one of mixed) {
    note(one.subject.channel, 'clear', one.clearSide);
    note(one.subject.channel, 'tls', one.tlsSide);
  }
  return speakers;
}

/** The side with fewer others on its side, among the processes that were seen on this channel. */
function oddSide(one: OneSided, speakers: Speakers): Odd {
  const sides = speakers.get(one.subject.channel);
  const involved = [...new Set([processOf(one.clearSide), processOf(one.tlsSide)])];
  const others = (all: ReadonlySet<string>): number => all.size - involved.filter((process) => all.has(process)).length;
  return sides !== undefined && others(sides.clear) > others(sides.tls)
    ? { endpoint: one.tlsSide, speaks: 'tls' }
    : { endpoint: one.clearSide, speaks: 'clear' };
}

function judge(odd: Odd, members: readonly OneSided[], cluster: ClusterSubject, context: RuleContext): Judgement {
  const { channel } = members[0]!.subject;
  const probe = context.probes.get(channel);
  const observations = members.map((one) => one.observation);
  const others = listed(members.map((one) => processOf(odd.speaks === 'clear' ? one.tlsSide : one.clearSide)));
  const [mine, theirs] = odd.speaks === 'clear' ? ['in clear', 'TLS'] : ['TLS', 'in clear'];
  const inferred = members.every((one) => one.certainty === 'likely')
    ? ' Inferred, not proven: the side that wants TLS closed or kept silent, as a TLS port of Flink does.'
    : '';
  const promise = context.expectationFor(channel, odd.endpoint.member);
  const likely = likelyCauses(odd, channel, cluster);
  return {
    verdict: 'fail',
    channel,
    endpoint: listening(odd, members),
    discriminator: odd.speaks,
    message: `${processOf(odd.endpoint)} speaks ${mine} on ${probe?.title ?? channel} while ${others} speak${others.includes(',') || others.includes(' and ') ? '' : 's'} ${theirs}: they cannot talk to each other.${restartNote(members[0]!, odd, cluster)}${inferred}`,
    expected: expectedText(odd, promise, likely),
    observed: `${count(connections(observations), 'connection')} refused; ${observations[0]!.answer?.text ?? 'no answer'}`,
    evidence: observations.map((one) => evidenceOf(one, one.answer?.text ?? 'not answered in kind')),
    remediation: cureOf(odd, probe, likely.length === 1 ? likely[0] : promise, context),
  };
}

/** Listening endpoints that have to be alike, as a probe found them. Where as many speak TLS, the clear ones are odd. */
function judgeAsked(family: readonly EndpointSubject[], context: RuleContext): readonly Judgement[] {
  const clear = family.filter((one) => askedProtection(one) === 'clear');
  const tls = family.filter((one) => askedProtection(one) === 'tls');
  if (clear.length === 0 || tls.length === 0) return [];
  const speaks = clear.length > tls.length ? 'tls' : 'clear';
  const [odd, others] = speaks === 'tls' ? [tls, clear] : [clear, tls];
  const [mine, theirs] = speaks === 'tls' ? ['TLS', 'in clear'] : ['in clear', 'TLS'];
  const names = [...new Set(others.map((one) => processOf(one.server)))];
  return odd.map((one) => {
    const promise = context.expectationFor(one.channel, one.server.member);
    const evidence = [one, others[0]!].flatMap((each) =>
      each.observations
        .filter(({ vantage }) => vantage === 'active')
        .slice(-1)
        .map((seen) => evidenceOf(seen, `${each === one ? mine : theirs}`)),
    );
    return {
      verdict: 'fail',
      channel: one.channel,
      endpoint: one.server,
      discriminator: speaks,
      message: `${processOf(one.server)} speaks ${mine} while ${listed(names)} speak${names.length > 1 ? '' : 's'} ${theirs}: they cannot talk to each other.`,
      expected: expectedText({ endpoint: one.server, speaks }, promise, []),
      observed: `${count(tls.length, 'endpoint')} in TLS, ${digits(clear.length)} in clear`,
      evidence,
      remediation: cureOf({ endpoint: one.server, speaks }, context.probes.get(one.channel), promise, context),
    };
  });
}

/** A configuration that does not ask for TLS is the cause, not what is expected. */
function expectedText(odd: Odd, promise: Expectation | undefined, likely: readonly Expectation[]): string {
  const isAsked = promise === undefined || promise.basis === 'policy' || promise.tls === 'required';
  if (isAsked) {
    const named = likely.map((one) => `${one.member ?? 'some member'} (${originOf(one)})`);
    const hint = `; ${processOf(odd.endpoint)} has no name here (--names gives it one), and clear text is asked for by the configuration of ${listed(named)}`;
    return `the same on both sides, TLS (${originOf(promise)})${likely.length === 0 ? '' : hint}`;
  }
  return `the same on both sides, TLS (default policy); the configuration of ${processOf(odd.endpoint)} does not ask for it: ${originOf(promise)}`;
}

/** Where the clear side has no name, the one configuration that asks for clear text may still be its. */
function likelyCauses(odd: Odd, channel: Channel, cluster: ClusterSubject): readonly Expectation[] {
  if (odd.speaks !== 'clear' || odd.endpoint.member !== undefined) return [];
  const promises = cluster.expectations.filter((one) => one.channel === channel && one.basis === 'configuration');
  const off = promises.filter((one) => one.tls === 'forbidden');
  return off.length === promises.length ? [] : off;
}

function cureOf(
  odd: Odd,
  probe: Probe | undefined,
  promise: Expectation | undefined,
  context: RuleContext,
): Remediation {
  const what =
    odd.speaks === 'clear'
      ? `Give ${processOf(odd.endpoint)} the TLS settings of the others and restart it.`
      : `Give all other processes the TLS settings of ${processOf(odd.endpoint)} and restart them together.`;
  if (probe === undefined) return remedy(what);
  const isOwn = odd.speaks === 'clear' && promise?.tls !== 'required';
  return remedy(what, remedyFor(probe, isOwn ? promise : undefined, context).settings);
}

/** The address that people know is the listening one; a client's port is another one in every connection. */
function listening(odd: Odd, members: readonly OneSided[]): Endpoint {
  const servers = members.map((one) => one.observation.server);
  return servers.find((server) => processOf(server) === processOf(odd.endpoint)) ?? odd.endpoint;
}

/** Clear text that was served before, and no more: the server has been restarted with TLS in between. */
function restartNote(one: OneSided, odd: Odd, cluster: ClusterSubject): string {
  if (odd.speaks !== 'tls' || one.who !== 'clear-client') return '';
  const { server } = one.observation;
  const before = cluster.endpoints
    .filter((endpoint) => endpoint.channel === one.subject.channel && processOf(endpoint.server) === processOf(server))
    .flatMap((endpoint) => endpoint.observations)
    .filter((other: Observation) => isServedInClear(other) && other.lastSeenAt < one.observation.observedAt)
    .map((other) => other.lastSeenAt)
    .sort()
    .at(-1);
  return before === undefined
    ? ''
    : ` ${placeOf(server)} still answered in clear until ${before}: it was restarted with TLS, its peers were not.`;
}
