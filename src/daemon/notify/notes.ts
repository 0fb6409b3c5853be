import type { Finding } from '../../model/report.ts';
import { atLeast } from '../../report/severity.ts';
import type { SinkSettings } from '../settings.ts';
import type { FindingRecord, WaiverStatus } from '../types.ts';
import { findingAlert, waiverAlert } from './alert.ts';
import type { Book } from './book.ts';
import { observe, type Standing } from './standing.ts';

/** A sink, and what it was told. */
export interface Listener {
  readonly settings: SinkSettings;
  readonly book: Book;
}

/** Notes what a run says of one finding. */
export function note(
  { settings, book }: Listener,
  cluster: string,
  finding: Finding,
  is: 'open' | 'closed',
  since: string,
  now: number,
): void {
  const isMeant =
    is === 'open' &&
    finding.verdict === 'fail' &&
    finding.waived === null &&
    atLeast(finding.severity, settings.minSeverity);
  const there = book.of(cluster).get(finding.fingerprint);
  if (!isMeant) {
    if (there !== undefined)
      observe(there, 'closed', there.alert, now, finding.waived === null ? 'resolved' : 'waived');
    return;
  }
  const startsAt = there?.is === 'open' ? there.alert.startsAt : since;
  const alert = findingAlert(cluster, finding, startsAt);
  observe(there ?? book.standing(cluster, alert, now), 'open', alert, now);
}

/** Alerts of a cluster that stand for no finding of the history. */
const OF_NO_FINDING: readonly string[] = ['run-failed', 'wire-failed'];

export function reconcile(
  sink: Listener,
  cluster: string,
  open: readonly FindingRecord[],
  is: 'there' | 'gone',
  now: number,
): void {
  const keys = new Set(open.map(({ finding }) => finding.fingerprint));
  for (const { finding, firstSeenAt, lastSeenAt, openings } of open) {
    note(sink, cluster, finding, 'open', openings === 1 ? firstSeenAt : lastSeenAt, now);
  }
  for (const [key, one] of sink.book.of(cluster)) {
    if (!keys.has(key) && (!OF_NO_FINDING.includes(key) || is === 'gone'))
      observe(one, 'closed', one.alert, now, 'resolved');
  }
}

/** Where waivers stand, which belong to no cluster. */
export const NO_CLUSTER = '';

/** Notes waivers that end, and that others do not any more. */
export function noteWaivers(book: Book, ending: readonly WaiverStatus[], now: number): void {
  const keys = new Set<string>();
  for (const waiver of ending) {
    const alert = waiverAlert(waiver, new Date(now).toISOString());
    const one = book.standing(NO_CLUSTER, alert, now);
    keys.add(alert.key);
    observe(one, 'open', one.is === 'open' ? { ...alert, startsAt: one.alert.startsAt } : alert, now);
  }
  for (const [key, one] of book.of(NO_CLUSTER)) if (!keys.has(key)) observe(one, 'closed', one.alert, now);
}

export function forgive(one: Standing, now: number): boolean {
  if (one.refused === undefined) return false;
  delete one.refused;
  if (one.told === 'open') {
    one.told = 'never';
    if (one.is === 'open') {
      one.pendingSince = now;
      one.openings = 1;
    }
  } else if (one.told === 'resolved' && one.is === 'closed') {
    one.told = 'open';
    one.isSince = now;
  }
  return true;
}
