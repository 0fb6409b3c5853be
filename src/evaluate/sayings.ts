import type { ChannelId } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Coverage, Expectation, Finding, Severity, WitnessVerdict } from '../model/report.ts';
import type { LogRecord } from './log-record.ts';
import { isAtLeast } from './severity.ts';

/** What is known of one channel when its witnesses are summed up. */
export interface Heard {
  readonly channel: ChannelId;
  readonly probes: readonly Probe[];
  readonly witnesses: Coverage['witnesses'];
  /** Of all channels. */
  readonly findings: readonly Finding[];
  /** What configurations promise for the channel. */
  readonly promised: readonly Expectation[];
  readonly record: LogRecord;
  readonly failOn: Severity;
}

/**
 * What each witness says of a channel: `pass` where it was heard and nothing that it says counts against the channel.
 *
 * A configuration that leaves a channel in clear, and a log that says so, speak against it though no rule of this run
 * told it.
 */
export function sayings(heard: Heard): Finding['witnesses'] {
  const { channel, findings, failOn } = heard;
  const own = findings.filter((one) => one.channel === channel && one.waived === null);
  const failed = own.filter(({ verdict, severity }) => verdict === 'fail' && isAtLeast(severity, failOn));
  const open = own.filter(({ verdict }) => verdict !== 'fail');
  const say = (witness: keyof Finding['witnesses'], itself: WitnessVerdict): WitnessVerdict => {
    if (!heard.witnesses.includes(witness)) return 'not-heard';
    if (itself === 'fail' || failed.some(({ witnesses }) => witnesses[witness] === 'fail')) return 'fail';
    const isOpen = itself === 'inconclusive' || open.some(({ witnesses }) => witnesses[witness] === 'inconclusive');
    return isOpen ? 'inconclusive' : 'pass';
  };
  // A log that says clear says nothing against a channel that Flink has no TLS for.
  const hasNoTls = heard.probes.some(({ id, protection }) => id === channel && protection === 'never');
  return {
    wire: say('wire', 'pass'),
    handshake: say('handshake', 'pass'),
    promise: say('promise', heard.promised.some(({ tls }) => tls === 'forbidden') ? 'fail' : 'pass'),
    record: say('record', hasNoTls ? 'pass' : heard.record.says(channel, undefined, undefined)),
  };
}
