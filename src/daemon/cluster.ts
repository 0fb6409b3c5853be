import type { Report } from '../model/report.ts';
import { cellsOf } from './cells.ts';
import type { RunIds } from './run-id.ts';
import { missedRuns, nextRunAt } from './schedule.ts';
import type { ClusterSettings } from './settings.ts';
import type { Slots } from './slots.ts';
import { summaryOf } from './store/runs.ts';

import type { ChannelCell, Publish, Run, Store, Transition, Trigger } from './types.ts';

/** What a run needs to know; the runner knows how. */
export interface RunRequest {
  readonly settings: ClusterSettings;
  readonly trigger: Trigger;
  /** The last good run: what this one is compared with. */
  readonly baseline?: Run;
  readonly signal: AbortSignal;
}

/** Asks a cluster and judges it. Rejects where nothing could be asked at all: settings that cannot be used. */
export type Runner = (request: RunRequest) => Promise<Report>;

/** What a cluster's loop works with. Tests give their own clock and timers. */
export interface ClusterMeans {
  readonly run: Runner;
  readonly store: Store;
  readonly ids: RunIds;
  readonly slots: Slots;
  readonly publish: Publish;
  /** Told of every stored run; must not throw. */
  readonly committed: (run: Run, transitions: readonly Transition[]) => void;
  readonly log: (level: 'info' | 'warn' | 'error', fields: object, text: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: () => number;
}

export interface ClusterHealth {
  readonly state: 'idle' | 'waiting' | 'running';
  readonly dueAt: number | undefined;
  readonly missed: number;
  /** Why the last run could not be made or kept; absent after one that was. */
  readonly problem?: string;
}

/** Timers are set anew so often, so that a clock that was set, or a machine that slept, is noticed. */
const LONGEST_SLEEP_MS = 30_000;

interface Current {
  readonly id: string;
  readonly trigger: Trigger;
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
  #due: number | undefined;
  #current: Current | undefined;
  #working: Promise<void> = Promise.resolve();
  #missed = 0;
  #problem: string | undefined;
  #cells: readonly ChannelCell[];

  constructor(settings: ClusterSettings, means: ClusterMeans) {
    this.settings = settings;
    this.#means = means;
    const last = means.store.last(settings.name);
    this.#cells = last === undefined ? [] : cellsOf(settings.name, last.report, settings.failOn);
  }

  get cells(): readonly ChannelCell[] {
    return this.#cells;
  }

  get health(): ClusterHealth {
    return {
      state: this.#current?.state ?? 'idle',
      dueAt: this.#due,
      missed: this.#missed,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** Begins with a first run (`start`), then as the schedule has it. */
  start(): void {
    this.trigger('start');
    this.#plan(undefined);
  }

  /** Starts a run, or joins the one that goes on. */
  trigger(trigger: Trigger): { readonly id: string } {
    const current = this.#current;
    if (current !== undefined) {
      // What goes on may have asked the process before it came back.
      if (current.state === 'running' && (trigger === 'restart' || trigger === 'rotation')) current.again = trigger;
      return { id: current.id };
    }
    const next: Current = {
      id: this.#means.ids.next(this.#means.clock()),
      trigger,
      state: 'waiting',
      again: undefined,
    };
    this.#current = next;
    this.#working = this.#make(next);
    return { id: next.id };
  }

  /** Ends what goes on; resolves when it has ended and is kept. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error('the daemon stops'));
    await this.#working;
  }

  #plan(last: number | undefined): void {
    const { clock, random } = this.#means;
    this.#due = nextRunAt(this.settings.schedule, last, clock(), random);
    this.#sleep();
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    if (this.#due === undefined || this.#stop.signal.aborted) return;
    const wait = Math.min(Math.max(this.#due - this.#means.clock(), 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => this.#wake(), wait);
  }

  #wake(): void {
    const now = this.#means.clock();
    const due = this.#due;
    if (due === undefined) return;
    if (due > now) {
      // A clock that was set back would make the next run wait for hours.
      const longest =
        this.settings.schedule.kind === 'every'
          ? this.settings.schedule.everyMs + this.settings.schedule.jitterMs
          : undefined;
      if (longest !== undefined && due - now > longest) this.#plan(now);
      else this.#sleep();
      return;
    }
    this.#missed += missedRuns(this.settings.schedule, due, now);
    this.trigger('schedule');
    const late = now - due;
    const { schedule } = this.settings;
    this.#plan(schedule.kind === 'every' && late < schedule.everyMs ? due : now);
  }

  async #make(current: Current): Promise<void> {
    const { slots, log } = this.#means;
    const { name, parallel } = this.settings;
    const { signal } = this.#stop;
    let release: (() => void) | undefined;
    try {
      release = await slots.take(this.settings.active === 'on' ? parallel : 1, signal);
      current.state = 'running';
      await this.#run(current, signal);
      this.#problem = undefined;
    } catch (error) {
      if (!signal.aborted) {
        this.#problem = (error as Error).message;
        log('error', { cluster: name, trigger: current.trigger, err: error }, 'the run failed');
      }
    } finally {
      release?.();
      this.#current = undefined;
    }
    if (current.again !== undefined && !signal.aborted) this.trigger(current.again);
  }

  async #run({ id, trigger }: Current, signal: AbortSignal): Promise<void> {
    const { run, store, publish, committed, log } = this.#means;
    const { name, failOn, resolveAfter } = this.settings;
    publish('run-started', { id, cluster: name, trigger });
    const baseline = store.lastGood(name);
    const report = await run({
      settings: this.settings,
      trigger,
      ...(baseline === undefined ? {} : { baseline }),
      signal,
    });
    const made: Run = { id, cluster: name, trigger, report };
    const transitions = store.commit(made, { resolveAfter });
    this.#cells = cellsOf(name, report, failOn);
    const summary = summaryOf(made);
    log('info', { cluster: name, run: id, trigger, verdict: report.verdict }, 'run finished');
    for (const cell of this.#cells) publish('channel', cell);
    for (const transition of transitions) if (transition.kind !== 'still') publish('finding', transition);
    publish('run-finished', summary);
    committed(made, transitions);
  }
}
