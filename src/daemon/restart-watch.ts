import type { RestReader } from '../net/flink-rest-types.ts';
import type { Pod, PodSource } from '../net/kubernetes-types.ts';
import { Awaited, type ReadyPods } from './awaited.ts';
import type { Companion, CompanionMeans } from './companion.ts';
import { jobManagerPlace, type MemberChange, Members } from './members.ts';
import { type FeedPauses, PodFeed } from './pod-feed.ts';
import { type PodChange, PodMembers, roleOf } from './pod-members.ts';
import { startTimer, type Timer } from './timer.ts';
import { type Teller, ToldOnce } from './told-once.ts';

/** REST as the watch needs it. */
export type WatchedRest = Pick<RestReader, 'taskManagers' | 'jobManagerConfig'> & { close(): Promise<void> };

export interface RestartWatchMeans extends CompanionMeans {
  /** Anew for each look: what it is spoken to with may have been renewed. Absent: REST is not asked. */
  readonly openRest?: () => WatchedRest | Promise<WatchedRest>;
  /** Absent: the cluster is not on Kubernetes, or its pods are not watched. */
  readonly pods?: PodSource;
  readonly podPauses?: FeedPauses;
}

/** Looks follow each other so quickly while members are awaited. */
const AWAITING_MS = 2000;
/** Changes that are noted in a minute; each is written to the history. */
const NOTED_MOST = 2000;
const NOTED_MS = 60_000;
/** How long something takes has nothing to do with what clocks are set to. */
const monotonic = (): number => performance.now();
/** After pods have changed: often several do at once. */
const SOON_MS = 250;

/**
 * Asks REST, cheaply and again and again, who is there, and watches the pods; sees members go and come back, waits until
 * as many are registered as there were, and has them verified.
 *
 * Two GETs a look. A REST that does not answer is a JobManager that is gone, told once. What REST and the pods both tell
 * is told once.
 */
export class RestartWatch implements Companion {
  readonly #means: RestartWatchMeans;
  readonly #members = new Members(monotonic);
  readonly #pods: PodMembers;
  readonly #feed: PodFeed | undefined;
  readonly #told: ToldOnce;
  readonly #awaited: Awaited;
  #podsAre: 'following' | 'lost' = 'lost';
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #look: 'none' | 'soon' | 'going' | 'again' = 'none';
  #noted = { since: monotonic(), count: 0 };
  #isStopped = false;

