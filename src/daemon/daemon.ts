import { isDeepStrictEqual } from 'node:util';
import type { Waiver } from '../model/waiver.ts';
import { ClusterLoop, type ClusterMeans, type Runner } from './cluster.ts';
import type { LagMeter } from './lag.ts';
import { LiveRing } from './live.ts';
import { openCounts } from './open-counts.ts';
import { RunIds } from './run-id.ts';
import type { ClusterSettings, Settings } from './settings.ts';
import { Slots } from './slots.ts';
import type {
  ChannelCell,
  ClusterStatus,
  Control,
  DaemonStatus,
  Happening,
  Run,
  Store,
  Transition,
  Trigger,
  WaiverStatus,
} from './types.ts';

/** Something that works beside a cluster while it is in the settings: restart watch, rotation watch, live wire. */
export interface Companion {
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
  /** Told of every stored run of the cluster; must not throw. */
  committed?(run: Run): void;
}

/** What a companion may do. */
export interface CompanionMeans {
  readonly settings: ClusterSettings;
  readonly trigger: (trigger: Trigger) => void;
  readonly note: (happening: Happening) => void;
  readonly store: Store;
  readonly log: ClusterMeans['log'];
  readonly clock: () => number;
}

/** Settings, and where they came from. `path` absent: the embedded default. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly path?: string;
  readonly sha256?: string;
  /** Those of the settings' file of waivers. */
  readonly waivers: readonly Waiver[];
}

export interface DaemonMeans {
  readonly version: string;
  readonly run: Runner;
  readonly store: Store;
  /** Reads the settings anew. Rejects with what is wrong, as `file:line:column: …`. */
  readonly load: () => Promise<LoadedSettings>;
  readonly companions: readonly ((means: CompanionMeans) => Companion | undefined)[];
  /** Told of every stored run; must not throw. */
  readonly committed: (run: Run, transitions: readonly Transition[], settings: Settings) => void;
  /** Told of settings that came into force; must not throw. */
  readonly applied: (loaded: LoadedSettings) => void;
  readonly waivers: () => readonly WaiverStatus[];
  readonly log: ClusterMeans['log'];
  readonly clock: () => number;
  readonly random: () => number;
  readonly lag: LagMeter;
}

/** A run may be so late before the daemon says that it is not ready. */
const LATE_MS = 60_000;
/** Retention is looked after so often. */
const RETENTION_EVERY_MS = 10 * 60_000;

interface Member {
  readonly loop: ClusterLoop;
  readonly companions: readonly Companion[];
}

