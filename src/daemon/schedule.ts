import { Cron } from 'croner';
import type { Schedule } from './settings.ts';

/** A run that is planned. Milliseconds since the epoch. */
export interface Planned {
  /** Where the schedule has it. */
  readonly slot: number;
  /** `slot`, and the jitter of this one. */
  readonly dueAt: number;
}

/**
 * The run after one at `last`, or after now.
 *
 * Intervals are counted from slot to slot, not from the end of a run or from its jitter: slow runs do not shift the
 * schedule. Slots that have passed are left out, however many they are. `random`: 0 to 1.
 */
export function nextRun(
  schedule: Schedule,
  last: number | undefined,
  now: number,
  random: () => number,
): Planned | undefined {
  switch (schedule.kind) {
    case 'none':
      return undefined;
    case 'cron': {
      const slot = cron(schedule).nextRun(new Date(now))?.getTime();
      return slot === undefined ? undefined : { slot, dueAt: slot };
    }
    case 'every': {
      const { everyMs, jitterMs } = schedule;
      const from = last ?? now;
      const slot = from + everyMs * Math.max(1, Math.floor((now - from) / everyMs) + 1);
      return { slot, dueAt: slot + Math.floor(random() * Math.min(jitterMs, everyMs)) };
    }
  }
}

/** First runs that begin at once, and how far apart the others are at the most. */
const AT_ONCE = 8;
const APART_MOST_MS = 200;
/** The first runs of all clusters begin within this. */
const STARTING_MS = 30_000;

/**
 * How long the first run of a cluster waits, milliseconds, where so many begin at the same time: all of them together would
 * keep everybody waiting. `place`: from 0. The runs that follow stay as far apart.
 */
export function startsAfter(place: number, count: number): number {
  return Math.floor(Math.max(0, place + 1 - AT_ONCE) * Math.min(APART_MOST_MS, STARTING_MS / count));
}

export interface Woken {
  /** Whether the planned run is due now. */
  readonly isDue: boolean;
  /** Runs that the schedule had since then and that nobody made: the machine slept, or the clock was set. */
  readonly missed: number;
  readonly next: Planned | undefined;
}

/** What to do at a look at the clock, which may have been set in either direction since `planned` was. */
export function wake(schedule: Schedule, planned: Planned, now: number, random: () => number): Woken {
  if (planned.dueAt <= now) {
    return { isDue: true, missed: missedRuns(schedule, planned, now), next: following(schedule, planned, now, random) };
  }
  return { isDue: false, missed: 0, next: stillPlanned(schedule, planned, now, random) };
}

/** Slots are skipped by how late the run is, not by its jitter: that moves one run, and costs none. */
function following(
  schedule: Schedule,
  { slot, dueAt }: Planned,
  now: number,
  random: () => number,
): Planned | undefined {
  return nextRun(schedule, slot, schedule.kind === 'every' ? now - (dueAt - slot) : now, random);
}

/** A clock that was set back must not make the next run wait until it is where it was. */
function stillPlanned(schedule: Schedule, planned: Planned, now: number, random: () => number): Planned | undefined {
  switch (schedule.kind) {
    case 'none':
      return undefined;
    case 'every':
      return planned.slot - now > schedule.everyMs ? nextRun(schedule, undefined, now, random) : planned;
    case 'cron': {
      const sooner = nextRun(schedule, undefined, now, random);
      return sooner !== undefined && sooner.slot < planned.slot ? sooner : planned;
    }
  }
}

/** Runs that a schedule had after a planned one until `now`; that one is not counted. */
function missedRuns(schedule: Schedule, { slot, dueAt }: Planned, now: number): number {
  switch (schedule.kind) {
    case 'none':
      return 0;
    case 'every':
      return Math.min(MISSED_MAX, Math.max(0, Math.floor((now - dueAt) / schedule.everyMs)));
    case 'cron': {
      let count = 0;
      const one = cron(schedule);
      for (let next = one.nextRun(new Date(slot)); next !== null && next.getTime() <= now; next = one.nextRun(next)) {
        if (++count === MISSED_MAX) break;
      }
      return count;
    }
  }
}

/** More than this are not told apart: the clock was set, nobody slept for so long. */
const MISSED_MAX = 1000;

/** @throws Error with croner's own words where the expression or the time zone is none */
export function cron({ expression, timeZone }: { readonly expression: string; readonly timeZone?: string }): Cron {
  return new Cron(expression, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
}
