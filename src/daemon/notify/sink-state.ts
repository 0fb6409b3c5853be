import type { SinkSettings } from '../settings.ts';
import type { SinkDown } from '../types.ts';
import type { Backlog } from './backlog.ts';
import type { Listener } from './notes.ts';
import { type Change, changeOf, notAfter, type Pace, type Standing } from './standing.ts';

/** A sink while the daemon lives. */
export interface SinkState extends Listener {
  working: Promise<void> | undefined;
  resentAt: number;
  /** Told of it when it changes. */
  health: 'up' | 'down';
  /** While it is down; milliseconds since the epoch. */
  down?: { readonly since: number; readonly problem: string } | undefined;
  /** While nobody listens, reminders of what waits anyway help nobody. */
  readonly backlog: Backlog;
  /** Changes that are to be told and have no room in the outbox. */
  held: number;
}

export function sinksDown(sinks: readonly SinkState[]): readonly SinkDown[] {
  return sinks.flatMap(({ settings: { name }, backlog, down }) =>
    down === undefined
      ? []
      : [{ name, since: new Date(down.since).toISOString(), waiting: backlog.messages, problem: down.problem }],
  );
}

/** One standing, and what is to be told of it. */
export interface DueChange {
  readonly one: Standing;
  readonly change: Change;
}

/** Where waivers stand, which belong to no cluster. */
export const NO_CLUSTER = '';
/** A waiver that ends next month is no matter of hours. */
const WAIVER_REPEAT_MS = 7 * 24 * 3_600_000;

function paceOf({ repeatMs, groupWaitMs }: SinkSettings, cluster: string): Pace {
  return { groupWaitMs, repeatMs: cluster === NO_CLUSTER ? Math.max(repeatMs, WAIVER_REPEAT_MS) : repeatMs };
}

/** What a sink is to be told of one cluster now: what is ripe, and what goes along with it. */
export function dueChanges(
  { settings, backlog }: SinkState,
  cluster: string,
  standings: ReadonlyMap<string, Standing>,
  now: number,
): readonly DueChange[] {
  const pace = paceOf(settings, cluster);
  const changes: DueChange[] = [];
  let isRipe = false;
  for (const one of standings.values()) {
    notAfter(one, now);
    const change = changeOf(one, pace, now);
    if (change === undefined || (change.kind === 'reminder' && backlog.messages > 0)) continue;
    isRipe ||= change.ripeAt <= now;
    if (change.ripeAt <= now || change.group === 'joins') changes.push({ one, change });
  }
  return isRipe ? changes : [];
}

export function isResendDue({ settings, resentAt }: SinkState, now: number): boolean {
  return settings.type === 'alertmanager' && Math.abs(now - resentAt) >= settings.resendMs;
}
