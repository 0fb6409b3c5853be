import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Coverage, Expectation, Finding, Severity } from '../model/report.ts';
import type { EndpointSubject } from '../model/rule.ts';
import { isAtLeast } from './severity.ts';

/**
 * What was seen of each channel, in the contract's order, whether anything was or not.
 *
 * `expected`: what `--expect` names; `all` stands for every channel that a configuration describes or, without one,
 * for Flink's internal channels and REST. `findings` and `failOn` decide between pass and fail of what was seen.
 */
export function coverage(
  subjects: readonly EndpointSubject[],
  expectations: readonly Expectation[],
  probes: readonly Probe[],
  expected: readonly (ChannelId | 'all')[],
  findings: readonly Finding[] = [],
  failOn: Severity = 'medium',
): readonly Coverage[] {
  const promises = expectations.filter((one) => one.basis === 'configuration');
  const asked = askedChannels(promises, probes, expected);
  return CHANNEL_IDS.map((channel) => {
    const seen = subjects.filter((one) => one.channel === channel);
    const promised = promises.filter((one) => one.channel === channel);
    const vantages = new Set(seen.flatMap((one) => one.observations.map((observation) => observation.vantage)));
    const witnesses: ('wire' | 'handshake' | 'promise')[] = [];
    if (vantages.has('passive')) witnesses.push('wire');
    if (vantages.has('active')) witnesses.push('handshake');
    if (promised.length > 0) witnesses.push('promise');
    const ofChannel = findings.filter((one) => one.channel === channel && one.waived === null);
    const absent = promises.length > 0 && promised.length === 0 && !asked.has(channel) ? 'not-applicable' : 'not-seen';
    return {
      channel,
      expectedEndpoints: new Set(promised.map((one) => `${one.member ?? '*'} ${one.port ?? ''}`)).size,
      seenEndpoints: seen.length,
      verdict: seen.length === 0 ? absent : verdictOf(ofChannel, failOn),
      witnesses,
      ...(asked.has(channel) ? { expected: true } : {}),
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

function verdictOf(findings: readonly Finding[], failOn: Severity): Coverage['verdict'] {
  if (findings.some((one) => one.verdict === 'fail' && isAtLeast(one.severity, failOn))) return 'fail';
  return findings.some((one) => one.verdict !== 'fail') ? 'inconclusive' : 'pass';
}
