import { isDeepStrictEqual } from 'node:util';
import { covers, stateOf, waiversFor } from '../evaluate/waivers.ts';
import type { Waiver } from '../model/waiver.ts';
import type { StoreWriter } from './store-writer.ts';
import type { FindingRecord, Happening, Store } from './types.ts';

export interface WaiverWatchMeans {
  readonly store: Pick<Store, 'findings' | 'memory'>;
  readonly writer: Pick<StoreWriter, 'read' | 'write'>;
  /** Those of the settings that are in force. */
  readonly waivers: () => readonly Waiver[];
  /** Names of the clusters that are watched. */
  readonly clusters: () => readonly string[];
  readonly note: (happening: Happening) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Waivers end at midnight in UTC. */
const LOOK_EVERY_MS = 60_000;
const MEMORY_KEY = 'waivers that held';

type Held = Pick<Waiver, 'id' | 'scope' | 'owner' | 'until'>;

/**
 * Notes waivers that ended while something that they covered stands: their last day passed, somebody took them out of
 * the file, or they cover less than before. What held is kept in the store, so that an end while the daemon was down is
 * noted at its start; a kill between the note and that memory notes it twice.
 */
export class WaiverWatch {
  readonly #means: WaiverWatchMeans;
  #timer: NodeJS.Timeout | undefined;
  /** Undefined: not read yet, or it could not be. */
  #held: readonly Held[] | undefined;

  constructor(means: WaiverWatchMeans) {
    this.#means = means;
  }

  start(): void {
    this.look();
    this.#timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Also to be called when settings came into force. Does not throw. */
  look(): void {
    const { store, writer, waivers, clock } = this.#means;
    const now = clock();
    const given = waivers();
    const holding = given.filter((one) => stateOf(one, now) !== 'expired');
    this.#held ??= writer.read('ended waivers', () => heldOf(store.memory.recall(MEMORY_KEY)), undefined);
    if (this.#held === undefined) return;
    const ended = this.#held.filter((one) => !holding.some((other) => isSame(one, other)));
    if (ended.length > 0) {
      const open = writer.read('ended waivers', () => store.findings({ state: 'open' }), undefined);
      if (open === undefined) return;
      for (const one of ended) this.#tell(one, endOf(one, given, holding), uncovered(open, holding));
    }
    const next = holding.map(({ id, scope, owner, until }) => ({ id, scope, owner, until }));
    if (isDeepStrictEqual(next, this.#held)) return;
    this.#held = next;
    writer.write(() => store.memory.remember(MEMORY_KEY, JSON.stringify(next)), undefined);
  }

  #tell(waiver: Held, end: string, open: readonly FindingRecord[]): void {
    const { clusters, note, clock } = this.#means;
    for (const cluster of clusters()) {
      if (waiversFor(cluster, [waiver]).length === 0) continue;
      const stand = open.filter((one) => one.cluster === cluster && covers(waiver, one.finding)).length;
      if (stand === 0) continue;
      const what = stand === 1 ? '1 finding that it covered counts' : `${stand} findings that it covered count`;
      const text = `the waiver ${waiver.id} of ${waiver.owner} ${end}: ${what} again`;
      note({ cluster, kind: 'waiver-ended', at: new Date(clock()).toISOString(), text });
    }
  }
}

function isSame(one: Held, other: Waiver): boolean {
  return one.id === other.id && isDeepStrictEqual(one.scope, other.scope);
}

function endOf({ id, until }: Held, given: readonly Waiver[], holding: readonly Waiver[]): string {
  if (holding.some((one) => one.id === id)) return 'covers less than before';
  const there = given.find((one) => one.id === id);
  return there === undefined ? `(until ${until}) was taken out of the waivers` : `ended on ${there.until}`;
}

/** Findings that no waiver covers now. */
function uncovered(open: readonly FindingRecord[], holding: readonly Waiver[]): readonly FindingRecord[] {
  return open.filter(({ cluster, finding }) => !waiversFor(cluster, holding).some((one) => covers(one, finding)));
}

/** What an earlier version kept otherwise is nothing. */
function heldOf(text: string | undefined): readonly Held[] {
  if (text === undefined) return [];
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found.filter(isHeld) : [];
  } catch {
    return [];
  }
}

function isHeld(one: unknown): one is Held {
  const { id, scope, owner, until } = (one ?? {}) as Readonly<Record<string, unknown>>;
  const isText = [id, owner, until].every((field) => typeof field === 'string');
  return isText && typeof scope === 'object' && scope !== null;
}
