import type { SettingOrigin } from '../model/report.ts';
import type { Exposure } from '../model/rule.ts';
import type { ConfigurationFile, ConfigurationProblem } from './config.ts';

/** Flink's own files in its configuration folder: the names that its scripts look for. */
export const FLINK_FILES = ['config.yaml', 'flink-conf.yaml'] as const;

/** A source that is none, or is damaged. The message begins with file, line and column, each from 1. */
export class SourceError extends Error {
  constructor(file: string, line: number, column: number, fault: string) {
    super(`${file}:${line}:${column}: ${fault}`);
    this.name = 'SourceError';
  }
}

/** One setting where it stands. */
export interface LayerEntry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/**
 * Settings that win over what lies beneath.
 *
 * `entries`: as they are. `properties`: the text of `FLINK_PROPERTIES`, which the image reads otherwise in each
 * version; its line n stands in line `firstLine + n - 1` of the file, or all of it in `firstLine` where `spread` is `one`.
 */
export type ConfigurationLayer =
  | {
      readonly kind: 'entries';
      readonly origin: SettingOrigin;
      /** Absent where no file has them, as with `-D` of our own command line. */
      readonly file?: string;
      readonly entries: readonly LayerEntry[];
    }
  | ({ readonly kind: 'properties'; readonly file: string; readonly variables: Variables } & PlacedText);

/** A text within a file. */
export interface PlacedText {
  readonly text: string;
  readonly firstLine: number;
  /** `one`: lines of the text are no lines of the file (quoted with `\n`, folded). */
  readonly spread: 'lines' | 'one';
}

/** Environment of a process as far as it is known; `undefined`: set, by a reference that cannot be followed. */
export type Variables = ReadonlyMap<string, string | undefined>;

/** The configuration of one process, in layers: later ones win. */
export interface MemberSource {
  /** `null` where nothing names the process. */
  readonly member: string | null;
  /** Of which Flink reads one, by its version. */
  readonly files: readonly ConfigurationFile[];
  readonly layers: readonly ConfigurationLayer[];
  readonly flinkVersion?: string;
  /** What does not work as it is written. */
  readonly problems: readonly ConfigurationProblem[];
  /** What cannot be known from this source. */
  readonly notes: readonly ConfigurationProblem[];
  /** Variables and arguments with plain values: names and places, never the values. */
  readonly exposed: readonly Exposure[];
}

/** What a source consists of. */
export interface Members {
  readonly members: readonly MemberSource[];
  /** Parts that are no Flink, one word each: `Service`, `Kafka`. */
  readonly passedOver: readonly string[];
}

/** Opens what a source names, relative to its own folder; undefined where there is none, or nothing is to be followed. */
export interface Followed {
  /** Flink's own files in a folder, or the one file. */
  configuration(path: string): readonly ConfigurationFile[] | undefined;
  text(path: string): ConfigurationFile | undefined;
}

export const NOTHING_FOLLOWED: Followed = { configuration: () => undefined, text: () => undefined };

/** Line of the file in which line `line` of a placed text stands. */
export function lineOf({ firstLine, spread }: Omit<PlacedText, 'text'>, line: number): number {
  return spread === 'one' ? firstLine : firstLine + line - 1;
}
