import type { Report } from '../model/report.ts';
import { BrokenRun } from './broken-run.ts';
import { cellsOf, changedCells, worstOf } from './cells.ts';
import { comparable } from './comparable.ts';
import type { RunAnswer } from './control.ts';
import type { Publish } from './live-events.ts';
import type { Log } from './log.ts';
import type { RunIds } from './run-id.ts';
import { RunLimit } from './run-limit.ts';
import { nextRun, type Planned, wake } from './schedule.ts';
import type { ClusterSettings } from './settings.ts';
import type { Slots } from './slots.ts';
import { summaryOf } from './store/runs.ts';
import type { StoreWriter } from './store-writer.ts';
import type { ChannelCell, ClusterStatus, Run, Store, StoresRead, Transition, Trigger } from './types.ts';

/** What a run needs to know; the runner knows how. */
export interface RunRequest {
  /** `parallel` is how many connections this run was given. */
  readonly settings: ClusterSettings;
  readonly trigger: Trigger;
  /** The last good run: what this one is compared with. */
  readonly baseline?: Run;
  readonly signal: AbortSignal;
  /** Told of the key stores that the run read. */
  readonly storesRead?: (read: StoresRead) => void;
}

/**
 * Asks a cluster and judges it; where the signal is aborted, soon, with what was seen until then. Rejects where nothing
 * could be asked at all: settings that cannot be used.
 */
export type Runner = (request: RunRequest) => Promise<Report>;

/** What a cluster's loop works with. */
export interface ClusterMeans {
  readonly run: Runner;
  readonly store: Store;
  readonly writer: StoreWriter;
  readonly ids: RunIds;
  /** Connections. */
  readonly slots: Slots;
  /** Analyses of captures. */
  readonly readers: Slots;
  readonly publish: Publish;
  /** Told of every stored run; must not throw. */
  readonly committed: (run: Run, transitions: readonly Transition[]) => void;
  /** Told of every run that could not be made; must not throw. */
  readonly failed: (problem: string) => void;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: () => number;
}

export interface ClusterHealth {
  readonly state: 'idle' | 'waiting' | 'running';
  readonly dueAt: number | undefined;
  /** By how much the run that is due, or waits for connections, is late. */
  readonly lateMs: number;
  readonly missed: number;
  /** Why the last run could not be made, or only in part; absent after one that was. */
  readonly problem?: string;
}

/** Timers are set anew so often, so that a clock that was set, or a machine that slept, is noticed. */
const LONGEST_SLEEP_MS = 30_000;

interface Current {
  readonly id: string;
  readonly trigger: Trigger;
  readonly since: number;
  state: 'waiting' | 'running';
  /** Asked for while this one runs: what it saw may be older than the reason. */
  again: Trigger | undefined;
}

/**
 * One cluster: makes its runs when they are due or asked for, never two at once, and keeps them.
 *
 * A run that fails costs that run only; the schedule goes on.
 */
export class ClusterLoop {
  readonly settings: ClusterSettings;
  readonly #means: ClusterMeans;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** When the first run is made, while it is still ahead. */
  #firstAt: number | undefined;
  #planned: Planned | undefined;
  #current: Current | undefined;
  #working: Promise<void> = Promise.resolve();
  #missed = 0;
  #problem: string | undefined;
  #cells: readonly ChannelCell[];
  /** What runs that ask saw, and what the live wire shows: neither sees all that the other does. */
  #askedCells: readonly ChannelCell[] = [];
  #liveCells: readonly ChannelCell[] = [];

  constructor(settings: ClusterSettings, means: ClusterMeans) {
    this.settings = settings;
    this.#means = means;
    const last = this.#remembered('last');
    this.#cells = last === undefined ? [] : cellsOf(settings.name, last.report, settings.failOn);
    if (last?.trigger === 'live') this.#liveCells = this.#cells;
    else this.#askedCells = this.#cells;
  }

  get cells(): readonly ChannelCell[] {
    return this.#cells;
  }

