import type { SinkSettings } from '../settings.ts';
import type { Told } from './alert.ts';
import { post } from './http-post.ts';
import type { Notification } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { SinkMeans } from './sink.ts';

type Webhook = Extract<SinkSettings, { readonly type: 'webhook' }>;

/** What Alertmanager sends for an alert that goes on. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

export interface WebhookAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** Version 4 of Alertmanager's webhook (documentation of `webhook_config`; `template.Data` in its sources). */
export interface WebhookBody {
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: 'firing' | 'resolved';
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly alerts: readonly WebhookAlert[];
}

export function webhookBody(receiver: string, { cluster, alerts }: Notification): WebhookBody {
  const told = alerts.map(webhookAlert);
  return {
    version: '4',
    groupKey: `{}:{flink_cluster=${JSON.stringify(cluster)}}`,
    truncatedAlerts: 0,
    status: told.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver,
    groupLabels: { flink_cluster: cluster },
    commonLabels: common(told.map(({ labels }) => labels)),
    commonAnnotations: common(told.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts: told,
  };
}

function webhookAlert({ status, severity, labels, annotations, startsAt, endsAt, key, reason }: Told): WebhookAlert {
  return {
    status,
    labels: { ...labels, severity },
    annotations: { ...annotations, reason },
    startsAt,
    endsAt: status === 'resolved' ? (endsAt ?? startsAt) : ZERO_TIME,
    generatorURL: '',
    fingerprint: key,
  };
}

function common(all: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  const [first = {}, ...others] = all;
  return Object.fromEntries(Object.entries(first).filter(([key, value]) => others.every((one) => one[key] === value)));
}

export function toWebhook(
  sink: Webhook,
  notification: Notification,
  { readSecret, signal }: SinkMeans,
): Promise<Outcome> {
  const url = sink.url.kind === 'text' ? sink.url.text : readSecret(sink.url);
  const bearer = sink.bearer === undefined ? undefined : readSecret(sink.bearer);
  return post({
    url,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    body: webhookBody(sink.name, notification),
    timeoutMs: sink.timeoutMs,
    signal,
    secrets: [url, ...(bearer === undefined ? [] : [bearer])],
  });
}
