import type { Channel } from '../model/channel.ts';
import type { Endpoint, FilePlace, Observation, WitnessVerdict } from '../model/report.ts';

/** What the witness `record` says of TLS, channel by channel: `pass` where a log says TLS, `fail` where it says clear. */
export class LogRecord {
  readonly #lines = new Map<Channel, Observation[]>();

  /** Processes that have ended since do not count. */
  constructor(observations: readonly Observation[]) {
    for (const one of observations) {
      if (one.vantage !== 'log' || one.log?.says === undefined || one.log.process === 'earlier') continue;
      // Which scheme a client dials is its own setting, and not yet what the server speaks.
      if (one.log.event === 'handshake-failed' || one.log.event === 'resource-manager-address') continue;
      const known = this.#lines.get(one.channel);
      if (known === undefined) this.#lines.set(one.channel, [one]);
      else known.push(one);
    }
  }

  /** Of one endpoint, or of the processes of one member; of all where neither is named. Where logs disagree, nobody knows. */
  says(channel: Channel, endpoint: Endpoint | undefined, file: FilePlace | undefined): WitnessVerdict {
    const member = endpoint?.member ?? file?.member;
    const lines = (this.#lines.get(channel) ?? []).filter(({ server }) => {
      if (endpoint === undefined && member === undefined) return true;
      return (member !== undefined && server.member === member) || server.host === endpoint?.host;
    });
    const said = new Set(lines.map(({ log }) => log?.says));
    if (said.size === 0) return 'not-heard';
    if (said.size > 1) return 'inconclusive';
    return said.has('tls') ? 'pass' : 'fail';
  }
}
