import type { RestReader } from '../net/flink-rest-types.ts';
import type { Companion, CompanionMeans } from './companion.ts';
import { jobManagerPlace, type MemberChange, Members } from './members.ts';

/** REST as the watch needs it. */
export type WatchedRest = Pick<RestReader, 'taskManagers' | 'jobManagerConfig'> & { close(): Promise<void> };

export interface RestartWatchMeans extends CompanionMeans {
  /** Anew for each look: what it is spoken to with may have been renewed. */
  readonly openRest: () => WatchedRest | Promise<WatchedRest>;
}

/** Looks follow each other so quickly while members are awaited. */
const AWAITING_MS = 2000;

/** Members are on their way back; verified when all are there, at the latest at `deadline`. */
interface Awaiting {
  readonly deadline: number;
  /** TaskManagers that were registered before. */
  readonly expected: number;
}

/**
 * Asks REST, cheaply and again and again, who is there; sees members go and come back, waits until as many are
 * registered as there were, and has them verified.
 *
 * Two GETs a look. A REST that does not answer is a JobManager that is gone, told once.
 */
export class RestartWatch implements Companion {
  readonly #means: RestartWatchMeans;
  readonly #members = new Members();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #awaiting: Awaiting | undefined;
  #isStopped = false;

  constructor(means: RestartWatchMeans) {
    this.#means = means;
    this.#next(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #next(afterMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#warn('members are not known', error))
        .then(() => this.#next(this.#pause()));
    }, afterMs);
  }

  #pause(): number {
    const { everyMs } = this.#means.settings.restartWatch!;
    return this.#awaiting === undefined ? everyMs : Math.min(everyMs, AWAITING_MS);
  }

  async #look(): Promise<void> {
    const before = this.#members.taskManagers;
    const changes = await this.#ask();
    if (this.#isStopped) return;
    for (const change of changes) this.#tell(change);
    if (changes.length > 0) this.#await(before);
    this.#verifyWhenThere();
  }

  async #ask(): Promise<readonly MemberChange[]> {
    let rest: WatchedRest | undefined;
    try {
      rest = await this.#means.openRest();
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

  #warn(text: string, error: unknown): void {
    this.#means.log('warn', { cluster: this.#means.settings.name, problem: (error as Error).message }, text);
  }

  #tell({ kind, member, text }: MemberChange): void {
    const { settings, note, clock } = this.#means;
    note({ cluster: settings.name, kind, at: new Date(clock()).toISOString(), member, text });
  }

  #await(before: number): void {
    const { settings, clock } = this.#means;
    const deadline = clock() + settings.restartWatch!.verifyAfterMs;
    const expected = settings.expectedTaskManagers ?? Math.max(before, this.#awaiting?.expected ?? 0);
    this.#awaiting = { deadline: this.#awaiting?.deadline ?? deadline, expected };
  }

  #verifyWhenThere(): void {
    const awaiting = this.#awaiting;
    if (awaiting === undefined) return;
    const isWhole = this.#members.isReachable && this.#members.taskManagers >= awaiting.expected;
    if (!isWhole && this.#means.clock() < awaiting.deadline) return;
    this.#awaiting = undefined;
    this.#means.trigger('restart');
  }
}
