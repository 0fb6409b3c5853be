import type { Message } from '../types.ts';
import type { Told } from './alert.ts';

/** What one notification holds: alerts of one cluster that are told together. Without any secret. */
export interface Notification {
  readonly cluster: string;
  readonly alerts: readonly Told[];
}

/** Alerts of one notification; more become several. */
export const ALERTS_MOST = 100;
/** Notifications that wait for one sink; above, those of the same finding are put together. */
export const WAITING_MOST = 200;

const VERSION = 1;

export function encode({ cluster, alerts }: Notification): string {
  return JSON.stringify({ version: VERSION, cluster, alerts });
}

/** Undefined for what this version did not write. */
export function decode(body: string): Notification | undefined {
  try {
    const { version, cluster, alerts } = JSON.parse(body) as Notification & { readonly version: unknown };
    return version === VERSION && Array.isArray(alerts) ? { cluster, alerts } : undefined;
  } catch {
    return undefined;
  }
}

export function chunked<T>(all: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, at) => all.slice(at * most, (at + 1) * most));
}

/**
 * The same news in fewer notifications: of each finding only the last word, and none where a finding opened and was
 * resolved before anybody was told. An opening that was tried may have arrived although its answer did not: its end is told.
 */
export function collapsed(messages: readonly Message[]): readonly Notification[] {
  const words = new Map<string, { cluster: string; alert: Told; first: Told }>();
  for (const { body, attempts } of messages) {
    const notification = decode(body);
    if (notification === undefined) continue;
    for (const given of notification.alerts) {
      const alert: Told = attempts === 0 ? given : { ...given, tried: 'tried' };
      const key = `${notification.cluster}\n${alert.key}`;
      const first = words.get(key)?.first ?? alert;
      words.delete(key);
      words.set(key, { cluster: notification.cluster, alert, first });
    }
  }
  const byCluster = new Map<string, Told[]>();
  for (const { cluster, alert, first } of words.values()) {
    if (alert.status === 'resolved' && first.reason === 'opened' && first.tried === undefined) continue;
    const alerts = byCluster.get(cluster) ?? [];
    byCluster.set(cluster, alerts);
    const last: Told = first.tried === undefined ? alert : { ...alert, tried: first.tried };
    // A reminder of what was never told is news.
    alerts.push(alert.status === 'firing' && first.reason === 'opened' ? { ...last, reason: 'opened' } : last);
  }
  return [...byCluster].flatMap(([cluster, alerts]) =>
    chunked(alerts, ALERTS_MOST).map((some) => ({ cluster, alerts: some })),
  );
}
