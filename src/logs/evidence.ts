import type { Channel, Component } from '../model/channel.ts';
import type { LogEvent, LogFailure, LoggedSetting, LogLine, SettingDifference } from '../model/log.ts';
import type { LogTime } from './entry.ts';

export interface Place {
  /** Name or address, without brackets. */
  readonly host: string;
  /** 0 where the line has none. */
  readonly port: number;
}

/** What one entry tells, before it is known which process wrote it. */
export interface Sign {
  readonly event: LogEvent;
  /** `rpc`: of the JobManager or of a TaskManager, which the line does not say. */
  readonly channel: Channel | 'rpc';
  readonly says?: 'tls' | 'clear';
  readonly server?: Place;
  readonly client?: Place;
  /** Component that writes such lines. */
  readonly writer?: Component;
  readonly failure?: LogFailure;
  readonly text: string;
}

/** What one or several entries of one process tell alike. */
export interface LogEvidence extends Omit<Sign, 'channel' | 'writer'> {
  readonly channel: Channel;
  readonly logger: string;
  readonly line: number;
  readonly lastLine: number;
  readonly time: LogTime | undefined;
  readonly lastTime: LogTime | undefined;
  readonly count: number;
  readonly loaded?: readonly LoggedSetting[];
  readonly differences?: readonly SettingDifference[];
  readonly started?: NonNullable<LogLine['started']>;
}

/** One process that wrote into a log, from one start to the next. */
export interface LoggedProcess {
  readonly component: Component | undefined;
  /** Of several of one component in one log, the last or one before. */
  readonly state: 'current' | 'earlier';
  /** Name under which its actor system listens. */
  readonly host: string | undefined;
  readonly version: string | undefined;
  readonly revision: string | undefined;
  readonly java: string | undefined;
  readonly startedAt: LogTime | undefined;
  /** Line of the start; undefined where the log begins later. */
  readonly line: number | undefined;
  readonly settings: readonly LoggedSetting[];
  /** File that its configuration was read from, and the parser. */
  readonly configurationFile: string | undefined;
  readonly parser: 'standard' | 'legacy' | undefined;
  readonly evidence: readonly LogEvidence[];
}

/** All that a log tells. */
export interface LogReading {
  readonly processes: readonly LoggedProcess[];
  readonly lines: number;
  readonly bytes: number;
  /** Lines longer than what is looked at. */
  readonly cutLines: number;
  /** Evidence beyond what is kept. */
  readonly dropped: number;
  readonly first: LogTime | undefined;
  readonly last: LogTime | undefined;
}