  /** What its settings mean for whoever looks at it. */
  get character(): Pick<ClusterStatus, 'failOn' | 'asks'> {
    return { failOn: this.settings.failOn, ...(asksNobody(this.settings) ? { asks: 'nobody' } : {}) };
  }

  get health(): ClusterHealth {
    const now = this.#means.clock();
    const waiting = this.#current?.state === 'waiting' ? now - this.#current.since : 0;
    const due = this.#planned === undefined ? 0 : now - this.#planned.dueAt;
    return {
      state: this.#current?.state ?? 'idle',
      dueAt: this.#planned?.dueAt ?? this.#firstAt,
      lateMs: Math.max(0, waiting, due),
      missed: this.#missed,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** Begins with a first run (`start`), so many milliseconds from now, then as the schedule has it. */
  start(afterMs = 0): void {
    if (asksNobody(this.settings)) return;
    if (afterMs === 0) this.#begin();
    else {
      this.#firstAt = this.#means.clock() + afterMs;
      this.#timer = setTimeout(() => this.#begin(), afterMs);
    }
  }

  #begin(): void {
    const { clock, random } = this.#means;
    this.#firstAt = undefined;
    this.trigger('start');
    this.#planned = nextRun(this.settings.schedule, undefined, clock(), random);
    this.#sleep();
  }

  /** As {@link trigger}, for somebody who asked. */
  runNow(trigger: Trigger): RunAnswer | undefined {
    const { capture } = this.settings;
    if (capture === undefined || !asksNobody(this.settings)) return this.trigger(trigger);
    const problem = `nobody is asked for this cluster: its wire is judged every ${capture.everyMs / 1000} s and where clear text is new`;
    return { refused: 'wire-only', problem };
  }

  /** Starts a run, or joins the one that goes on. Undefined: this loop has ended, or there is nobody to ask. */
  trigger(trigger: Trigger): { readonly id: string } | undefined {
    if (this.#stop.signal.aborted || asksNobody(this.settings)) return undefined;
    const current = this.#current;
    if (current !== undefined) {
      // What goes on may have asked the process before it came back.
      if (current.state === 'running' && isNews(trigger)) current.again = trigger;
      return { id: current.id };
    }
    const now = this.#means.clock();
    const next: Current = { id: this.#means.ids.next(now), trigger, since: now, state: 'waiting', again: undefined };
    this.#current = next;
    this.#working = this.#make(next);
    return { id: next.id };
  }

  /** Ends what goes on; resolves when it has ended and is handed over to be kept. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error('the daemon stops'));
    await this.#working;
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    if (this.#planned === undefined || this.#stop.signal.aborted) return;
    const wait = Math.min(Math.max(this.#planned.dueAt - this.#means.clock(), 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => this.#wake(), wait);
  }

  #wake(): void {
    if (this.#planned === undefined) return;
    const { clock, random } = this.#means;
    const { isDue, missed, next } = wake(this.settings.schedule, this.#planned, clock(), random);
    this.#planned = next;
    this.#missed += missed;
    if (isDue) {
      // A run that takes longer than the interval costs the one that was due meanwhile.
      if (this.#current?.trigger === 'schedule' || this.#current?.trigger === 'start') this.#missed += 1;
      this.trigger('schedule');
    }
    this.#sleep();
  }

  async #make(current: Current): Promise<void> {
    const { slots, readers, log, failed } = this.#means;
    const { name, parallel, active, captures } = this.settings;
    const run = new RunLimit(this.#stop.signal, this.settings.runTimeoutMs);
    let release: (() => void) | undefined;
    try {
      const stop = this.#stop.signal;
      // Captures are read instead of asking anybody.
      const held = await (captures.length > 0
        ? readers.take(1, stop)
        : slots.take(active === 'on' ? parallel : 1, stop));
      release = held.release;
      current.state = 'running';
      run.begin();
      await this.#run(current, held.count, run.signal);
      this.#problem = run.exceeded;
      if (run.exceeded !== undefined) log('warn', { cluster: name, run: current.id }, run.exceeded);
    } catch (error) {
      if (error instanceof BrokenRun) {
        this.#keep({ id: current.id, cluster: name, trigger: current.trigger, report: error.report });
      }
      if (!this.#stop.signal.aborted) {
        this.#problem = run.exceeded ?? (error as Error).message;
        log('error', { cluster: name, trigger: current.trigger, err: error }, 'the run failed');
        failed(this.#problem);
      }
    } finally {
      run.end();
      release?.();
      this.#current = undefined;
    }
    if (current.again !== undefined) this.trigger(current.again);
  }

  async #run({ id, trigger }: Current, parallel: number, signal: AbortSignal): Promise<void> {
    const { run, publish } = this.#means;
    const { name } = this.settings;
    publish('run-started', { id, cluster: name, trigger });
    const baseline = this.#baseline();
    const read: StoresRead[] = [];
    const report = await run({
      settings: { ...this.settings, parallel: Math.min(parallel, this.settings.parallel) },
      trigger,
      ...(baseline === undefined ? {} : { baseline }),
      signal,
      storesRead: (stores) => void read.push(stores),
    });
    const [stores] = read;
    this.#keep({ id, cluster: name, trigger, report, ...(stores === undefined ? {} : { stores }) });
  }

  /** Keeps what the live wire saw: a run that nobody made, beside those that ask. */
  keepLive(report: Report): void {
    const { ids, clock } = this.#means;
    this.#keep({ id: ids.next(clock()), cluster: this.settings.name, trigger: 'live', report });
  }

  #keep(made: Run): void {
    const { writer, publish, committed, log } = this.#means;
    const { name, failOn, resolveAfter, expectedTaskManagers } = this.settings;
    const { id, trigger, report } = made;
    const before = this.#cells;
    const seen = cellsOf(name, report, failOn);
    if (trigger === 'live') this.#liveCells = seen;
    else this.#askedCells = seen;
    this.#cells = worstOf(this.#askedCells, this.#liveCells);
    log('info', { cluster: name, run: id, trigger, verdict: report.verdict }, 'run finished');
    for (const cell of changedCells(before, this.#cells)) publish('channel', cell);
    const settings = { resolveAfter, ...(expectedTaskManagers === undefined ? {} : { expectedTaskManagers }) };
    writer.commit(made, settings, ({ transitions, happenings }) => {
      for (const happening of happenings) publish('happening', happening);
      for (const transition of transitions) if (transition.kind !== 'still') publish('finding', transition);
      publish('run-finished', summaryOf(made));
      committed(made, transitions);
    });
  }

  /** What the next run is compared with. */
  #baseline(): Run | undefined {
    const { store, log, clock } = this.#means;
    const { name, expectedTaskManagers: expected } = this.settings;
    const good = this.#remembered('lastGood');
    if (good === undefined) return undefined;
    try {
      // What misses an endpoint fails nothing: it is of the least severity.
      const told = store.findings({ cluster: name, state: 'all', severity: ['info'] });
      return comparable(good, told, { expected, now: clock() });
    } catch (error) {
      log(
        'error',
        { cluster: name, err: error },
        'earlier findings cannot be read: comparing with all of the last good run',
      );
      return good;
    }
  }

  /** A run of the history; without it where it cannot be read: that must not keep new ones from being made. */
  #remembered(which: 'last' | 'lastGood'): Run | undefined {
    const { store, log } = this.#means;
    try {
      return store[which](this.settings.name);
    } catch (error) {
      log('error', { cluster: this.settings.name, err: error }, 'an earlier run cannot be read: going on without it');
      return undefined;
    }
  }
}

/** Only its wire tells of it: runs have nothing to ask and nothing to read. The wire has its configurations, too. */
function asksNobody({ active, captures, capture, logs, keystores }: ClusterSettings): boolean {
  return active === 'off' && capture !== undefined && [captures, logs, keystores].every(({ length }) => length === 0);
}

/** Something happened to the cluster: a run that began before it does not tell of it. */
function isNews(trigger: Trigger): boolean {
  return trigger === 'restart' || trigger === 'rotation';
}
