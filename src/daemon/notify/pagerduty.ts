import { createHash } from 'node:crypto';
import type { Severity } from '../../model/report.ts';
import type { SinkSettings } from '../settings.ts';
import type { Told } from './alert.ts';
import { post } from './http-post.ts';
import type { Notification } from './message.ts';
import { allOf, type Outcome } from './outcome.ts';
import type { SinkMeans } from './sink.ts';

type PagerDuty = Extract<SinkSettings, { readonly type: 'pagerduty' }>;

/** Characters, by the Events API v2. */
const SUMMARY_MOST = 1024;
const KEY_MOST = 255;

const SEVERITY: Readonly<Record<Severity, 'critical' | 'error' | 'warning' | 'info'>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  info: 'info',
};

/** An event of the Events API v2. */
export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: 'trigger' | 'resolve';
  readonly dedup_key: string;
  readonly client?: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: 'critical' | 'error' | 'warning' | 'info';
    readonly timestamp: string;
    readonly component?: string;
    readonly group: string;
    readonly class: string;
    readonly custom_details: Readonly<Record<string, string>>;
  };
}

export function pagerDutyEvent(routingKey: string, cluster: string, alert: Told): PagerDutyEvent {
  const event = { routing_key: routingKey, dedup_key: dedupKey(cluster, alert.key) };
  if (alert.status === 'resolved') return { ...event, event_action: 'resolve' };
  const { labels, annotations, severity, startsAt } = alert;
  return {
    ...event,
    event_action: 'trigger',
    client: 'flinkprobe',
    payload: {
      summary: (annotations.summary ?? labels.alertname ?? cluster).slice(0, SUMMARY_MOST),
      source: annotations.place ?? labels.member ?? cluster,
      severity: SEVERITY[severity],
      timestamp: startsAt,
      ...(labels.channel === undefined ? {} : { component: labels.channel }),
      group: cluster,
      class: labels.rule ?? labels.alertname ?? 'flinkprobe',
      custom_details: { ...annotations, ...labels },
    },
  };
}

/** The same for the same finding of the same cluster, whatever happens to the daemon. */
export function dedupKey(cluster: string, key: string): string {
  const whole = `flinkprobe/${cluster}/${key}`;
  return whole.length <= KEY_MOST ? whole : `flinkprobe/${createHash('sha256').update(whole).digest('hex')}`;
}

/** One event each; all again where one failed, which `dedup_key` makes the same. */
export async function toPagerDuty(
  sink: PagerDuty,
  { cluster, alerts }: Notification,
  { readSecret, signal }: SinkMeans,
): Promise<Outcome> {
  const routingKey = readSecret(sink.routingKey);
  const outcomes: Outcome[] = [];
  for (const alert of alerts) {
    const body = pagerDutyEvent(routingKey, cluster, alert);
    const outcome = await post({ url: sink.url, body, timeoutMs: sink.timeoutMs, signal, secrets: [routingKey] });
    outcomes.push(outcome);
    if (outcome.kind === 'failed') break;
  }
  return allOf(outcomes);
}
