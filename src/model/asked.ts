/** What a report says of how an endpoint was probed; part of the public contract (`report.ts`). */
/** One connection of a probe: what it was for, and what came of it. */
export interface Attempt {
  readonly purpose: string;
  readonly result: string;
  /** Frames in the file of `--pcap-out`. */
  readonly frames?: { readonly first: number; readonly last: number };
}

/** How an endpoint was probed. */
export interface Asked {
  readonly profile: 'quick' | 'standard' | 'full';
  /** Name as given, where the address was looked up. */
  readonly name?: string;
  readonly connections: number;
  /**
   * `false`: a part of the questions got no answer; `reason` says why, and what was answered is told all the same.
   * `defect`: the probe itself failed.
   */
  readonly complete: boolean;
  readonly reason?: 'connection-limit' | 'interrupted' | 'contradictory' | 'no-answer' | 'budget' | 'defect';
  /** WARN and ERROR lines that this probe is expected to have caused in Flink's log, at most. */
  readonly logLines: number;
  /** The harmless clear request of this channel, on a port that speaks TLS too. */
  readonly clear?: { readonly request: string; readonly outcome: 'answered' | 'not-answered'; readonly text: string };
  readonly attempts: readonly Attempt[];
  /** Answers that contradict each other: several hosts behind one address, most likely. */
  readonly contradictions?: readonly string[];
}
