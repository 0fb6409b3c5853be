import { isDeepStrictEqual } from 'node:util';
import { ClockWatch } from './clock-watch.ts';
import { ClusterLoop } from './cluster.ts';
import type { Companion, CompanionMeans } from './companion.ts';
import type { Control, RunAnswer } from './control.ts';
import type { DaemonMeans, LoadedSettings } from './daemon-means.ts';
import { Departures } from './departures.ts';
import { EventRing } from './event-ring.ts';
import { readinessOf } from './readiness.ts';
import { Remembered } from './remembered.ts';
import { RunIds } from './run-id.ts';
import { startsAfter } from './schedule.ts';
import type { ClusterSettings } from './settings.ts';
import { Slots } from './slots.ts';
import { StatusNews } from './status-news.ts';
import { StoreWriter } from './store-writer.ts';
import type {
  ChannelCell,
  ClusterStatus,
  DaemonStatus,
  Happening,
  Store,
  Trigger,
  WaiverStatus,
  WireStatus,
} from './types.ts';
import { WaiverWatch } from './waiver-watch.ts';
import { problemOfWire, WireWatch } from './wire-watch.ts';

export type { DaemonMeans, LoadedSettings } from './daemon-means.ts';

const BEING_SET_UP = 'the cluster is being set up: its run by the settings before has to end first';
/** Retention is looked after so often; where there is more to delete, after a pause in which others have their turn. */
const RETENTION_EVERY_MS = 10 * 60_000;
const RETENTION_PAUSE_MS = 75;

/** Analyses of captures at the same time: each has a thread, with its own memory. */
const READERS = 1;

interface Member {
  readonly loop: ClusterLoop;
  readonly companions: readonly Companion[];
}

/** A cluster whose old loop is on its way out. */
interface Ending {
  readonly since: number;
  readonly done: Promise<void>;
}

/** All clusters of the settings, and the handle by which HTTP and signals steer them. */
export class Daemon implements Control {
  readonly live: EventRing;
  readonly #means: DaemonMeans;
  readonly #ids = new RunIds();
  readonly #startedAt: string;
  readonly #members = new Map<string, Member>();
  readonly #ending = new Map<string, Ending>();
  readonly #slots: Slots;
  readonly #readers = new Slots(READERS);
  readonly #writer: StoreWriter;
  readonly #remembered: Remembered;
  readonly #clockWatch: ClockWatch;
  readonly #waiverWatch: WaiverWatch;
  readonly #departures: Departures;
  readonly #wireWatch: WireWatch;
  readonly #news: StatusNews;
  #loaded: LoadedSettings;
  #lastReload: DaemonStatus['lastReload'];
  /** As they were when the store was last able to say what they match. */
  #waivers: readonly WaiverStatus[] = [];
  #reloading: Promise<unknown> = Promise.resolve();
  #retention: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #isClosed = false;

