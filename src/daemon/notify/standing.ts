import type { Severity } from '../../model/report.ts';
import type { SinkSettings } from '../settings.ts';
import { type Alert, isWorse } from './alert.ts';

/**
 * How one sink and one finding stand to each other: what the sink was told, and what is so. What is told follows from
 * the difference alone, never from the single event, so that a restart, a lost event or a thousand of them end the same.
 *
 * Times are milliseconds since the epoch.
 */
export interface Standing {
  alert: Alert;
  told: 'never' | 'open' | 'resolved';
  /** Any notification. */
  toldAt?: number;
  openToldAt?: number;
  resolvedToldAt?: number;
  /** The worst severity that was told of this opening. */
  worst?: Severity;
  /** The sink took the last word for wrong, and would again. */
  refused?: 'refused';

  /** What is so. */
  is: 'open' | 'closed';
  /** Why it is closed. */
  because: 'resolved' | 'waived';
  isSince: number;
  /** First opening that was not told. */
  pendingSince?: number;
  /** Since `pendingSince`. */
  openings: number;
  /** Reopenings since it was told open. */
  flaps: number;
}

/** What is to be told, and from when on. */
export interface Change {
  readonly kind: 'opened' | 'resolved' | 'worsened' | 'reminder';
  readonly ripeAt: number;
  /** It may go along with others of its group before it is ripe. */
  readonly group: 'joins' | 'waits';
}

/** What was resolved has to stay so this long, or the repeat interval where that is shorter, before it is no flapping. */
export const QUIET_MS: number = 15 * 60_000;

export type Pace = Pick<SinkSettings, 'repeatMs' | 'groupWaitMs'>;

export function newStanding(alert: Alert, now: number): Standing {
  return { alert, told: 'never', is: 'closed', because: 'resolved', isSince: now, openings: 0, flaps: 0 };
}

/** Notes what is so now. */
export function observe(
  one: Standing,
  is: Standing['is'],
  alert: Alert,
  now: number,
  why: Standing['because'] = one.because,
): void {
  one.alert = alert;
  one.because = why;
  if (one.is === is) return;
  one.is = is;
  one.isSince = now;
  if (is === 'closed') return;
  if (one.told === 'open') {
    one.flaps += 1;
  } else {
    one.pendingSince ??= now;
    one.openings += 1;
  }
}

/**
 * What the sink has to be told. An opening is told after the group was collected, its end likewise. What flaps is told
 * open once, again after each repeat interval, and its end when it has been quiet: a thousand flaps an hour make one
 * notification in that time, and the last state is always told.
 */
export function changeOf(one: Standing, pace: Pace, now: number): Change | undefined {
  return one.told === 'open' ? changeOfOpen(one, pace, now) : changeOfClosed(one, pace, now);
}

function changeOfOpen(one: Standing, { repeatMs, groupWaitMs }: Pace, now: number): Change | undefined {
  if (one.is === 'closed') {
    return one.flaps === 0
      ? { kind: 'resolved', ripeAt: one.isSince + groupWaitMs, group: 'joins' }
      : { kind: 'resolved', ripeAt: one.isSince + quietMs(repeatMs), group: 'waits' };
  }
  if (now - one.isSince >= quietMs(repeatMs)) one.flaps = 0;
  if (one.worst !== undefined && isWorse(one.alert.severity, one.worst)) {
    return { kind: 'worsened', ripeAt: 0, group: 'joins' };
  }
  return { kind: 'reminder', ripeAt: (one.toldAt ?? one.isSince) + repeatMs, group: 'waits' };
}

function changeOfClosed(one: Standing, { repeatMs, groupWaitMs }: Pace, now: number): Change | undefined {
  const { pendingSince } = one;
  if (pendingSince === undefined) return undefined;
  const quiet = quietMs(repeatMs);
  const collected = pendingSince + groupWaitMs;
  const isFlap = one.resolvedToldAt !== undefined && pendingSince - one.resolvedToldAt < quiet;
  if (one.is === 'closed') {
    // It came and went: told only if it did so again and again.
    if (now >= (isFlap ? one.isSince + quiet : collected) && (isFlap || one.openings < 2)) {
      forget(one);
      return undefined;
    }
    if (one.openings < 2) return undefined;
  }
  if (!isFlap) return { kind: 'opened', ripeAt: collected, group: one.is === 'open' ? 'joins' : 'waits' };
  const again = (one.openToldAt ?? pendingSince) + repeatMs;
  const steady = one.is === 'open' ? one.isSince + quiet : again;
  return { kind: 'opened', ripeAt: Math.max(collected, Math.min(again, steady)), group: 'waits' };
}

function forget(one: Standing): void {
  delete one.pendingSince;
  one.openings = 0;
}

/** Notes that it was told. */
export function tell(one: Standing, { kind }: Change, now: number): void {
  one.toldAt = now;
  switch (kind) {
    case 'opened':
      one.told = 'open';
      one.openToldAt = now;
      one.worst = one.alert.severity;
      one.flaps = Math.max(0, one.openings - 1);
      forget(one);
      delete one.refused;
      break;
    case 'worsened':
      one.worst = one.alert.severity;
      break;
    case 'reminder':
      one.openToldAt = now;
      break;
    case 'resolved':
      one.told = 'resolved';
      one.resolvedToldAt = now;
      one.flaps = 0;
      delete one.worst;
      delete one.refused;
      forget(one);
      break;
  }
}

/** A clock that was set back must not silence anything until it is there again. */
export function notAfter(one: Standing, now: number): void {
  for (const key of ['toldAt', 'openToldAt', 'resolvedToldAt', 'isSince', 'pendingSince'] as const) {
    const at = one[key];
    if (at !== undefined && at > now) one[key] = now;
  }
}

function quietMs(repeatMs: number): number {
  return Math.min(QUIET_MS, repeatMs);
}
