import type { Observation } from '../../../src/model/report.ts';
import type { MemberOf } from './compare.ts';
import { gist, type LoggedLine, type LogPart } from './log-lines.ts';
import type { ClusterMember } from './members.ts';
import type { BedChannel } from './truth.ts';

/** Lines that one probed port wrote, beside what the report said of it. */
export interface PortLines {
  readonly channel: string;
  readonly member: ClusterMember;
  readonly lines: number;
  /** What the report says that the probe may have caused (`asked.logLines`). */
  readonly told: number;
}

export interface LogJudgement {
  readonly ports: readonly PortLines[];
  /** One sentence each; empty where the probe was as gentle as promised. */
  readonly differences: readonly string[];
}

/** The most lines of a probed port, by profile: what the documentation promises. */
export const LINES_A_PORT: Readonly<Record<'quick' | 'standard' | 'full', number>> = {
  quick: 2,
  standard: 8,
  full: 24,
};

/** The ERROR lines that a harmless ask or a refused handshake writes. */
const PREDICTED: readonly (readonly [logger: string, text: RegExp])[] = [
  ['BlobServerConnection', /^(Error while executing BLOB connection|GET operation .*failed)/],
  ['PartitionRequestQueue', /^Encountered error while consuming partitions/],
];

const isPredicted = (line: LoggedLine): boolean =>
  PREDICTED.some(([logger, text]) => line.logger === logger && text.test(line.text));

/** Channels with loggers of their own; on older versions their lines name no peer. */
const BY_LOGGER: Readonly<Record<string, BedChannel>> = {
  BlobServerConnection: 'blob-server',
  PartitionRequestQueue: 'taskmanager-data',
  PipelineErrorHandler: 'rest',
};
const BY_PROCESS: Readonly<Record<string, BedChannel>> = {
  'history-server': 'history-server',
  'sql-gateway': 'sql-gateway',
};

export interface LogInput {
  readonly parts: readonly LogPart[];
  readonly profile: 'quick' | 'standard' | 'full';
  readonly observations: readonly Observation[];
  readonly memberOf: MemberOf;
  /** Every connection of the probe, of its own capture: the server's ports, since a client's port may come again. */
  readonly connections: ReadonlyMap<string, readonly number[]>;
}

/** Key of `connections`. */
export const connectionKey = (server: string, client: string): string => `${server} ${client}`;

/**
 * Counts lines by the port whose probing wrote them: by the peer that a line names, else by its logger. A process that
 * complains of its own, as it did before, is not the probe's; a new ERROR that nobody predicted is.
 */
export function judgeLogs(input: LogInput): LogJudgement {
  const endpoints = probedEndpoints(input);
  const differences: string[] = [];
  for (const part of input.parts) {
    const known = new Set(part.before.map(gist));
    for (const line of part.during) {
      const endpoint = endpointOf(line, part, endpoints, input.connections);
      const isOwn = endpoint === undefined;
      if (endpoint === 'unknown') differences.push(`${part.process}: a line of no probed port: ${gist(line)}`);
      else if (endpoint) endpoint.lines++;
      if (line.level !== 'ERROR' || (isOwn ? known.has(gist(line)) : isPredicted(line))) continue;
      differences.push(`${part.process}: an ERROR line that nobody predicted: ${gist(line)}`);
    }
  }
  const limit = LINES_A_PORT[input.profile];
  for (const { channel, member, lines, told } of endpoints) {
    if (lines > limit) differences.push(`${channel} of ${member}: ${lines} lines, ${limit} are the limit`);
    if (lines > told) differences.push(`${channel} of ${member}: ${lines} lines, the report told ${told}`);
  }
  const ports = endpoints.map(({ channel, member, lines, told }) => ({ channel, member, lines, told }));
  return { ports, differences: [...new Set(differences)] };
}

interface Probed {
  readonly channel: string;
  readonly member: ClusterMember;
  readonly port: number;
  lines: number;
  readonly told: number;
}

function probedEndpoints({ observations, memberOf }: LogInput): readonly Probed[] {
  const found = new Map<string, Probed>();
  for (const one of observations) {
    if (one.vantage !== 'active' || !one.asked) continue;
    const member = memberOf(one.server.host);
    if (!member || member === 'prober') continue;
    const key = `${member}:${one.server.port}`;
    const told = Math.max(found.get(key)?.told ?? 0, one.asked.logLines);
    found.set(key, { channel: one.channel, member, port: one.server.port, lines: 0, told });
  }
  return [...found.values()];
}

/** Where a client's port came again among ports of one logger, the line is taken for the one that most was left of. */
function roomiest(candidates: readonly Probed[]): Probed | undefined {
  return [...candidates].sort((a, b) => b.told - b.lines - (a.told - a.lines))[0];
}

const PEER = /(\d+\.\d+\.\d+\.\d+:\d+)/g;

/** Undefined: a line of the process's own. `unknown`: one that names the prober, and no port that was asked. */
function endpointOf(
  line: LoggedLine,
  part: LogPart,
  endpoints: readonly Probed[],
  connections: ReadonlyMap<string, readonly number[]>,
): Probed | 'unknown' | undefined {
  const own = endpoints.filter((one) => one.member === part.member);
  const extra = BY_PROCESS[part.process];
  const channel = extra && line.logger === 'PipelineErrorHandler' ? extra : BY_LOGGER[line.logger];
  for (const [peer] of line.text.matchAll(PEER)) {
    const ports = connections.get(connectionKey(part.member, peer));
    if (ports === undefined) continue;
    const asked = own.filter((one) => ports.includes(one.port));
    const ofLogger = asked.find((one) => one.channel === channel);
    const others = asked.filter((one) => !Object.values(BY_LOGGER).includes(one.channel as BedChannel));
    return ofLogger ?? roomiest(others.length > 0 ? others : asked) ?? 'unknown';
  }
  // Another peer than the probe.
  if (line.text.search(PEER) >= 0) return undefined;
  return own.find((one) => one.channel === channel);
}
