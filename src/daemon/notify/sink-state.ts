import { isDeepStrictEqual } from 'node:util';
import type { SinkSettings } from '../settings.ts';
import type { Memory, Message, SinkDown } from '../types.ts';
import { Backlog } from './backlog.ts';
import { Book } from './book.ts';
import { forgive, type Listener, NO_CLUSTER } from './notes.ts';
import type { Queue } from './queue.ts';
import { type Change, changeOf, notAfter, type Pace, QUIET_MS, type Standing } from './standing.ts';

/** A sink while the daemon lives. */
export interface SinkState extends Listener {
  working: Promise<void> | undefined;
  resentAt: number;
  /** While it does not listen; milliseconds since the epoch. */
  down?: { readonly since: number; readonly problem: string } | undefined;
  /** While nobody listens, reminders of what waits anyway help nobody. */
  readonly backlog: Backlog;
  /** Changes that are to be told and have no room in the outbox. */
  held: number;
}

export interface SinkStateMeans {
  readonly queue: Queue;
  readonly memory: Memory;
  /** Of all sinks, by the names that they had. */
  readonly waiting: ReadonlyMap<string, readonly Message[]>;
  readonly now: number;
}

/** A sink as it is from now on. `name`: what it was called until now. Throws StoreFailure. */
export function sinkOf(
  settings: SinkSettings,
  name: string,
  before: SinkState | undefined,
  { queue, memory, waiting, now }: SinkStateMeans,
): SinkState {
  if (before !== undefined && isDeepStrictEqual(before.settings, settings)) return before;
  const messages = waiting.get(name) ?? [];
  const book = before?.book ?? new Book(name, memory);
  if (before === undefined) book.load(messages, now);
  if (name !== settings.name) {
    queue.rename(name, settings.name);
    book.rename(settings.name, now, Math.max(settings.repeatMs, QUIET_MS));
  }
  // What was refused may be taken now: it is told again, if it still is so.
  for (const [cluster, standings] of book.clusters()) {
    for (const one of standings.values()) if (forgive(one, now)) book.changed(cluster);
  }
  queue.drop(settings.name, 'parked');
  const state: SinkState = {
    settings,
    book,
    working: undefined,
    resentAt: 0,
    backlog: before?.backlog ?? new Backlog(),
    held: 0,
  };
  state.backlog.set(messages);
  // What is under way with the old settings ends before anything is sent with the new ones.
  state.working = before?.working?.finally(() => {
    state.working = undefined;
  });
  return state;
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