/** All clusters of the settings, and the handle by which HTTP and signals steer them. */
export class Daemon implements Control {
  readonly live: LiveRing;
  readonly #means: DaemonMeans;
  readonly #ids = new RunIds();
  readonly #startedAt: string;
  readonly #members = new Map<string, Member>();
  /** Clusters whose old loop is on its way out. */
  readonly #ending = new Map<string, Promise<void>>();
  #slots: Slots;
  #loaded: LoadedSettings;
  #lastReload: DaemonStatus['lastReload'];
  #reloading: Promise<unknown> = Promise.resolve();
  #storeProblem: string | undefined;
  #retention: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(loaded: LoadedSettings, means: DaemonMeans) {
    this.#means = means;
    this.#loaded = loaded;
    this.#slots = new Slots(loaded.settings.connections);
    this.live = new LiveRing(means.clock);
    this.#startedAt = this.#now();
    this.#lastReload = { at: this.#startedAt, ok: true };
  }

  get store(): Store {
    return this.#means.store;
  }

  start(): void {
    this.#note({
      cluster: null,
      kind: 'daemon-started',
      at: this.#now(),
      text: `flinkprobe ${this.#means.version} started`,
    });
    this.#apply(this.#loaded.settings);
    this.#retention = setInterval(() => this.#retain(), RETENTION_EVERY_MS);
    this.#retain();
  }

  /** Ends all runs and companions and closes the store. What goes on is kept, marked incomplete. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearInterval(this.#retention);
    await this.#reloading.catch(() => undefined);
    await Promise.all([...[...this.#members.values()].map(stopped), ...this.#ending.values()]);
    this.#note({ cluster: null, kind: 'daemon-stopped', at: this.#now(), text: 'stopped' });
    this.#means.store.close();
  }

  status(): DaemonStatus {
    const { store, version, lag } = this.#means;
    const { path, sha256 } = this.#loaded;
    const problem = this.#storeProblem;
    return {
      version,
      startedAt: this.#startedAt,
      now: this.#now(),
      ...(path === undefined || sha256 === undefined ? {} : { configuration: { path, sha256 } }),
      lastReload: this.#lastReload,
      store: {
        path: store.path,
        state: problem === undefined ? 'open' : 'failing',
        ...(problem === undefined ? {} : { problem }),
        bytes: this.#asked(() => store.size(), 0),
      },
      clusters: this.clusters().map((name) => this.#statusOf(name)),
      outbox: this.#asked(() => store.outbox.size(), 0),
      eventLoopLagMs: lag.read(),
    };
  }

  clusters(): readonly string[] {
    return this.#loaded.settings.clusters.map(({ name }) => name);
  }

  cells(cluster: string): readonly ChannelCell[] {
    return this.#members.get(cluster)?.loop.cells ?? [];
  }

  runNow(cluster: string, trigger: Trigger): { readonly id: string } | undefined {
    return this.#isStopping ? undefined : this.#members.get(cluster)?.loop.trigger(trigger);
  }

  /** One after the other; the last word is that of the file as it is then. */
  reload(): Promise<{ readonly ok: boolean; readonly problem?: string }> {
    const next = this.#reloading.then(() => this.#reload());
    this.#reloading = next;
    return next;
  }

  readiness(): ReturnType<Control['readiness']> {
    const late = this.clusters().map((name) => ({ name, lateMs: this.#lateMs(name) }));
    const problems = [
      ...(this.#isStopping ? ['stopping'] : []),
      ...(this.#storeProblem === undefined ? [] : [`the store fails: ${this.#storeProblem}`]),
      ...late
        .filter(({ lateMs }) => lateMs > LATE_MS)
        .map(({ name, lateMs }) => `${name}: its run is ${Math.round(lateMs / 1000)} s late`),
      ...this.clusters().flatMap((name) => {
        const problem = this.#members.get(name)?.loop.health.problem;
        return problem === undefined ? [] : [`${name}: the last run failed: ${problem}`];
      }),
    ];
    return { ready: problems.length === 0, lateMs: Math.max(0, ...late.map(({ lateMs }) => lateMs)), problems };
  }

  waivers(): readonly WaiverStatus[] {
    return this.#means.waivers();
  }

  async #reload(): Promise<{ readonly ok: boolean; readonly problem?: string }> {
    const at = this.#now();
    let loaded: LoadedSettings;
    try {
      loaded = await this.#means.load();
    } catch (error) {
      const problem = (error as Error).message;
      this.#lastReload = { at, ok: false, problem };
      this.#means.log('error', { problem }, 'the settings were not reloaded; the old ones stay in force');
      return { ok: false, problem };
    }
    if (this.#isStopping) return { ok: false, problem: 'stopping' };
    this.#loaded = loaded;
    this.#apply(loaded.settings);
    this.#lastReload = { at, ok: true };
    this.#note({ cluster: null, kind: 'reload', at, text: 'settings reloaded' });
    return { ok: true };
  }

  /** Clusters whose settings are the same keep their schedule and what goes on. */
  #apply(settings: Settings): void {
    this.#slots = new Slots(settings.connections);
    const wanted = new Map(settings.clusters.map((one) => [one.name, one]));
    for (const [name, member] of this.#members) {
      if (isDeepStrictEqual(wanted.get(name), member.loop.settings)) continue;
      this.#members.delete(name);
      this.#ending.set(
        name,
        stopped(member).then(() => void this.#ending.delete(name)),
      );
    }
    for (const name of wanted.keys()) void this.#beginAfterEnd(name);
    this.#means.applied(this.#loaded);
  }

  /** The old loop ends before the new one begins: never two runs of one cluster at once. */
  async #beginAfterEnd(name: string): Promise<void> {
    await this.#ending.get(name);
    const cluster = this.#loaded.settings.clusters.find((one) => one.name === name);
    if (cluster !== undefined && !this.#isStopping && !this.#members.has(name)) this.#begin(cluster);
  }

  #begin(cluster: ClusterSettings): void {
    const { run, store, log, clock, random } = this.#means;
    const companions: Companion[] = [];
    const loop = new ClusterLoop(cluster, {
      run,
      store,
      ids: this.#ids,
      slots: this.#slots,
      publish: (event, data) => this.live.publish(event, data),
      committed: (made, transitions) => {
        this.#storeProblem = undefined;
        this.#means.committed(made, transitions, this.#loaded.settings);
        for (const companion of companions) companion.committed?.(made);
      },
      log,
      clock,
      random,
    });
    const means: CompanionMeans = {
      settings: cluster,
      trigger: (trigger) => void loop.trigger(trigger),
      note: (happening) => this.#note(happening),
      store,
      log,
      clock,
    };
    companions.push(...this.#means.companions.map((make) => make(means)).filter((one) => one !== undefined));
    this.#members.set(cluster.name, { loop, companions });
    loop.start();
  }

  #statusOf(name: string): ClusterStatus {
    const health = this.#members.get(name)?.loop.health;
    const [lastRun] = this.#asked(() => this.#means.store.runs(name, { limit: 1 }), []);
    return {
      cluster: name,
      ...(lastRun === undefined ? {} : { lastRun }),
      state: health?.state ?? 'idle',
      ...(health?.dueAt === undefined ? {} : { nextRunAt: new Date(health.dueAt).toISOString() }),
      lateMs: this.#lateMs(name),
      missedRuns: health?.missed ?? 0,
      open: openCounts(this.#asked(() => this.#means.store.findings({ cluster: name, state: 'open' }), [])),
    };
  }

  #lateMs(name: string): number {
    const due = this.#members.get(name)?.loop.health.dueAt;
    return due === undefined ? 0 : Math.max(0, this.#means.clock() - due);
  }

  #note(happening: Happening): void {
    this.#asked(() => this.#means.store.note(happening), undefined);
    this.live.publish('happening', happening);
  }

  #retain(): void {
    const { passingMs, failingMs, bytes } = this.#loaded.settings.state;
    const { store } = this.#means;
    this.#asked(() => store.retain({ passingMs, failingMs, bytes }, this.#now()), 0);
    if (!this.#isStopping && this.#storeProblem === undefined && store.moreToRetain) setImmediate(() => this.#retain());
  }

  /** What the store says; where it cannot, that is a problem of the daemon's readiness and no crash. */
  #asked<T>(ask: () => T, otherwise: T): T {
    try {
      return ask();
    } catch (error) {
      this.#storeProblem = (error as Error).message;
      this.#means.log('error', { err: error }, 'the store failed');
      return otherwise;
    }
  }

  #now(): string {
    return new Date(this.#means.clock()).toISOString();
  }
}

async function stopped({ loop, companions }: Member): Promise<void> {
  await Promise.all([loop.stop(), ...companions.map((one) => one.stop())]);
}