  constructor(loaded: LoadedSettings, means: DaemonMeans) {
    this.#means = means;
    this.#loaded = loaded;
    this.#slots = new Slots(loaded.settings.connections);
    this.#writer = new StoreWriter(means);
    this.#remembered = new Remembered(means.store, this.#writer, means.clock);
    this.live = new EventRing(means.clock);
    this.#news = new StatusNews(
      () => this.status(),
      (status) => this.live.publish('status', status),
    );
    this.#wireWatch = new WireWatch(
      () => [...this.#members].map(([cluster, member]) => ({ cluster, wire: wireOf(member) })),
      (cluster, problem) => means.wire?.(cluster, problem),
    );
    this.#startedAt = this.#now();
    this.#lastReload = { at: this.#startedAt, ok: true };
    this.#clockWatch = new ClockWatch(means.clock, (text) =>
      this.#note({ cluster: null, kind: 'clock-jump', at: this.#now(), text }),
    );
    const history = {
      store: means.store,
      writer: this.#writer,
      clusters: () => this.clusters(),
      note: (happening: Happening) => this.#note(happening),
      clock: means.clock,
    };
    this.#waiverWatch = new WaiverWatch({ ...history, waivers: () => this.#loaded.waivers });
    this.#departures = new Departures(history);
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
    this.#apply(this.#loaded);
    this.#clockWatch.start();
    this.#waiverWatch.start();
    this.#wireWatch.start();
    this.#news.start();
    this.#retain();
  }

  /** Ends all runs and companions and closes the store. What goes on is kept, marked incomplete. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#retention);
    this.#clockWatch.stop();
    this.#waiverWatch.stop();
    this.#wireWatch.stop();
    this.#news.stop();
    await Promise.all([
      ...[...this.#members.values()].map(stopped),
      ...[...this.#ending.values()].map(({ done }) => done),
      this.#reloading,
    ]);
    await this.#means.ending?.().catch(() => undefined);
    this.close();
  }

  /** What could be kept until now is kept, and the store closed. For an end that cannot wait for runs. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#note({ cluster: null, kind: 'daemon-stopped', at: this.#now(), text: 'stopped' });
    this.#writer.stop();
    this.#means.store.close();
  }

  status(): DaemonStatus {
    const { store, version, lag, notifications } = this.#means;
    const { path, sha256 } = this.#loaded;
    const clusters = this.clusters().map((name) => this.#statusOf(name));
    const { bytes, outbox } = this.#remembered.figures();
    const { problem } = this.#writer;
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
        bytes,
      },
      clusters,
      outbox,
      ...(notifications === undefined ? {} : { notifications: notifications() }),
      eventLoopLagMs: lag.read(),
    };
  }

  clusters(): readonly string[] {
    return this.#loaded.settings.clusters.map(({ name }) => name);
  }

  cells(cluster: string): readonly ChannelCell[] {
    return this.#members.get(cluster)?.loop.cells ?? [];
  }

  runNow(cluster: string, trigger: Trigger): RunAnswer | undefined {
    if (!this.clusters().includes(cluster)) return undefined;
    if (this.#stopping !== undefined) return { refused: 'not-now', problem: 'the daemon stops' };
    return this.#members.get(cluster)?.loop.runNow(trigger) ?? { refused: 'not-now', problem: BEING_SET_UP };
  }

  /** One after the other; the last word is that of the file as it is then. */
  reload(): Promise<{ readonly ok: boolean; readonly problem?: string }> {
    const next = this.#reloading.then(() => this.#reload()).finally(() => this.#news.look());
    this.#reloading = next.catch(() => undefined);
    return next;
  }

  readiness(): ReturnType<Control['readiness']> {
    const { problem, lost } = this.#writer;
    return readinessOf({
      state: this.#stopping === undefined ? 'running' : 'stopping',
      store: problem,
      lost,
      refused: this.#lastReload.ok ? undefined : String(this.#lastReload.problem),
      clusters: this.clusters().map((name) => ({
        name,
        lateMs: this.#lateMs(name),
        failed: this.#members.get(name)?.loop.health.problem,
        wire: problemOfWire(wireOf(this.#members.get(name))),
      })),
    });
  }

  waivers(): readonly WaiverStatus[] {
    this.#waivers = this.#writer.read('waivers', () => this.#means.waivers(), this.#waivers);
    return this.#waivers;
  }

  async #reload(): Promise<{ readonly ok: boolean; readonly problem?: string }> {
    const at = this.#now();
    let loaded: LoadedSettings;
    try {
      loaded = await this.#means.load();
      if (this.#stopping !== undefined) return { ok: false, problem: 'stopping' };
      this.#refuseMoved(loaded);
      await this.#means.accept?.(loaded);
    } catch (error) {
      const problem = (error as Error).message;
      this.#lastReload = { at, ok: false, problem };
      this.#means.log('error', { problem }, 'the settings were not reloaded; the old ones stay in force');
      return { ok: false, problem };
    }
    if (this.#stopping !== undefined) return { ok: false, problem: 'stopping' };
    this.#apply(loaded);
    this.#waiverWatch.look();
    this.#lastReload = { at, ok: true };
    this.#note({ cluster: null, kind: 'reload', at, text: 'settings reloaded' });
    this.#means.log('info', {}, 'settings reloaded');
    return { ok: true };
  }

  /** The history stays where it is while somebody writes it. */
  #refuseMoved({ settings, path }: LoadedSettings): void {
    const { path: before } = this.#loaded.settings.state;
    if (settings.state.path === before) return;
    throw new Error(`${path ?? 'settings'}: state.path is ${before} until the daemon is started again`);
  }

  /** Clusters whose settings are the same keep their schedule and what goes on. */
  #apply(loaded: LoadedSettings): void {
    this.#loaded = loaded;
    const { settings } = loaded;
    this.#slots.resize(settings.connections);
    const wanted = new Map(settings.clusters.map((one) => [one.name, one]));
    this.#departures.changed();
    // Before anything runs by the new settings.
    this.#means.applied(loaded);
    for (const [name, member] of this.#members) {
      if (!isDeepStrictEqual(wanted.get(name), member.loop.settings)) this.#end(name, member);
      else for (const companion of member.companions) companion.reloaded?.();
    }
    const starting = [...wanted.keys()].filter((name) => !this.#members.has(name));
    for (const [place, name] of starting.entries()) {
      void this.#beginAfterEnd(name, startsAfter(place, starting.length));
    }
  }

  #end(name: string, member: Member): void {
    this.#members.delete(name);
    this.#remembered.forget(name);
    const done = stopped(member).then(() => {
      this.#ending.delete(name);
      // Its last run may have told something anew.
      this.#departures.changed();
    });
    this.#ending.set(name, { since: this.#means.clock(), done });
  }

  /** The old loop ends before the new one begins: never two runs of one cluster at once. */
  async #beginAfterEnd(name: string, afterMs: number): Promise<void> {
    await this.#ending.get(name)?.done;
    const cluster = this.#loaded.settings.clusters.find((one) => one.name === name);
    if (cluster !== undefined && this.#stopping === undefined && !this.#members.has(name))
      this.#begin(cluster, afterMs);
  }

  #begin(cluster: ClusterSettings, afterMs: number): void {
    const { run, store, log, clock, random } = this.#means;
    const companions: Companion[] = [];
    const loop = new ClusterLoop(cluster, {
      run,
      store,
      writer: this.#writer,
      ids: this.#ids,
      slots: this.#slots,
      readers: this.#readers,
      publish: (event, data) => this.live.publish(event, data),
      committed: (made, transitions) => {
        this.#remembered.forget(cluster.name);
        this.#means.committed?.(made, transitions);
        for (const companion of companions) companion.committed?.(made);
      },
      failed: (problem) => this.#means.failed?.(cluster.name, problem),
      log,
      clock,
      random,
    });
    const means: CompanionMeans = {
      settings: cluster,
      afterMs,
      trigger: (trigger) => void loop.trigger(trigger),
      note: (happening) => this.#note(happening),
      publish: (event, data) => this.live.publish(event, data),
      keep: (report) => loop.keepLive(report),
      store,
      log,
      clock,
    };
    for (const make of this.#means.companions) companions.push(...this.#made(make, means));
    this.#members.set(cluster.name, { loop, companions });
    loop.start(afterMs);
  }

  /** A watch that cannot be begun costs that watch only. */
  #made(make: DaemonMeans['companions'][number], means: CompanionMeans): readonly Companion[] {
    try {
      const one = make(means);
      return one === undefined ? [] : [one];
    } catch (error) {
      this.#means.log('error', { cluster: means.settings.name, err: error }, 'a watch was not begun');
      return [];
    }
  }

  #statusOf(name: string): ClusterStatus {
    const member = this.#members.get(name);
    const health = member?.loop.health;
    const wire = wireOf(member);
    return {
      cluster: name,
      ...this.#remembered.cluster(name),
      state: health?.state ?? (this.#ending.has(name) ? 'waiting' : 'idle'),
      ...(health?.dueAt === undefined ? {} : { nextRunAt: new Date(health.dueAt).toISOString() }),
      lateMs: this.#lateMs(name),
      missedRuns: health?.missed ?? 0,
      ...(health?.problem === undefined ? {} : { problem: health.problem }),
      ...member?.loop.character,
      ...(wire === undefined ? {} : { wire }),
    };
  }

  #lateMs(name: string): number {
    const ending = this.#ending.get(name);
    if (ending !== undefined) return Math.max(0, this.#means.clock() - ending.since);
    return this.#members.get(name)?.loop.health.lateMs ?? 0;
  }

  #note(happening: Happening): void {
    this.#writer.note(happening);
    this.live.publish('happening', happening);
  }

  #retain(): void {
    if (this.#stopping !== undefined) return;
    this.#departures.look();
    const { passingMs, failingMs, bytes } = this.#loaded.settings.state;
    const { store } = this.#means;
    const state = this.#writer.write(() => {
      store.retain({ passingMs, failingMs, bytes }, this.#now());
      return store.moreToRetain ? 'more' : 'done';
    }, 'done');
    const pause = state === 'more' ? RETENTION_PAUSE_MS : RETENTION_EVERY_MS;
    this.#retention = setTimeout(() => this.#retain(), pause);
  }

  #now(): string {
    return new Date(this.#means.clock()).toISOString();
  }
}

function wireOf(member: Member | undefined): WireStatus | undefined {
  return member?.companions.map((one) => one.wire).find((one) => one !== undefined);
}

/** Never rejects: who cannot end properly has ended all the same. */
async function stopped({ loop, companions }: Member): Promise<void> {
  await Promise.allSettled([loop.stop(), ...companions.map((one) => one.stop())]);
}
