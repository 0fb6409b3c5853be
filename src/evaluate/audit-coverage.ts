import { CHANNEL_IDS } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Coverage, Expectation, Finding, Observation, Severity } from '../model/report.ts';
import { isRecorded, promisedEndpoints, verdictOf } from './coverage.ts';
import { LogRecord } from './log-record.ts';
import { sayings } from './sayings.ts';

/**
 * What the disk and the logs tell of each channel, in the contract's order. No endpoint is seen by them: a channel is
 * judged by what was promised and recorded of it.
 */
export function auditCoverage(
  expectations: readonly Expectation[],
  probes: readonly Probe[],
  observations: readonly Observation[],
  findings: readonly Finding[],
  failOn: Severity,
): readonly Coverage[] {
  const record = new LogRecord(observations);
  return CHANNEL_IDS.map((channel) => {
    const promised = expectations.filter((one) => one.basis === 'configuration' && one.channel === channel);
    const witnesses: ('promise' | 'record')[] = [];
    if (promised.length > 0) witnesses.push('promise');
    if (isRecorded(channel, observations)) witnesses.push('record');
    return {
      channel,
      expectedEndpoints: promisedEndpoints(promised),
      seenEndpoints: 0,
      verdict: witnesses.length === 0 ? absence(expectations) : verdictOf(channel, findings, failOn, 0),
      witnesses,
      says: sayings({ channel, probes, witnesses, findings, promised, record, failOn }),
    };
  });
}

function absence(expectations: readonly Expectation[]): Coverage['verdict'] {
  return expectations.length === 0 ? 'not-seen' : 'not-applicable';
}
