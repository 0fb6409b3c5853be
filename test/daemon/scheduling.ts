import { mock } from 'node:test';
import type { RunRequest } from '../../src/daemon/cluster.ts';
import { Daemon, type DaemonMeans, type LoadedSettings } from '../../src/daemon/daemon.ts';
import type { LagMeter } from '../../src/daemon/lag.ts';
import type { ClusterSettings } from '../../src/daemon/settings.ts';
import { settingsOf } from '../../src/daemon/settings-values.ts';
import type { WrittenCluster, WrittenSettings } from '../../src/daemon/settings-written.ts';
import type { Report } from '../../src/model/report.ts';
import { reportOf } from './cluster-report.ts';
import { MemoryStore } from './memory-store.ts';

export const NOON: number = Date.parse('2026-11-22T12:00:00Z');

/** Timers and the clock stand still until they are moved. */
export function fakeTime(): void {
  offset = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: NOON });
}

/** Time goes by, in steps, everything that waits for promises having its turn after each. */
export async function pass(milliseconds: number, step = 1000): Promise<void> {
  await settled();
  for (let left = milliseconds; left > 0; left -= step) {
    mock.timers.tick(Math.min(step, left));
    await settled();
  }
}

/** What the wall clock tells beyond the timers: it was set, or the machine slept. */
let offset = 0;

export function now(): number {
  return Date.now() + offset;
}

export function setClock(by: number): void {
  offset += by;
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function loaded(
  clusters: readonly Partial<WrittenCluster>[],
  others: Partial<WrittenSettings> = {},
): LoadedSettings {
  const written: WrittenSettings = {
    version: 1,
    ...others,
    clusters: clusters.map((one) => ({ name: 'prod', targets: ['jm:6123'], schedule: { every: '1m' }, ...one })),
  };
  return {
    settings: settingsOf(written, { folder: '/etc', stateFolder: '/state' }),
    path: '/etc/f.yaml',
    sha256: '0',
    waivers: [],
  };
}

/** A run that a test ends when it likes. */
export interface Going {
  readonly request: RunRequest;
  readonly end: (change?: Partial<Report>) => void;
  readonly fail: (error: Error) => void;
}

export interface Bench {
  readonly daemon: Daemon;
  readonly store: MemoryStore;
  /** Runs that go on. */
  readonly going: Going[];
  /** All runs that were begun, by cluster. */
  readonly begun: RunRequest[];
  readonly lines: string[];
  readonly next: { load: () => Promise<LoadedSettings> };
}

/** A daemon whose runs go on until the test ends them; `instant`: they end at once. */
export function bench(
  first: LoadedSettings,
  how: 'instant' | 'held' = 'held',
  others: Partial<DaemonMeans> = {},
): Bench {
  const store = new MemoryStore();
  const going: Going[] = [];
  const begun: RunRequest[] = [];
  const lines: string[] = [];
  const next = { load: async () => first };
  const run = (request: RunRequest): Promise<Report> => {
    begun.push(request);
    if (how === 'instant') return Promise.resolve(reportNow());
    return new Promise((resolve, reject) => {
      const leave = (): void => void going.splice(going.indexOf(one), 1);
      const one: Going = {
        request,
        end: (change) => {
          leave();
          resolve({ ...reportNow(), ...change });
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      going.push(one);
    });
  };
  const daemon = new Daemon(first, {
    version: '0',
    run,
    store: store.asStore,
    load: () => next.load(),
    companions: [],
    applied: () => undefined,
    waivers: () => [],
    log: (level, fields, text) => void lines.push(`${level} ${text} ${JSON.stringify(fields)}`),
    clock: now,
    random: () => 0.5,
    lag: { read: () => ({ p50: 0, p99: 0 }), stop: () => undefined } as unknown as LagMeter,
    ...others,
  });
  return { daemon, store, going, begun, lines, next };
}

export function reportNow(change: Partial<Report> = {}): Report {
  const at = new Date(now()).toISOString();
  return { ...reportOf({}), startedAt: at, finishedAt: at, ...change };
}

export const namesOf = (requests: readonly { readonly settings: ClusterSettings }[]): string[] =>
  requests.map(({ settings }) => settings.name);
