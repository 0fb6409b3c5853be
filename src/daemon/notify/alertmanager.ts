import type { Severity } from '../../model/report.ts';
import type { SinkSettings } from '../settings.ts';
import type { Told } from './alert.ts';
import { post } from './http-post.ts';
import { anyOf, type Outcome } from './outcome.ts';
import type { SinkMeans } from './sink.ts';

type Alertmanager = Extract<SinkSettings, { readonly type: 'alertmanager' }>;

/** Resends that may be lost before Alertmanager takes an alert for resolved, as Prometheus has it. */
const RESENDS_KEPT = 3;

/** One alert of `postableAlerts` (Alertmanager, api/v2/openapi.yaml). */
export interface PostableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** `severity`: under which it is told. An alert is its labels: under another severity it is another one. */
export function postable(alert: Told, severity: Severity, endsAt: string): PostableAlert {
  const { labels, annotations, startsAt } = alert;
  return { labels: { ...labels, severity }, annotations, startsAt: startsAt < endsAt ? startsAt : endsAt, endsAt };
}

/**
 * Sends alerts to every Alertmanager that is named; one that takes them is enough, since those of a cluster repeat what
 * they notified of and the others are told with the next resend.
 */
export async function toAlertmanager(
  sink: Alertmanager,
  alerts: readonly Told[],
  { readSecret, clock, signal }: SinkMeans,
): Promise<Outcome> {
  const now = clock();
  const until = new Date(now + RESENDS_KEPT * sink.resendMs).toISOString();
  const ended = new Date(now - 1).toISOString();
  const body = alerts.flatMap((one) => [
    ...(one.before === undefined ? [] : [postable(one, one.before, ended)]),
    postable(one, one.severity, one.status === 'firing' ? until : ended),
  ]);
  const password = sink.basic === undefined ? '' : readSecret(sink.basic.password);
  const credentials = Buffer.from(`${sink.basic?.user}:${password}`).toString('base64');
  const outcomes = sink.urls.map((url) =>
    post({
      url: `${url.replace(/\/+$/, '')}/api/v2/alerts`,
      headers: sink.basic === undefined ? {} : { authorization: `Basic ${credentials}` },
      body,
      timeoutMs: sink.timeoutMs,
      signal,
      secrets: sink.basic === undefined ? [] : [password, credentials],
    }),
  );
  return anyOf(await Promise.all(outcomes));
}
