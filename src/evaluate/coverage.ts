import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Coverage, Expectation, Finding, Observation, Severity } from '../model/report.ts';
import type { EndpointSubject } from '../model/rule.ts';
import { LogRecord } from './log-record.ts';
import { sayings } from './sayings.ts';
import { isAtLeast } from './severity.ts';

/**
 * What was seen of each channel, in the contract's order, whether anything was or not.
 *
 * `expected`: what `--expect` names; `all` stands for every channel that a configuration describes or, without one,
 * for Flink's internal channels and REST. `findings` and `failOn` decide between pass and fail of what was seen.
 * `observations`: all of the run; a probe expects every endpoint that it was given, those without an answer are not seen.
 */
export function coverage(
  subjects: readonly EndpointSubject[],
  expectations: readonly Expectation[],
  probes: readonly Probe[],
  expected: readonly (ChannelId | 'all')[],
  findings: readonly Finding[] = [],
  failOn: Severity = 'medium',
  observations: readonly Observation[] = [],
): readonly Coverage[] {
  const promises = expectations.filter((one) => one.basis === 'configuration');
  const asked = askedChannels(promises, probes, expected);
  const record = new LogRecord(observations);
  return CHANNEL_IDS.map((channel) => {
    const seen = subjects.filter((one) => one.channel === channel);
    const promised = promises.filter((one) => one.channel === channel);
    const given = observations.filter((one) => one.vantage === 'active' && one.channel === channel);
    const lacking = new Set(given.filter((one) => one.kind === 'no-answer').map(placeOf));
    const vantages = new Set(seen.flatMap((one) => one.observations.map((observation) => observation.vantage)));
    const witnesses: ('wire' | 'handshake' | 'promise' | 'record')[] = [];
    if (vantages.has('passive')) witnesses.push('wire');
    if (vantages.has('active') || lacking.size > 0) witnesses.push('handshake');
    if (promised.length > 0) witnesses.push('promise');
    if (isRecorded(channel, observations)) witnesses.push('record');
    const isMeant = promised.length > 0 || asked.has(channel) || given.length > 0;
    const absent = promises.length > 0 && !isMeant ? 'not-applicable' : 'not-seen';
    return {
      channel,
      expectedEndpoints: Math.max(
        promisedEndpoints(promised),
        new Set(given.map(placeOf)).size,
        // A promise that names no member is made of all of them, as many as there are.
        promised.some(({ member }) => member === null) ? seen.length : 0,
      ),
      seenEndpoints: seen.length,
      verdict: seen.length === 0 ? absent : verdictOf(channel, findings, failOn, lacking.size),
      witnesses,
      says: sayings({ channel, probes, witnesses, findings, promised, record, failOn }),
      ...(asked.has(channel) || given.length > 0 ? { expected: true } : {}),
    };
  });
}

function askedChannels(
  promises: readonly Expectation[],
  probes: readonly Probe[],
  expected: readonly (ChannelId | 'all')[],
): ReadonlySet<ChannelId> {
  const asked = new Set<ChannelId>(expected.filter((one) => one !== 'all'));
  if (!expected.includes('all')) return asked;
  const described = promises.map((one) => one.channel);
  const byPolicy = probes
    .filter((probe) => probe.protection === 'internal' || probe.id === 'rest')
    .map((probe) => probe.id);
  for (const channel of described.length > 0 ? described : byPolicy) asked.add(channel);
  return asked;
}

/** A log that says of a channel no more than that a port is listened at has said nothing of it. */
export function isRecorded(channel: ChannelId, observations: readonly Observation[]): boolean {
  return observations.some(
    (one) => one.channel === channel && (one.log?.says !== undefined || one.log?.failure !== undefined),
  );
}

/** How many endpoints the configurations promise: told apart by member and port. */
export function promisedEndpoints(promised: readonly Expectation[]): number {
  return new Set(promised.map((one) => `${one.member ?? '*'} ${one.port ?? ''}`)).size;
}

function placeOf({ server }: Observation): string {
  return `${server.host} ${server.port}`;
}

/** `lacking`: endpoints that were asked and did not answer. */
export function verdictOf(
  channel: ChannelId,
  findings: readonly Finding[],
  failOn: Severity,
  lacking: number,
): Coverage['verdict'] {
  const own = findings.filter((one) => one.channel === channel && one.waived === null);
  if (own.some((one) => one.verdict === 'fail' && isAtLeast(one.severity, failOn))) return 'fail';
  return lacking > 0 || own.some((one) => one.verdict !== 'fail') ? 'inconclusive' : 'pass';
}
