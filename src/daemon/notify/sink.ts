import type { SecretSetting, SinkSettings } from '../settings.ts';
import { toAlertmanager } from './alertmanager.ts';
import { toCommand } from './exec.ts';
import type { Notification } from './message.ts';
import type { Outcome } from './outcome.ts';
import { toPagerDuty } from './pagerduty.ts';
import { toSlack } from './slack.ts';
import { toWebhook } from './webhook.ts';

export interface SinkMeans {
  /** Reads it anew each time, so that it can be changed while the daemon runs. Throws where it cannot be read. */
  readonly readSecret: (secret: SecretSetting) => string;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** One attempt to deliver. Never rejects. */
export async function deliver(sink: SinkSettings, notification: Notification, means: SinkMeans): Promise<Outcome> {
  try {
    switch (sink.type) {
      case 'alertmanager':
        return await toAlertmanager(sink, notification.alerts, means);
      case 'webhook':
        return await toWebhook(sink, notification, means);
      case 'pagerduty':
        return await toPagerDuty(sink, notification, means);
      case 'slack':
        return await toSlack(sink, notification, means);
      case 'exec':
        return await toCommand(sink, notification, means.signal);
    }
  } catch (error) {
    return { kind: 'failed', problem: (error as Error).message };
  }
}
