import { Cron } from 'croner';
import type { Schedule } from './settings.ts';

/**
 * When the next run is due, milliseconds since the epoch; undefined: never.
 *
 * `last`: when the last run was due or, without one, was begun; absent before the first. An interval is counted from
 * there, not from the end of the run, so that slow runs do not shift the schedule; what would lie in the past is due
 * now, once, however many runs were missed. `random`: 0 to 1.
 */
export function nextRunAt(
  schedule: Schedule,
  last: number | undefined,
  now: number,
  random: () => number,
): number | undefined {
  switch (schedule.kind) {
    case 'none':
      return undefined;
    case 'cron':
      return cron(schedule).nextRun(new Date(now))?.getTime();
    case 'every': {
      const jitter = Math.round(random() * schedule.jitterMs);
      // Many clusters of one file do not all begin at once.
      if (last === undefined) return now + jitter;
      return Math.max(now, last + schedule.everyMs + jitter);
    }
  }
}

/** Runs that a schedule had between two times and that nobody made, the one that is due now not counted. */
export function missedRuns(schedule: Schedule, due: number, now: number): number {
  switch (schedule.kind) {
    case 'none':
      return 0;
    case 'every':
      return Math.max(0, Math.floor((now - due) / schedule.everyMs));
    case 'cron':
      return cron(schedule)
        .nextRuns(MISSED_MAX, new Date(due))
        .filter((one) => one.getTime() <= now).length;
  }
}

/** More than this are not told apart. */
const MISSED_MAX = 1000;

/** @throws Error with croner's own words where the expression is none */
export function cron({ expression, timeZone }: Extract<Schedule, { readonly kind: 'cron' }>): Cron {
  return new Cron(expression, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
}
