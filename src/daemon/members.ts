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
/** Ids that are remembered of one name. */
const GONE_MOST = 100;

/** Who is there, by what REST lists; tells what changed from one look to the next. The first look changes nothing. */
export class Members {
  #taskManagers: ReadonlyMap<string, string> | undefined;
  /** TaskManagers that are gone and have not come back: ids by name. Those of one machine share a name. */
  readonly #gone = new Map<string, string[]>();
  #jobManager: string | undefined;
  #listed: readonly ListedMember[] = [];
  #isReachable = true;

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
    const now = new Map(listed.map((one) => [one.id, nameOf(one)]));
    this.#listed = listed.map((one) => ({
      id: one.id,
      places: placesOf(one.id, nameOf(one)),
      heardAt: one.lastHeartbeatAt,
    }));
    const known = this.#jobManager;
    this.#jobManager = jobManager ?? known;
    const isNew = known !== undefined && jobManager !== undefined && jobManager !== known;
    const ofJobManager: readonly MemberChange[] = isNew
      ? [{ kind: 'restart', ...OF_LEADER, text: 'the JobManager was restarted' }]
      : wasReachable
        ? []
        : [{ kind: 'member-back', ...OF_LEADER, text: 'REST answers again' }];
    // A JobManager that comes back knows no TaskManager until they register: who is missing then is not gone yet.
    if (isNew && now.size < (before?.size ?? 0)) {
      for (const [id, name] of before ?? []) if (!now.has(id)) this.#leave(id, name);
      this.#taskManagers = now;
      return ofJobManager;
    }
    this.#taskManagers = now;
    return before === undefined ? ofJobManager : [...ofJobManager, ...this.#compared(before, now)];
  }

  unreachable(why: string): readonly MemberChange[] {
    if (!this.#isReachable || this.#taskManagers === undefined) return [];
    this.#isReachable = false;
    return [{ kind: 'member-gone', ...OF_LEADER, text: `REST does not answer: ${why}` }];
  }

  #compared(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly MemberChange[] {
    const left = [...before].filter(([id]) => !now.has(id));
    const came = [...now].filter(([id]) => !before.has(id));
    for (const [id, name] of left) this.#leave(id, name);
    const back = came.map(([id, name]): MemberChange => {
      const as = this.#comeBack(id, name);
      const kind = as === 'restarted' ? 'restart' : 'member-back';
      return { kind, member: name, places: placesOf(id, name), text: `${name} ${BACK[as]}` };
    });
    const away = left.filter(([id, name]) => this.#gone.get(name)?.includes(id));
    return [
      ...away.map(([id, name]): MemberChange => {
        const text = `${name} is no longer registered`;
        return { kind: 'member-gone', member: name, places: placesOf(id, name), text };
      }),
      ...back,
    ];
  }

  #leave(id: string, name: string): void {
    this.#gone.set(name, [...(this.#gone.get(name) ?? []), id].slice(-GONE_MOST));
  }

  /** The same id is the same process; another id on the place of one that is gone is its successor. */
  #comeBack(id: string, name: string): keyof typeof BACK {
    const gone = this.#gone.get(name) ?? [];
    const same = gone.indexOf(id);
    const rest = gone.filter((_, index) => index !== Math.max(same, 0));
    if (rest.length === 0) this.#gone.delete(name);
    else this.#gone.set(name, rest);
    if (same >= 0) return 'again';
    return gone.length > 0 ? 'restarted' : 'new';
  }
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
