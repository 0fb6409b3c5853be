import type { ListedMember } from './members.ts';
import type { PodProcess } from './pod-members.ts';
import type { ClusterSettings } from './settings.ts';

/** How many pods are ready. */
export interface ReadyPods {
  readonly readyTaskManagers: number;
  readonly readyJobManagers: number;
}

/** How many were there before something changed. */
export interface Counts extends ReadyPods {
  /** TaskManagers that REST listed. */
  readonly registered: number;
}

export interface Sight {
  /** Absent: REST is not asked. */
  readonly rest?: {
    readonly isReachable: boolean;
    readonly taskManagers: number;
    readonly listed: readonly ListedMember[];
  };
  /** Absent: pods are not watched, or what is known of them may be old. */
  readonly pods?: ReadyPods;
}

/** A TaskManager that has started, and the ids that were listed at its place before. */
interface Starting {
  readonly process: PodProcess;
  readonly before: readonly string[];
}

/** TaskManagers that are awaited by name; the others are by number. */
const STARTING_MOST = 10_000;

/**
 * Members on their way back. They are there when as many TaskManagers are registered as there were, or as the settings
 * say, as many pods are ready, and each TaskManager whose pod was seen to start has registered since: REST lists one that
 * died until its heartbeat is missed.
 */
export class Awaited {
  readonly #monotonic: () => number;
  readonly #verifyAfterMs: number;
  readonly #expected: number | undefined;
  #current: { readonly deadline: number; readonly counts: Counts } | undefined;
  #starting: readonly Starting[] = [];

  constructor(settings: Pick<ClusterSettings, 'restartWatch' | 'expectedTaskManagers'>, monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#verifyAfterMs = settings.restartWatch!.verifyAfterMs;
    this.#expected = settings.expectedTaskManagers;
  }

  get isAnybody(): boolean {
    return this.#current !== undefined;
  }

  /** The deadline is over: whoever is there is verified. */
  get isOverdue(): boolean {
    return this.#current !== undefined && this.#monotonic() >= this.#current.deadline;
  }

  /** `before`: who was there. The deadline is that of the first change. */
  changed(before: Counts): void {
    const known = this.#current?.counts;
    const most = (of: keyof Counts): number => Math.max(before[of], known?.[of] ?? 0);
    this.#current = {
      deadline: this.#current?.deadline ?? this.#monotonic() + this.#verifyAfterMs,
      counts: {
        registered: this.#expected ?? most('registered'),
        readyTaskManagers: this.#expected ?? most('readyTaskManagers'),
        readyJobManagers: most('readyJobManagers'),
      },
    };
  }

  /** A process has started that has to register. */
  came(process: PodProcess, listed: readonly ListedMember[]): void {
    if (process.role !== 'taskmanager') return;
    const before = listed.filter((one) => isAt(one, process)).map(({ id }) => id);
    const others = this.#starting.filter((one) => !one.process.places.some((place) => process.places.includes(place)));
    this.#starting = [...others, { process, before }].slice(-STARTING_MOST);
  }

  /** Whether all are back, or the deadline is over; then nobody is awaited any more. */
  isDone({ rest, pods }: Sight): boolean {
    if (this.#current === undefined) return false;
    const { counts } = this.#current;
    const isRegistered =
      rest === undefined ||
      (rest.isReachable &&
        rest.taskManagers >= counts.registered &&
        this.#starting.every((one) => hasRegistered(one, rest.listed)));
    const isReady =
      pods === undefined ||
      (pods.readyTaskManagers >= counts.readyTaskManagers && pods.readyJobManagers >= counts.readyJobManagers);
    if (!(isRegistered && isReady) && !this.isOverdue) return false;
    this.#current = undefined;
    this.#starting = [];
    return true;
  }
}

/** Under another id, or, where ids are configured, heard of since it started. */
function hasRegistered({ process, before }: Starting, listed: readonly ListedMember[]): boolean {
  return listed.some(
    (one) =>
      isAt(one, process) &&
      (!before.includes(one.id) || (process.startedAt !== undefined && one.heardAt > process.startedAt)),
  );
}

function isAt(one: ListedMember, { places }: PodProcess): boolean {
  return one.places.some((place) => places.includes(place));
}
