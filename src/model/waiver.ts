import type { Channel } from './channel.ts';
import type { Severity } from './report.ts';

/** What a waiver is for; every key that is there has to fit. At least one is. */
export interface WaiverScope {
  readonly rule?: string;
  readonly channel?: Channel;
  readonly member?: string;
  /** Of the endpoint, as reports have it: a name or an address. */
  readonly host?: string;
  /** Of the daemon's settings; such a waiver holds in no run that belongs to none. */
  readonly cluster?: string;
  readonly fingerprint?: string;
  /** Findings of this severity and of lower ones: one that worsens beyond it comes back. */
  readonly severity?: Severity;
}

/** What somebody answers for, until a day. */
export interface Waiver {
  readonly id: string;
  readonly scope: WaiverScope;
  readonly owner: string;
  readonly reason: string;
  /** Date, `2026-12-31`: the last day on which it holds, in UTC. */
  readonly until: string;
}

/** What became of a waiver in a run. */
export interface WaiverOutcome {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  readonly until: string;
  readonly scope: Readonly<Record<string, string>>;
  /** `ending`: within 30 days. `expired`: what it matches counts again. */
  readonly state: 'active' | 'ending' | 'expired';
  /** Findings that it fits, whether or not it still holds. */
  readonly matched: number;
}
