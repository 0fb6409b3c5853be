import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import type { Coverage, Expectation, Finding, Observation, Severity } from '../model/report.ts';
import { isAtLeast } from './severity.ts';

/**
 * What the disk and the logs tell of each channel, in the contract's order. No endpoint is seen by them: a channel is
 * judged by what was promised and recorded of it.
 */
export function auditCoverage(
  expectations: readonly Expectation[],
  observations: readonly Observation[],
  findings: readonly Finding[],
  failOn: Severity,
): readonly Coverage[] {
  return CHANNEL_IDS.map((channel) => {
    const promised = expectations.filter((one) => one.basis === 'configuration' && one.channel === channel);
    // A line that a port is listened at says nothing of TLS.
    const recorded = observations.some(
      (one) => one.channel === channel && (one.log?.says !== undefined || one.log?.failure !== undefined),
    );
    const witnesses: ('promise' | 'record')[] = [];
    if (promised.length > 0) witnesses.push('promise');
    if (recorded) witnesses.push('record');
    return {
      channel,
      expectedEndpoints: new Set(promised.map((one) => `${one.member ?? '*'} ${one.port ?? ''}`)).size,
      seenEndpoints: 0,
      verdict: witnesses.length === 0 ? absence(expectations) : verdictOf(channel, findings, failOn),
      witnesses,
    };
  });
}

function absence(expectations: readonly Expectation[]): Coverage['verdict'] {
  return expectations.length === 0 ? 'not-seen' : 'not-applicable';
}

function verdictOf(channel: ChannelId, findings: readonly Finding[], failOn: Severity): Coverage['verdict'] {
  const of = findings.filter((one) => one.channel === channel && one.waived === null);
  if (of.some((one) => one.verdict === 'fail' && isAtLeast(one.severity, failOn))) return 'fail';
  return of.some((one) => one.verdict !== 'fail') ? 'inconclusive' : 'pass';
}
