import type { Channel } from '../../src/model/channel.ts';
import type { LogLine, Observation } from '../../src/model/report.ts';
import { CAPTURED_AT, defaultPort, JM, type Process } from './lab.ts';

interface Line extends Partial<Omit<LogLine, 'event'>> {
  readonly channel?: Channel;
  readonly server?: Process;
  readonly client?: Process;
  readonly id?: string;
  readonly repeats?: number;
}

/** What a line of a log tells, as the witness `record` observes it. */
export function logLine(event: NonNullable<LogLine['event']>, line: Line = {}): Observation {
  const { channel = 'jobmanager-rpc', server = JM, client, id = 'o1', repeats, ...log } = line;
  return {
    id,
    vantage: 'log',
    observedAt: CAPTURED_AT,
    lastSeenAt: CAPTURED_AT,
    channel,
    channelBasis: 'discovery',
    roleBasis: 'protocol',
    server: { ...server, port: defaultPort(channel) },
    ...(client === undefined ? {} : { client: { ...client, port: 0 } }),
    kind: 'log-line',
    bytes: { client: 0, server: 0 },
    ...(repeats === undefined ? {} : { repeats }),
    log: {
      file: 'logs/flink.log',
      line: 92,
      logger: 'x.Y',
      event,
      process: 'current',
      zone: 'assumed',
      text: 'text',
      ...log,
    },
  };
}
