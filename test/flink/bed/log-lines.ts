import { existsSync, readFileSync } from 'node:fs';
import type { Cluster } from './cluster.ts';

/** WARN and ERROR lines of a process's log, from a mark on. */
export interface LogLines {
  readonly process: string;
  readonly warn: number;
  readonly error: number;
  /** Loggers and first words of the ERROR lines. */
  readonly errors: readonly string[];
}

/** How long each log is now, by process. */
export type LogMarks = ReadonlyMap<string, number>;

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (WARN|ERROR) +(\S+) +(.*)$/;
const LONGEST = 160;

/** WARN and ERROR lines of a piece of a log; stack traces below them are theirs. */
export function countLines(process: string, text: string): LogLines {
  let warn = 0;
  const errors: string[] = [];
  for (const line of text.split('\n')) {
    const found = LINE.exec(line);
    if (!found) continue;
    if (found[1] === 'WARN') warn++;
    else
      errors.push(
        `${found[2]!.split('.').at(-1)}: ${found[3]!.replace(/^(\[\] )?- /, '').replace(/\/[\d.]+:\d+/g, '…')}`.slice(
          0,
          LONGEST,
        ),
      );
  }
  return { process, warn, error: errors.length, errors: [...new Set(errors)] };
}

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

export function markLogs(cluster: Cluster): LogMarks {
  return new Map([...cluster.processes.values()].map((one) => [one.name, read(one.log).length]));
}

/** What each process logged at WARN and ERROR since the marks were set. */
export function linesSince(cluster: Cluster, marks: LogMarks): readonly LogLines[] {
  return [...cluster.processes.values()].map((one) =>
    countLines(one.name, read(one.log).slice(marks.get(one.name) ?? 0)),
  );
}
