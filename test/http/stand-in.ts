import path from 'node:path';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { cellsOf } from '../../src/daemon/cells.ts';
import type { Control, RunAnswer } from '../../src/daemon/control.ts';
import { EventRing } from '../../src/daemon/event-ring.ts';
import { openCounts } from '../../src/daemon/open-counts.ts';
import type { WebSettings } from '../../src/daemon/settings.ts';
import { summaryOf } from '../../src/daemon/store/runs.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import type {
  ChannelCell,
  ClusterStatus,
  DaemonStatus,
  Run,
  Store,
  StoresRead,
  Trigger,
  WaiverStatus,
  WireStatus,
} from '../../src/daemon/types.ts';
import type { HttpMeans } from '../../src/http/means.ts';
import { createServer, type WebServer } from '../../src/http/server.ts';
import type { Report } from '../../src/model/report.ts';
import { root } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

export const NOW: string = '2026-11-22T12:00:00.000Z';

/** Reports of real Flink clusters, from the captures that are shipped: all TLS, and its data plane in clear. */
export async function recorded(name: '1.20.3-int-gcm' | '1.20.3-int-dataoff' | '1.20.3-off'): Promise<Report> {
  return analyse({
    captures: [path.join(root, 'captures', `${name}.pcap.gz`)],
    configurations: [],
    expect: [],
    failOn: 'medium',
    now: Date.parse(NOW),
  });
}

export const LOOPBACK: WebSettings = {
  host: '127.0.0.1',
  port: 0,
  users: [],
  insecure: 'refuse',
  probe: { allow: 'configured' },
};

/** A daemon without a schedule: what HTTP sees of one, over a real store. */
export class StandIn implements Control {
  readonly live: EventRing;
  readonly store: Store;
  /** What whoever asks for a run is told. */
  refusing: RunAnswer | undefined;
  readonly asked: { readonly cluster: string; readonly trigger: Trigger }[] = [];
  readonly names: string[];
  wire: WireStatus | undefined;
  /** Why runs cannot be made. */
  problem: string | undefined;
  reloadAnswer: Awaited<ReturnType<Control['reload']>> = { ok: true };
  readinessAnswer: ReturnType<Control['readiness']> = { ready: true, lateMs: 0, problems: [] };
  waiverList: readonly WaiverStatus[] = [];
  storeState: 'open' | 'failing' = 'open';
  /** Of all clusters. */
  failOn: NonNullable<ClusterStatus['failOn']> = 'medium';
  #cells = new Map<string, readonly ChannelCell[]>();
  #runs = 0;

  constructor(names: readonly string[], ring = 4096) {
    this.names = [...names];
    this.store = openStore({ path: path.join(temporary(), 'history.db') });
    this.live = new EventRing(() => Date.parse(NOW), ring);
    t.teardown(() => this.store.close());
  }

  /** Keeps a run and tells of it as a cluster's loop does. */
  commit(cluster: string, report: Report, trigger: Trigger = 'schedule', stores?: StoresRead): Run {
    this.#runs += 1;
    const run: Run = {
      id: `01JD8${String(this.#runs).padStart(21, '0')}`,
      cluster,
      trigger,
      report,
      ...(stores === undefined ? {} : { stores }),
    };
    const { transitions } = this.store.commit(run, { resolveAfter: 1 });
    this.#cells.set(cluster, cellsOf(cluster, report, 'medium'));
    for (const cell of this.cells(cluster)) this.live.publish('channel', cell);
    for (const transition of transitions) if (transition.kind !== 'still') this.live.publish('finding', transition);
    this.live.publish('run-finished', summaryOf(run));
    return run;
  }

  clusters(): readonly string[] {
    return this.names;
  }

  cells(cluster: string): readonly ChannelCell[] {
    return this.#cells.get(cluster) ?? [];
  }

  status(): DaemonStatus {
    return {
      version: '0.1.0',
      startedAt: NOW,
      now: NOW,
      lastReload: { at: NOW, ok: this.reloadAnswer.ok },
      store: {
        path: this.store.path,
        state: this.storeState,
        bytes: this.storeState === 'open' ? this.store.size() : 0,
      },
      clusters: this.names.map((cluster) => this.#statusOf(cluster)),
      outbox: 2,
      eventLoopLagMs: { p50: 0.4, p99: 3.5 },
    };
  }

  #statusOf(cluster: string): DaemonStatus['clusters'][number] {
    const isOpen = this.storeState === 'open';
    const [lastRun] = isOpen ? this.store.runs(cluster, { limit: 1 }) : [];
    return {
      cluster,
      ...(lastRun === undefined ? {} : { lastRun }),
      state: 'idle',
      failOn: this.failOn,
      lateMs: 1500,
      missedRuns: 3,
      open: openCounts(isOpen ? this.store.findings({ cluster, state: 'open' }) : []),
      ...(this.problem === undefined ? {} : { problem: this.problem }),
      ...(this.wire === undefined ? {} : { wire: this.wire }),
    };
  }

  runNow(cluster: string, trigger: Trigger): RunAnswer | undefined {
    if (!this.names.includes(cluster)) return undefined;
    if (this.refusing !== undefined) return this.refusing;
    this.asked.push({ cluster, trigger });
    return { id: `01JD8${String(this.#runs + 1).padStart(21, '0')}` };
  }

  async reload(): Promise<Awaited<ReturnType<Control['reload']>>> {
    return this.reloadAnswer;
  }

  readiness(): ReturnType<Control['readiness']> {
    return this.readinessAnswer;
  }

  waivers(): readonly WaiverStatus[] {
    return this.waiverList;
  }
}

/** A server that ends with its test. Unless said otherwise, it probes nothing. */
export async function served(
  control: Control,
  settings: Partial<WebSettings> = {},
  means: Partial<HttpMeans> = {},
): Promise<WebServer> {
  const probe = (): Promise<never> => Promise.reject(new Error('nothing is probed here'));
  const server = await createServer(control, { ...LOOPBACK, ...settings }, { probe, ...means });
  t.teardown(() => server.close());
  return server;
}
