import { isIP } from 'node:net';
import { parseRpcAddress } from '../flink/rpc-address.ts';
import type { ConfigurationEntry, TaskManagerAnswer } from '../net/flink-rest-types.ts';
import type { HappeningKind } from './types.ts';

export interface MemberChange {
  readonly kind: Extract<HappeningKind, 'restart' | 'member-gone' | 'member-back'>;
  readonly member: string;
  /** Names, addresses and ids by which another watch may know it. */
  readonly places: readonly string[];
  /** One sentence. */
  readonly text: string;
}

/** The JobManager that answers REST, whoever it is. */
export const LEADER = 'jobmanager';
/** What is told of it. */
const OF_LEADER = { member: LEADER, places: [LEADER] } as const;

export interface ListedMember {
  readonly id: string;
  readonly places: readonly string[];
  /** Milliseconds since the epoch, by the JobManager's clock. */
  readonly heardAt: number;
}

/** The UUID of the web directory, chosen anew at each start of a JobManager (`ClusterEntrypoint`). */
export function jobManagerPlace(configuration: readonly ConfigurationEntry[]): string | undefined {
  const directory = configuration.find(({ key }) => key === 'web.tmpdir')?.value ?? '';
  return /flink-web-([0-9a-f-]{36})\/?$/.exec(directory.trim())?.[1];
}

/** What is said of a TaskManager that has come. */
const BACK = {
  again: 'is registered again',
  restarted: 'was restarted and is registered',
  new: 'has registered',
} as const;
/** Names of members that are gone, ids of one name, and JobManagers that have answered: the oldest are forgotten first. */
const GONE_MOST = 10_000;
const GONE_OF_ONE_MOST = 100;
const JOB_MANAGERS_MOST = 100;
/** Who comes later at the place of one that is gone is no successor of it. */
const GONE_MS = 24 * 3_600_000;

interface Gone {
  readonly id: string;
  readonly at: number;
}

/**
 * Who is there, by what REST lists; tells what changed from one look to the next. The first look changes nothing, unless
 * nobody answered before it.
 */
export class Members {
  readonly #monotonic: () => number;
  #taskManagers: ReadonlyMap<string, string> | undefined;
  /** TaskManagers that are gone and have not come back, by name, which those of one machine share; the last gone last. */
  readonly #gone = new Map<string, readonly Gone[]>();
  /** All that have answered, the longest unheard first: standby ones answer too, where they are behind one address. */
  readonly #jobManagers = new Set<string>();
  #listed: readonly ListedMember[] = [];
  /** When one that came while another of its name was listed was heard of first, by the JobManager's clock; by id. */
  readonly #beside = new Map<string, number>();
  #isReachable = true;

