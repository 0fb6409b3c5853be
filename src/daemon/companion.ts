import type { Report } from '../model/report.ts';
import type { Publish } from './live-events.ts';
import type { Log } from './log.ts';
import type { ClusterSettings } from './settings.ts';
import type { Happening, Run, Store, Trigger, WireStatus } from './types.ts';

/** Something that works beside a cluster while it is in the settings: restart watch, rotation watch, live wire. */
export interface Companion {
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
  /** Told of every stored run of the cluster; must not throw. */
  committed?(run: Run): void;
  /** Told of a reload that left the settings of its cluster as they were: files that they name may say something else. */
  reloaded?(): void;
  /** What the live wire carries, of the companion that watches it. */
  readonly wire?: WireStatus | undefined;
}

/** What a companion may do. */
export interface CompanionMeans {
  readonly settings: ClusterSettings;
  /** How long a look that need not be taken at once may wait, so that not all clusters begin at the same moment. */
  readonly afterMs?: number;
  readonly trigger: (trigger: Trigger) => void;
  readonly note: (happening: Happening) => void;
  readonly publish: Publish;
  /** Keeps what was seen of the live wire as a run of the cluster. */
  readonly keep: (report: Report) => void;
  readonly store: Store;
  readonly log: Log;
  readonly clock: () => number;
}
