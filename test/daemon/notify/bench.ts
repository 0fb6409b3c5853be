import path from 'node:path';
import { Notifier, type NotifierMeans } from '../../../src/daemon/notify/notifier.ts';
import type { SecretSetting, Settings, SinkSettings } from '../../../src/daemon/settings.ts';
import { openStore } from '../../../src/daemon/store/store.ts';
import type { Trigger, WaiverStatus } from '../../../src/daemon/types.ts';
import type { Finding } from '../../../src/model/report.ts';
import { temporary } from '../../support/temporary.ts';
import { runOf, START } from '../cluster-report.ts';

export type Sink<Type extends SinkSettings['type']> = Extract<SinkSettings, { readonly type: Type }>;

const COMMON = {
  name: 'sink',
  minSeverity: 'medium',
  on: ['opened', 'resolved', 'worsened'],
  repeatMs: 4 * 3_600_000,
  groupWaitMs: 10_000,
  timeoutMs: 2000,
} as const;

export function webhook(url: string, change: Partial<Sink<'webhook'>> = {}): Sink<'webhook'> {
  return { ...COMMON, type: 'webhook', url: { kind: 'text', text: `${url}/hook` }, ...change };
}

export function alertmanager(url: string, change: Partial<Sink<'alertmanager'>> = {}): Sink<'alertmanager'> {
  return { ...COMMON, type: 'alertmanager', urls: [url], resendMs: 60_000, ...change };
}

export function pagerDuty(url: string, change: Partial<Sink<'pagerduty'>> = {}): Sink<'pagerduty'> {
  return { ...COMMON, type: 'pagerduty', url, routingKey: { kind: 'environment', name: 'PD_KEY' }, ...change };
}

export function slack(change: Partial<Sink<'slack'>> = {}): Sink<'slack'> {
  return { ...COMMON, type: 'slack', url: { kind: 'environment', name: 'SLACK_URL' }, ...change };
}

export function command(line: readonly string[], change: Partial<Sink<'exec'>> = {}): Sink<'exec'> {
  return { ...COMMON, type: 'exec', command: line, ...change };
}

export function settingsOf(
  notify: readonly SinkSettings[],
  clusters: readonly string[] = ['prod'],
): Pick<Settings, 'notify' | 'clusters'> {
  return { notify, clusters: clusters.map((name) => ({ name })) as unknown as Settings['clusters'] };
}

/** A real store, a clock that the test moves, and a notifier that ticks when it is told to. */
export class Bench {
  readonly file: string = path.join(temporary(), 'history.db');
  readonly secrets: Map<string, string> = new Map();
  readonly logged: { readonly level: string; readonly text: string; readonly fields: object }[] = [];
  waivers: readonly WaiverStatus[] = [];
  now: number = START;
  store: ReturnType<typeof openStore>;
  notifier: Notifier;
  #run = 0;

  constructor() {
    this.store = openStore({ path: this.file });
    this.notifier = this.#made();
  }

  #made(): Notifier {
    const means: NotifierMeans = {
      store: this.store,
      log: (level, fields, text) => void this.logged.push({ level, fields, text }),
      clock: () => this.now,
      random: () => 0.5,
      readSecret: (secret) => this.#read(secret),
      waivers: () => this.waivers,
      timers: 'none',
    };
    return new Notifier(means);
  }

  #read(secret: SecretSetting): string {
    const value = secret.kind === 'environment' ? this.secrets.get(secret.name) : undefined;
    if (value === undefined) throw new Error('no such secret');
    return value;
  }

  /** A run of the cluster that tells these findings and looked at all endpoints. */
  run(findings: readonly Finding[], cluster = 'prod', how: { trigger?: Trigger; complete?: boolean } = {}): void {
    this.#run += 1;
    const { trigger = 'schedule', complete = true } = how;
    const { report, ...run } = runOf(this.#run, { cluster, findings, trigger });
    const at = new Date(this.now).toISOString();
    const made = { ...run, report: { ...report, complete, startedAt: at, finishedAt: at } };
    this.notifier.committed(made, this.store.commit(made, { resolveAfter: 1 }).transitions);
  }

  async after(seconds: number): Promise<void> {
    this.now += seconds * 1000;
    await this.notifier.tick();
  }

  /** As after a kill: nothing of the notifier is left but what the store holds. */
  async restarted(): Promise<void> {
    await this.notifier.stop();
    this.store.close();
    this.store = openStore({ path: this.file });
    this.notifier = this.#made();
  }

  async end(): Promise<void> {
    await this.notifier.stop();
    this.store.close();
  }
}
