import type { Report } from '../model/report.ts';
import type { RuleText } from '../report/sarif.ts';
import type { Dashboard } from './dashboard.ts';
import type { HttpLimits } from './limits.ts';

/**
 * Asks one endpoint, as `verify` does. `target`: `[CHANNEL=]ADDRESS:PORT`, with the address that was allowed; `name`:
 * what stood in its place, for SNI and the report. Rejects where nothing could be asked.
 */
export type ProbeFunction = (target: string, module: string, signal: AbortSignal, name?: string) => Promise<Report>;

/** What the server is handed; `cli` wires it. */
export interface HttpMeans {
  readonly probe: ProbeFunction;
  /** Words that `module=` may say; the first one holds where it is left out. */
  readonly modules?: readonly string[];
  /** Targets that the settings name, as they write them; asked for anew at every probe. */
  readonly targets?: () => readonly string[];
  /** Those of clusters that nobody may ask. */
  readonly untouched?: () => readonly string[];
  /** The page and its files: `/` and `/assets/…`; without it, the page has neither style nor script. */
  readonly dashboard?: Dashboard;
  /** Texts of the rules, for reports that explain them; without it these say what findings tell. */
  readonly rules?: () => Promise<readonly RuleText[]>;
  /** Addresses of a name, all of them. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  readonly log?: (level: 'info' | 'warn' | 'error', fields: object, text: string) => void;
  /** Commit that this was built from. */
  readonly revision?: string;
  readonly limits?: Partial<HttpLimits>;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

export const PROBE_MODULES: readonly string[] = ['quick', 'standard', 'full'];
