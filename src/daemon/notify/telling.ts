import type { SinkSettings } from '../settings.ts';
import type { Alert, Reason, Told } from './alert.ts';
import { iso } from './queue.ts';
import type { Change, Standing } from './standing.ts';

export function isWanted({ on, type }: SinkSettings, { alert }: Standing, { kind }: Change): boolean {
  const isOther = alert.labels.rule === undefined;
  switch (kind) {
    case 'opened':
      return isOther || on.includes('opened');
    case 'reminder':
      return type !== 'alertmanager' && (isOther || on.includes('opened'));
    case 'worsened':
      return isOther || on.includes('worsened');
    case 'resolved':
      return on.includes('resolved');
  }
}

/** What is written to the outbox. */
export function toldOf(one: Standing, { kind }: Change, now: number): Told {
  const { alert, worst, because } = one;
  switch (kind) {
    case 'opened':
      return { ...alert, status: 'firing', reason: openingOf(alert) };
    case 'worsened':
      return { ...alert, status: 'firing', reason: kind, ...(worst === undefined ? {} : { before: worst }) };
    case 'reminder':
      return { ...alert, severity: worst ?? alert.severity, status: 'firing', reason: kind };
    case 'resolved':
      return {
        ...alert,
        severity: worst ?? alert.severity,
        status: 'resolved',
        reason: because,
        endsAt: iso(Math.min(one.isSince, now)),
      };
  }
}

function openingOf({ labels }: Alert): Reason {
  return labels.waiver !== undefined ? 'waiver-ending' : labels.rule === undefined ? 'run-failed' : 'opened';
}