  /** `monotonic`: milliseconds by a clock that nobody sets. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  get taskManagers(): number {
    return this.#taskManagers?.size ?? 0;
  }

  /** Ids and places of those that are listed, and when they were heard of last. */
  get listed(): readonly ListedMember[] {
    return this.#listed;
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  seen(listed: readonly TaskManagerAnswer[], jobManager: string | undefined): readonly MemberChange[] {
    const wasReachable = this.#isReachable;
    this.#isReachable = true;
    const before = this.#taskManagers;
    const heard = new Map(this.#listed.map((one) => [one.id, one.heardAt]));
    const now = new Map(listed.map((one) => [one.id, nameOf(one)]));
    for (const id of this.#beside.keys()) if (!now.has(id)) this.#beside.delete(id);
    this.#listed = listed.map((one) => ({
      id: one.id,
      places: placesOf(one.id, nameOf(one)),
      heardAt: one.lastHeartbeatAt,
    }));
    const isNew = jobManager !== undefined && this.#isNewJobManager(jobManager);
    const ofJobManager: readonly MemberChange[] = isNew
      ? [{ kind: 'restart', ...OF_LEADER, text: 'the JobManager was restarted' }]
      : wasReachable
        ? []
        : [{ kind: 'member-back', ...OF_LEADER, text: before === undefined ? 'REST answers' : 'REST answers again' }];
    // A JobManager that comes back knows no TaskManager until they register: who is missing then is not gone yet.
    if (isNew && now.size < (before?.size ?? 0)) {
      for (const [id, name] of before ?? []) if (!now.has(id)) this.#leave(id, name);
      this.#taskManagers = now;
      return ofJobManager;
    }
    this.#taskManagers = now;
    return before === undefined ? ofJobManager : [...ofJobManager, ...this.#compared(before, now, heard)];
  }

  unreachable(why: string): readonly MemberChange[] {
    if (!this.#isReachable) return [];
    this.#isReachable = false;
    // Who was never there is not gone; it is verified when it comes.
    if (this.#taskManagers === undefined) return [];
    return [{ kind: 'member-gone', ...OF_LEADER, text: `REST does not answer: ${why}` }];
  }

  #compared(
    before: ReadonlyMap<string, string>,
    now: ReadonlyMap<string, string>,
    heard: ReadonlyMap<string, number>,
  ): readonly MemberChange[] {
    const went = [...before].filter(([id]) => !now.has(id));
    const came = [...now].filter(([id]) => !before.has(id));
    const ended = went.filter(([id, name]) => this.#isSucceeded(name, heard.get(id)));
    const left = went.filter((one) => !ended.includes(one));
    for (const [id, name] of left) this.#leave(id, name);
    this.#noteBeside(came, now);
    const back = came.map(([id, name]): MemberChange => {
      const as = this.#comeBack(id, name);
      const kind = as === 'restarted' ? 'restart' : 'member-back';
      return { kind, member: name, places: placesOf(id, name), text: `${name} ${BACK[as]}` };
    });
    const away = left.filter(([id, name]) => this.#gone.get(name)?.some((one) => one.id === id));
    return [
      ...ended.map(([id, name]): MemberChange => {
        const text = `${name} was restarted: its former process is no longer registered`;
        return { kind: 'restart', member: name, places: placesOf(id, name), text };
      }),
      ...away.map(([id, name]): MemberChange => {
        const text = `${name} is no longer registered`;
        return { kind: 'member-gone', member: name, places: placesOf(id, name), text };
      }),
      ...back,
    ];
  }

  /** A process that was killed stays listed until it has been silent for `heartbeat.timeout`: its successor comes before. */
  #noteBeside(came: readonly (readonly [string, string])[], now: ReadonlyMap<string, string>): void {
    for (const [id, name] of came) {
      const isBeside = [...now].some(([other, named]) => other !== id && named === name);
      const one = this.#listed.find((listed) => listed.id === id);
      if (isBeside && one !== undefined) this.#beside.set(id, one.heardAt);
    }
  }

  /** Whether another of that name has come since it was last heard of; each succeeds one. */
  #isSucceeded(name: string, heardAt: number | undefined): boolean {
    if (heardAt === undefined) return false;
    const successor = this.#listed.find(
      ({ id, places }) => places.includes(name) && heardAt < (this.#beside.get(id) ?? 0),
    );
    return successor !== undefined && this.#beside.delete(successor.id);
  }

  /** One that answered before was not restarted: JobManagers behind one address answer in turn. */
  #isNewJobManager(place: string): boolean {
    const isFirst = this.#jobManagers.size === 0;
    const isKnown = this.#jobManagers.delete(place);
    this.#jobManagers.add(place);
    for (const one of this.#jobManagers) {
      if (this.#jobManagers.size <= JOB_MANAGERS_MOST) break;
      this.#jobManagers.delete(one);
    }
    return !isFirst && !isKnown;
  }

  #leave(id: string, name: string): void {
    const now = this.#monotonic();
    const own = [...this.#goneOf(name), { id, at: now }].slice(-GONE_OF_ONE_MOST);
    this.#gone.delete(name);
    this.#gone.set(name, own);
    for (const [one, gone] of this.#gone) {
      if (this.#gone.size <= GONE_MOST && isRecent(gone.at(-1)!, now)) break;
      this.#gone.delete(one);
    }
  }

  #goneOf(name: string): readonly Gone[] {
    const now = this.#monotonic();
    return (this.#gone.get(name) ?? []).filter((one) => isRecent(one, now));
  }

  /** The same id is the same process; another id on the place of one that is gone is its successor. */
  #comeBack(id: string, name: string): keyof typeof BACK {
    const gone = this.#goneOf(name);
    const same = gone.findIndex((one) => one.id === id);
    const rest = gone.filter((_, index) => index !== Math.max(same, 0));
    if (rest.length === 0) this.#gone.delete(name);
    else this.#gone.set(name, rest);
    if (same >= 0) return 'again';
    return gone.length > 0 ? 'restarted' : 'new';
  }
}

function isRecent({ at }: Gone, now: number): boolean {
  return now - at <= GONE_MS;
}

/** Host of its RPC address, which it keeps over restarts where it is a name; else its id. */
function nameOf({ id, path }: TaskManagerAnswer): string {
  return parseRpcAddress(path)?.host ?? id;
}

/** Its id is the name of its pod where Flink starts pods itself; in a StatefulSet its host begins with it. */
function placesOf(id: string, name: string): readonly string[] {
  const first = isIP(name) === 0 ? [name.split('.')[0]!] : [];
  return [...new Set([name, id, ...first])];
}
