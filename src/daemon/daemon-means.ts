import type { Waiver } from '../model/waiver.ts';
import type { Runner } from './cluster.ts';
import type { Companion, CompanionMeans } from './companion.ts';
import type { LagMeter } from './lag.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';
import type { NotificationFigures, Run, Store, Transition, WaiverStatus } from './types.ts';

/** Settings, and where they came from. `path` absent: the embedded default. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly path?: string;
  readonly sha256?: string;
  /** Those of the settings' file of waivers. */
  readonly waivers: readonly Waiver[];
}

export interface DaemonMeans {
  readonly version: string;
  readonly run: Runner;
  readonly store: Store;
  /** Reads the settings anew. Rejects with what is wrong, as `file:line:column: …`. */
  readonly load: () => Promise<LoadedSettings>;
  readonly companions: readonly ((means: CompanionMeans) => Companion | undefined)[];
  /** Told of every stored run; must not throw. */
  readonly committed?: (run: Run, transitions: readonly Transition[]) => void;
  /** Told of every run that could not be made; must not throw. */
  readonly failed?: (cluster: string, problem: string) => void;
  /** Told of a wire that is not watched for a while, and when it is again (undefined); must not throw. */
  readonly wire?: (cluster: string, problem: string | undefined) => void;
  /** Ends what uses the store besides, before it is closed. */
  readonly ending?: () => Promise<void>;
  /** Takes what can be refused of new settings, before any of them comes into force. Rejects: the old ones stay. */
  readonly accept?: (loaded: LoadedSettings) => Promise<void>;
  /** Told of settings that came into force; must not throw. */
  readonly applied: (loaded: LoadedSettings) => void;
  readonly waivers: () => readonly WaiverStatus[];
  /** Absent: nothing notifies. */
  readonly notifications?: () => NotificationFigures;
  readonly log: Log;
  readonly clock: () => number;
  readonly random: () => number;
  readonly lag: LagMeter;
}
