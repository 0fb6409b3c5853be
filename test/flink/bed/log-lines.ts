import { type Cluster, logOf } from './cluster.ts';
import type { ClusterMember } from './members.ts';

/** What a process logged at WARN and ERROR while it was probed. */
export interface LogLines {
  readonly process: string;
  readonly warn: number;
  readonly error: number;
  /** Loggers and first words of the ERROR lines. */
  readonly errors: readonly string[];
}

export interface LoggedLine {
  readonly level: 'WARN' | 'ERROR';
  /** Class name without its package. */
  readonly logger: string;
  readonly text: string;
}

/** A log: what stood in it before the probe, and what came. */
export interface LogPart {
  readonly process: string;
  readonly member: ClusterMember;
  readonly before: readonly LoggedLine[];
  readonly during: readonly LoggedLine[];
}

/** How long each log is now, by process. */
export type LogMarks = ReadonlyMap<string, number>;

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (WARN|ERROR) +(\S+) +(.*)$/;
const LONGEST = 160;

/** WARN and ERROR lines of a piece of a log; stack traces below them are theirs. */
export function loggedLines(text: string): readonly LoggedLine[] {
  return text.split('\n').flatMap((line) => {
    const found = LINE.exec(line);
    if (!found) return [];
    const level = found[1] === 'WARN' ? 'WARN' : 'ERROR';
    return [{ level, logger: found[2]!.split('.').at(-1)!, text: found[3]!.replace(/^(\[\] *)?- /, '') }];
  });
}

/** A line without what differs each time: addresses, numbers, ids. */
export function gist(line: LoggedLine): string {
  const text = line.text
    .replace(/\/?\[?[\w.]*\/?\d+\.\d+\.\d+\.\d+(:\d+)?\]?/g, '…')
    .replace(/\b[0-9a-f]{16,}\b/g, '…')
    .replace(/\d+/g, '#');
  return `${line.logger}: ${text}`.slice(0, LONGEST);
}

export function countLines({ process, during }: Pick<LogPart, 'process' | 'during'>): LogLines {
  const errors = during.filter((one) => one.level === 'ERROR');
  return {
    process,
    warn: during.length - errors.length,
    error: errors.length,
    errors: [...new Set(errors.map(gist))],
  };
}

export function markLogs(cluster: Cluster): LogMarks {
  return new Map([...cluster.processes.values()].map((one) => [one.name, logOf(one).length]));
}

/** The logs of all processes, parted where the marks were set. */
export function logParts(cluster: Cluster, marks: LogMarks): readonly LogPart[] {
  return [...cluster.processes.values()].map((one) => {
    const { name, member } = one;
    const text = logOf(one);
    const mark = marks.get(name) ?? 0;
    return {
      process: name,
      member,
      before: loggedLines(text.slice(0, mark)),
      during: loggedLines(text.slice(mark)),
    };
  });
}