  constructor(means: RestartWatchMeans) {
    this.#means = means;
    this.#told = new ToldOnce(monotonic);
    this.#pods = new PodMembers(monotonic);
    this.#awaited = new Awaited(means.settings, monotonic);
    this.#feed = means.pods === undefined ? undefined : this.#follow(means.pods);
    this.#next(means.afterMs ?? 0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.stop();
    await Promise.all([this.#looking, this.#feed?.stop()]);
  }

  #next(afterMs: number): void {
    this.#timer?.stop();
    if (this.#isStopped) return;
    this.#timer = startTimer(afterMs, () => {
      this.#look = 'going';
      this.#looking = this.#lookNow()
        .catch((error: unknown) => this.#warn('members are not known', error))
        .then(() => {
          const isAgain = this.#look === 'again';
          this.#look = isAgain ? 'soon' : 'none';
          this.#next(isAgain ? SOON_MS : this.#pause());
        });
    });
  }

  /** A look that goes on may have begun before what is to be seen. */
  #lookSoon(): void {
    if (this.#look === 'going') this.#look = 'again';
    if (this.#look !== 'none') return;
    // One that is on its way is not put off: changes may come without end.
    this.#look = 'soon';
    this.#next(SOON_MS);
  }

  #pause(): number {
    const { everyMs } = this.#means.settings.restartWatch!;
    return this.#awaited.isAnybody ? Math.min(everyMs, AWAITING_MS) : everyMs;
  }

  async #lookNow(): Promise<void> {
    if (this.#means.openRest !== undefined) {
      const before = this.#members.taskManagers;
      const changes = await this.#ask(this.#means.openRest);
      if (this.#isStopped) return;
      for (const change of changes) this.#tell('rest', change);
      if (changes.length > 0) this.#awaited.changed({ registered: before, ...this.#ready() });
    }
    // Of a look that is made again only the later tells: it began after the pods had changed.
    if (this.#look !== 'again' || this.#awaited.isOverdue) this.#verifyWhenThere();
  }

  async #ask(open: NonNullable<RestartWatchMeans['openRest']>): Promise<readonly MemberChange[]> {
    let rest: WatchedRest | undefined;
    try {
      rest = await open();
      const [taskManagers, configuration] = [await rest.taskManagers(), await rest.jobManagerConfig()];
      return this.#members.seen(taskManagers, jobManagerPlace(configuration));
    } catch (error) {
      if (this.#isStopped) return [];
      if (this.#members.isReachable) this.#warn('REST does not answer', error);
      return this.#members.unreachable((error as Error).message);
    } finally {
      await rest?.close();
    }
  }

  #follow(source: PodSource): PodFeed {
    const { log, settings, podPauses } = this.#means;
    let wasLost = false;
    return new PodFeed(
      source,
      {
        listed: (pods) => {
          if (!pods.some(roleOf)) this.#warnOfNone(pods);
          this.#podsChanged(() => this.#pods.listed(pods));
        },
        changed: ({ kind, pod }) =>
          this.#podsChanged(() => (kind === 'deleted' ? this.#pods.deleted(pod) : this.#pods.applied(pod))),
        state: (state, problem) => {
          this.#podsAre = state;
          if (state === 'lost') log('warn', { cluster: settings.name, problem }, 'pods cannot be watched');
          else if (wasLost) log('info', { cluster: settings.name }, 'pods are watched again');
          wasLost = state === 'lost';
        },
      },
      podPauses,
    );
  }

  /** A selector that picks none of Flink is a slip, or Flink is not there yet. */
  #warnOfNone({ length }: readonly Pod[]): void {
    const problem = length === 0 ? 'no pod is selected' : `${length} pods are selected, none has the label component`;
    this.#means.log('warn', { cluster: this.#means.settings.name, problem }, 'no pod of Flink is seen');
  }

  #podsChanged(take: () => readonly PodChange[]): void {
    if (this.#isStopped) return;
    const before = this.#ready();
    // Who is awaited because REST has told it needs no second waiting.
    const news = take().filter((change) => this.#tell('pods', change) === 'news');
    for (const { came } of news) {
      if (came !== undefined && this.#means.openRest !== undefined) this.#awaited.came(came, this.#members.listed);
    }
    if (news.length > 0) this.#awaited.changed({ registered: this.#members.taskManagers, ...before });
    if (this.#awaited.isAnybody) this.#lookSoon();
  }

  #ready(): ReadyPods {
    return {
      readyTaskManagers: this.#pods.ready('taskmanager'),
      readyJobManagers: this.#pods.ready('jobmanager'),
    };
  }

  #warn(text: string, error: unknown): void {
    this.#means.log('warn', { cluster: this.#means.settings.name, problem: (error as Error).message }, text);
  }

  #tell(by: Teller, change: MemberChange): 'news' | 'known' {
    if (!this.#told.isNews(by, change)) return 'known';
    if (!this.#mayNote()) return 'news';
    const { settings, note, clock } = this.#means;
    const { kind, member, text } = change;
    note({ cluster: settings.name, kind, at: new Date(clock()).toISOString(), member, text });
    return 'news';
  }

  /** A server that tells changes without end costs its own history only. */
  #mayNote(): boolean {
    const { settings, log } = this.#means;
    const now = monotonic();
    if (now - this.#noted.since >= NOTED_MS) this.#noted = { since: now, count: 0 };
    this.#noted.count += 1;
    if (this.#noted.count === NOTED_MOST + 1) {
      log('warn', { cluster: settings.name }, `more than ${NOTED_MOST} changes of members in a minute: not noted`);
    }
    return this.#noted.count <= NOTED_MOST;
  }

  #verifyWhenThere(): void {
    const { openRest, trigger } = this.#means;
    const isDone = this.#awaited.isDone({
      ...(openRest === undefined ? {} : { rest: this.#members }),
      ...(this.#podsAre === 'lost' ? {} : { pods: this.#ready() }),
    });
    if (isDone) trigger('restart');
  }
}
