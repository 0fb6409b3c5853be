import type { Log } from '../log.ts';
import type { SecretSetting, Settings } from '../settings.ts';
import type { Message, NotificationFigures, Run, Store, Transition, WaiverStatus } from '../types.ts';
import { adoptions, remember } from './adoption.ts';
import { type Alert, runFailedAlert, wireFailedAlert } from './alert.ts';
import { ALERTS_MOST, chunked, decode, type Notification } from './message.ts';
import { NO_CLUSTER, note, noteWaivers, reconcile } from './notes.ts';
import { isDue, iso, Queue } from './queue.ts';
import { deliver, type SinkMeans } from './sink.ts';
import { dueChanges, isResendDue, type SinkState, sinkOf, sinksDown } from './sink-state.ts';
import { observe, QUIET_MS, tell } from './standing.ts';
import { isWanted, toldOf } from './telling.ts';

export interface NotifierMeans {
  readonly store: Pick<Store, 'findings' | 'memory' | 'outbox'>;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: () => number;
  /** Read when it is used, and never kept. Throws where it cannot be. */
  readonly readSecret: (secret: SecretSetting) => string;
  /** For sinks that want to know which waivers end. */
  readonly waivers?: () => readonly WaiverStatus[];
  /** `none`: whoever made it calls `tick`. */
  readonly timers?: 'own' | 'none';
}

const TICK_MS = 1000;
const WAIVERS_EVERY_MS = 60_000;
/** A disk may be full for days. */
const HELD_UP_EVERY_MS = 60_000;
/** What was delivered so late begins its repeat interval when it was delivered. */
const LATE_MS = 60_000;
/** A command that fails so often has something wrong with it. */
const COMMAND_ATTEMPTS = 10;
/** What is under way when the daemon ends may end by itself for so long. */
const STOP_GRACE_MS = 1000;

/**
 * Tells sinks what is open and what is resolved.
 *
 * It compares what the history holds with what each sink was told, and writes the difference to the outbox; what stands
 * there is delivered, in order by sink, until the sink takes it. A kill at any moment costs no notification and may
 * repeat one whose delivery was under way: at least once.
 *
 * No method throws.
 */
export class Notifier {
  readonly #means: NotifierMeans;
  readonly #queue: Queue;
  readonly #stop = new AbortController();
  #sinks: SinkState[] = [];
  #clusters: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  /** Settings that the store did not let come into force yet. */
  #wanted: Pick<Settings, 'notify' | 'clusters'> | undefined;
  #waiversAt = 0;
  #heldUpAt = 0;
  /** Something may be due: the outbox is looked at only then. */
  #lookAt = 0;
  #superseded = 0;

  constructor(means: NotifierMeans) {
    this.#means = means;
    this.#queue = new Queue(means.store.outbox);
  }

