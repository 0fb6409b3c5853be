import { parseRpcAddress } from '../flink/rpc-address.ts';
import type { ConfigurationEntry, TaskManagerAnswer } from '../net/flink-rest-types.ts';
import type { HappeningKind } from './types.ts';

export interface MemberChange {
  readonly kind: Extract<HappeningKind, 'restart' | 'member-gone' | 'member-back'>;
  readonly member: string;
  /** One sentence. */
  readonly text: string;
}

/** The UUID of the web directory, chosen anew at each start of a JobManager (`ClusterEntrypoint`). */
export function jobManagerPlace(configuration: readonly ConfigurationEntry[]): string | undefined {
  const directory = configuration.find(({ key }) => key === 'web.tmpdir')?.value ?? '';
  return /flink-web-([0-9a-f-]{36})\/?$/.exec(directory.trim())?.[1];
}

/** Who is there, by what REST lists; tells what changed from one look to the next. The first look changes nothing. */
export class Members {
  #taskManagers: ReadonlyMap<string, string> | undefined;
  /** Names of TaskManagers that are gone and have not come back. */
  readonly #gone = new Set<string>();
  #jobManager: string | undefined;
  #isReachable = true;

  get taskManagers(): number {
    return this.#taskManagers?.size ?? 0;
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  seen(listed: readonly TaskManagerAnswer[], jobManager: string | undefined): readonly MemberChange[] {
    const wasReachable = this.#isReachable;
    this.#isReachable = true;
    const before = this.#taskManagers;
    const now = new Map(listed.map((one) => [one.id, nameOf(one)]));
    const known = this.#jobManager;
    this.#jobManager = jobManager ?? known;
    const isNew = known !== undefined && jobManager !== undefined && jobManager !== known;
    const ofJobManager: readonly MemberChange[] = isNew
      ? [{ kind: 'restart', member: 'jobmanager', text: 'the JobManager was restarted' }]
      : wasReachable
        ? []
        : [{ kind: 'member-back', member: 'jobmanager', text: 'REST answers again' }];
    // A JobManager that comes back knows no TaskManager until they register: who is missing then is not gone yet.
    if (isNew && now.size < (before?.size ?? 0)) {
      for (const [id, name] of before ?? []) if (!now.has(id)) this.#gone.add(name);
      this.#taskManagers = now;
      return ofJobManager;
    }
    this.#taskManagers = now;
    return before === undefined ? ofJobManager : [...ofJobManager, ...this.#compared(before, now)];
  }

  unreachable(why: string): readonly MemberChange[] {
    if (!this.#isReachable || this.#taskManagers === undefined) return [];
    this.#isReachable = false;
    return [{ kind: 'member-gone', member: 'jobmanager', text: `REST does not answer: ${why}` }];
  }

  #compared(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly MemberChange[] {
    const left = [...before].filter(([id]) => !now.has(id)).map(([, name]) => name);
    const came = [...now].filter(([id]) => !before.has(id)).map(([, name]) => name);
    const changes: MemberChange[] = [];
    for (const name of left) {
      if (came.includes(name)) continue;
      this.#gone.add(name);
      changes.push({ kind: 'member-gone', member: name, text: `${name} is no longer registered` });
    }
    for (const name of came) {
      const wasThere = left.includes(name) || this.#gone.delete(name);
      const text = wasThere ? `${name} was restarted and is registered` : `${name} has registered`;
      changes.push({ kind: wasThere ? 'restart' : 'member-back', member: name, text });
    }
    return changes;
  }
}

/** Host of its RPC address, which it keeps over restarts where it is a name; else its id. */
function nameOf({ id, path }: TaskManagerAnswer): string {
  return parseRpcAddress(path)?.host ?? id;
}
