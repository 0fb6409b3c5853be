import type { Live } from './live-events.ts';
import type { ChannelCell, DaemonStatus, Store, Trigger, WaiverStatus } from './types.ts';

/** What became of a run that was asked for. */
export type RunAnswer =
  | { readonly id: string }
  | {
      /** `wire-only`: nobody is asked, the wire alone tells of this cluster. `not-now`: it is set up, or the daemon stops. */
      readonly refused: 'wire-only' | 'not-now';
      /** One sentence. */
      readonly problem: string;
    };

/** What `http/` may do to the daemon. */
export interface Control {
  status(): DaemonStatus;
  /** Which clusters there are, in the order of the configuration. */
  clusters(): readonly string[];
  cells(cluster: string): readonly ChannelCell[];
  /** Starts a run, or joins the one that goes on. Undefined: no such cluster. */
  runNow(cluster: string, trigger: Trigger): RunAnswer | undefined;
  /** Whole or not at all. */
  reload(): Promise<{ readonly ok: boolean; readonly problem?: string }>;
  /** Ready where the store is open and the schedule kept; the sentences say what is not. */
  readiness(): { readonly ready: boolean; readonly lateMs: number; readonly problems: readonly string[] };
  /** Waivers with what they match now. */
  waivers(): readonly WaiverStatus[];
  readonly store: Store;
  readonly live: Live;
}