  /** Sinks and clusters that are there from now on. What is told of clusters that are gone is resolved. */
  apply(settings: Pick<Settings, 'notify' | 'clusters'>): void {
    this.#wanted = settings;
    this.#guarded(() => this.#apply());
    if (this.#means.timers !== 'none') this.#timer ??= setInterval(() => void this.tick(), TICK_MS).unref();
  }

  get figures(): NotificationFigures {
    const held = this.#sinks.reduce((sum, one) => sum + one.held, 0);
    const down = sinksDown(this.#sinks);
    return { superseded: this.#superseded, held, ...(down.length === 0 ? {} : { down }) };
  }

  /** A run was kept: what it left open, and what it resolved. */
  committed({ cluster, trigger, report }: Run, transitions: readonly Transition[]): void {
    if (this.#wanted !== undefined || !this.#clusters.has(cluster)) return;
    // What the wire shows, or a run that broke off, mends nothing of what keeps runs from being made.
    const isMade = trigger !== 'live' && report.complete;
    if (isMade) this.#over(cluster, 'run-failed');
    const now = this.#means.clock();
    for (const sink of this.#sinks) {
      for (const { kind, finding, at } of transitions) {
        note(sink, cluster, finding, kind === 'resolved' ? 'closed' : 'open', at, now);
      }
    }
  }

  /** A run could not be made. The next one that asks and is complete ends it. */
  runFailed(cluster: string, problem: string): void {
    this.#failed(cluster, (since) => runFailedAlert(cluster, problem, since));
  }

  /** A wire is not watched for a while; `problem` absent: it is again, or need not be. */
  wire(cluster: string, problem: string | undefined): void {
    if (problem === undefined) this.#over(cluster, 'wire-failed');
    else this.#failed(cluster, (since) => wireFailedAlert(cluster, problem, since));
  }

  #failed(cluster: string, make: (since: string) => Alert): void {
    const now = this.#means.clock();
    for (const { settings, book } of this.#sinks) {
      if (!settings.on.includes('run-failed') || !this.#clusters.has(cluster)) continue;
      const fresh = make(iso(now));
      const there = book.of(cluster).get(fresh.key);
      const alert = there?.is === 'open' ? make(there.alert.startsAt) : fresh;
      observe(book.standing(cluster, alert, now), 'open', alert, now);
    }
  }

  #over(cluster: string, key: 'run-failed' | 'wire-failed'): void {
    const now = this.#means.clock();
    for (const { book } of this.#sinks) {
      const one = book.of(cluster).get(key);
      if (one !== undefined) observe(one, 'closed', one.alert, now, 'resolved');
    }
  }

  /** Decides and delivers what is due. Resolves when all that is under way has ended. */
  async tick(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#guarded(() => {
      this.#apply();
      const now = this.#means.clock();
      this.#watchWaivers(now);
      for (const sink of this.#sinks) this.#decide(sink, now);
      this.#work(now);
    });
    await Promise.all(this.#sinks.map(({ working }) => working));
  }

  /** What is not delivered by then stays in the outbox for the next start. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const under = Promise.all(this.#sinks.map(({ working }) => working));
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_GRACE_MS);
    });
    await Promise.race([under, grace]);
    clearTimeout(timer);
    this.#stop.abort(new Error('the daemon stops'));
    await under;
  }

  #apply(): void {
    const settings = this.#wanted;
    if (settings === undefined) return;
    const now = this.#means.clock();
    const waiting = this.#queue.waiting();
    const before = new Map(this.#sinks.map((one) => [one.settings.name, one]));
    const names = new Set(settings.notify.map(({ name }) => name));
    const adopted = adoptions(settings.notify, [...before.keys()], this.#means.store.memory);
    const means = { queue: this.#queue, memory: this.#means.store.memory, waiting, now };
    const sinks = settings.notify.map((one) => {
      const name = adopted.get(one.name) ?? one.name;
      return sinkOf(one, name, before.get(name), means);
    });
    remember(settings.notify, this.#means.store.memory);
    for (const name of new Set([...waiting.keys(), ...before.keys()])) {
      const dropped = names.has(name) ? 0 : this.#queue.drop(name, 'all');
      if (dropped > 0) this.#means.log('warn', { sink: name, dropped }, 'notifications of a sink that is no more');
    }
    const clusters = new Set(settings.clusters.map(({ name }) => name));
    const known = new Set([...clusters, ...sinks.flatMap(({ book }) => [...book.clusters()].map(([name]) => name))]);
    for (const cluster of known) {
      if (cluster === NO_CLUSTER) continue;
      const open = clusters.has(cluster) ? this.#means.store.findings({ cluster, state: 'open' }) : [];
      for (const sink of sinks) reconcile(sink, cluster, open, clusters.has(cluster) ? 'there' : 'gone', now);
    }
    this.#sinks = sinks;
    this.#clusters = clusters;
    this.#wanted = undefined;
    this.#lookAt = 0;
  }

  #watchWaivers(now: number): void {
    const { waivers } = this.#means;
    if (waivers === undefined || Math.abs(now - this.#waiversAt) < WAIVERS_EVERY_MS) return;
    const asking = this.#sinks.filter(({ settings }) => settings.on.includes('waiver-ending'));
    if (asking.length === 0) return;
    this.#waiversAt = now;
    const ending = waivers().filter(({ state, matched }) => state !== 'active' && matched > 0);
    for (const { book } of asking) noteWaivers(book, ending, now);
  }

  /**
   * Outbox first, then the book: what was queued counts as told when the book is read again. What has no room in the
   * outbox is not told yet, and decided anew with the next tick.
   */
  #decide(sink: SinkState, now: number): void {
    const { settings, book } = sink;
    let held = 0;
    for (const [cluster, standings] of book.clusters()) {
      const due = dueChanges(sink, cluster, standings, now);
      const taken = due.slice(0, sink.backlog.room);
      held += due.length - taken.length;
      if (taken.length === 0) continue;
      const alerts = taken.flatMap(({ one, change }) =>
        isWanted(settings, one, change) ? [toldOf(one, change, now)] : [],
      );
      for (const some of chunked(alerts, ALERTS_MOST)) {
        sink.backlog.added(this.#queue.add(settings.name, { cluster, alerts: some }, now));
        this.#lookAt = 0;
      }
      for (const { one, change } of taken) tell(one, change, now);
      book.changed(cluster);
    }
    this.#hold(sink, held);
    book.save(now, Math.max(settings.repeatMs, QUIET_MS));
  }

  #hold(sink: SinkState, held: number): void {
    const at = { sink: sink.settings.name, waiting: sink.backlog.messages };
    if (held > 0 && sink.held === 0) {
      this.#means.log(
        'warn',
        { ...at, held },
        'the outbox is full for this sink: what changes is told when there is room',
      );
    }
    if (held === 0 && sink.held > 0) this.#means.log('info', at, 'the outbox has room for this sink again');
    sink.held = held;
  }

  #work(now: number): void {
    const resending = this.#sinks.filter((sink) => isResendDue(sink, now));
    if (resending.length === 0 && now < this.#lookAt) return;
    const listed = this.#queue.waiting();
    const waiting = this.#shorten(listed, now) ? this.#queue.waiting() : listed;
    this.#lookAt = Number.POSITIVE_INFINITY;
    for (const sink of this.#sinks) {
      if (sink.working !== undefined) {
        this.#lookAt = 0;
        continue;
      }
      const messages = waiting.get(sink.settings.name) ?? [];
      sink.backlog.set(messages);
      const [head] = messages;
      if (head !== undefined) this.#lookAt = Math.min(this.#lookAt, Date.parse(head.nextAttemptAt));
      const due = head !== undefined && isDue(head, now) ? messages : [];
      if (due.length === 0 && !resending.includes(sink)) continue;
      sink.working = this.#serve(sink, due, resending.includes(sink)).finally(() => {
        sink.working = undefined;
      });
    }
  }

  /** What is under way is not put together. Returns whether the outbox is another. */
  #shorten(waiting: ReadonlyMap<string, readonly Message[]>, now: number): boolean {
    let isOther = false;
    for (const { settings, working } of this.#sinks) {
      if (working !== undefined) continue;
      const superseded = this.#queue.shorten(settings.name, waiting.get(settings.name) ?? [], now);
      if (superseded === undefined) continue;
      isOther = true;
      this.#superseded += superseded;
      this.#means.log(
        'warn',
        { sink: settings.name, superseded },
        'of each finding the sink is told the last word alone',
      );
    }
    return isOther;
  }

  /** One after the other: what is sent again must not overtake what ends it. */
  async #serve(sink: SinkState, messages: readonly Message[], isResending: boolean): Promise<void> {
    try {
      if (isResending) await this.#resend(sink);
      await this.#drain(sink, messages);
    } catch (error) {
      // What cannot be written down now is delivered again.
      this.#means.log('error', { sink: sink.settings.name, err: error }, 'the outbox failed');
    }
  }

  async #resend(sink: SinkState): Promise<void> {
    const now = this.#means.clock();
    sink.resentAt = now;
    const open = [...sink.book.clusters()].flatMap(([cluster, standings]) =>
      [...standings.values()]
        .filter(({ told }) => told === 'open')
        .map((one) => ({ cluster, alert: toldOf(one, { kind: 'reminder', ripeAt: 0, group: 'waits' }, now) })),
    );
    for (const some of chunked(open, ALERTS_MOST)) {
      const outcome = await deliver(
        sink.settings,
        { cluster: NO_CLUSTER, alerts: some.map(({ alert }) => alert) },
        this.#sinkMeans(),
      );
      this.#heard(sink, outcome.kind === 'delivered' ? undefined : outcome.problem);
      if (outcome.kind !== 'delivered') return;
    }
  }

  async #drain(sink: SinkState, messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      if (this.#stop.signal.aborted) return;
      this.#lookAt = 0;
      const notification = decode(message.body);
      if (notification === undefined) {
        this.#means.log('error', { sink: message.sink, message: message.id }, 'a notification that nobody can read');
        this.#queue.delivered(message);
        continue;
      }
      const outcome = await deliver(sink.settings, notification, this.#sinkMeans());
      if (this.#stop.signal.aborted && outcome.kind !== 'delivered') return;
      const at = { sink: message.sink, cluster: notification.cluster, alerts: notification.alerts.length };
      if (outcome.kind === 'delivered') {
        this.#queue.delivered(message);
        sink.backlog.left(message);
        if (this.#means.clock() - Date.parse(message.createdAt) > LATE_MS) this.#toldLate(sink, notification);
        this.#heard(sink, undefined);
        this.#means.log('info', at, 'notified');
        continue;
      }
      const { problem } = outcome;
      const isHopeless = sink.settings.type === 'exec' && message.attempts + 1 >= COMMAND_ATTEMPTS;
      if (outcome.kind === 'refused' || isHopeless) {
        this.#setAside(sink, message, notification);
        this.#means.log('error', { ...at, problem }, 'a notification was refused and is not tried again');
        continue;
      }
      const { clock, random } = this.#means;
      const wait = this.#queue.failed(message, clock(), random, outcome.retryAfterMs);
      this.#heard(sink, problem);
      this.#means.log(
        'warn',
        { ...at, problem, attempts: message.attempts + 1, wait },
        'a notification is tried again',
      );
      return;
    }
  }

  /** Told again only under other settings. */
  #setAside({ book, backlog }: SinkState, message: Message, { cluster, alerts }: Notification): void {
    this.#queue.park(message);
    backlog.left(message);
    for (const { key } of alerts) {
      const one = book.of(cluster).get(key);
      if (one !== undefined) one.refused = 'refused';
    }
    book.changed(cluster);
  }

  /** Who hears of it only now is reminded a whole interval later. */
  #toldLate({ book }: SinkState, { cluster, alerts }: Notification): void {
    for (const { key } of alerts) {
      const one = book.of(cluster).get(key);
      if (one !== undefined) one.toldAt = this.#means.clock();
    }
    book.changed(cluster);
  }

  #heard(sink: SinkState, problem: string | undefined): void {
    const { down, settings } = sink;
    sink.down = problem === undefined ? undefined : { since: down?.since ?? this.#means.clock(), problem };
    if ((problem === undefined) === (down === undefined)) return;
    if (problem === undefined) this.#means.log('info', { sink: settings.name }, 'the sink listens again');
    else this.#means.log('warn', { sink: settings.name, problem }, 'the sink does not listen');
  }

  #sinkMeans(): SinkMeans {
    const { readSecret, clock } = this.#means;
    return { readSecret, clock, signal: this.#stop.signal };
  }

  /** The store may be full or locked: the next tick begins where this one ended. */
  #guarded(work: () => void): void {
    try {
      work();
      this.#heldUpAt = 0;
    } catch (error) {
      const now = this.#means.clock();
      if (Math.abs(now - this.#heldUpAt) < HELD_UP_EVERY_MS) return;
      this.#heldUpAt = now;
      this.#means.log('error', { err: error }, 'notifications are held up');
    }
  }
}
