import { type KeptConnection, kindOf, MAX_KEPT_WEIGHT, weightOf } from './kept.ts';
import type { Keeper } from './passive.ts';
import type { ConnectionRecord } from './record.ts';

export interface LiveMemoryOptions {
  /** Milliseconds for which a connection is told of which nothing is heard any more. */
  readonly rememberMs: number;
  /** Milliseconds by a clock that nobody sets; of arrival, since captures may be read late and packets bear any time. */
  readonly clock: () => number;
  /** Weight of all that is kept; `MAX_KEPT_WEIGHT` where absent. */
  readonly maxKept?: number;
}

/** Seconds of packet time for which one client may do both at one server before the later is all that counts. */
const SUPERSEDED_AFTER_SECONDS = 10;

interface Remembered {
  record: ConnectionRecord;
  repeats: number;
  seenAt: number;
}

/**
 * Keeps, of a wire that never ends, the newest connection of each kind: what was asked of which server by which client
 * host and how it went. What was not seen for a while is forgotten, what was not seen for longest first.
 */
export class LiveMemory implements Keeper {
  readonly #options: LiveMemoryOptions;
  readonly #limit: number;
  /** The one seen last at the end. */
  readonly #known = new Map<string, Remembered>();
  #weight = 0;
  /** Connections that were forgotten for want of room. */
  folded = 0;

  constructor(options: LiveMemoryOptions) {
    this.#options = options;
    this.#limit = options.maxKept ?? MAX_KEPT_WEIGHT;
  }

  get now(): number {
    return this.#options.clock();
  }

  /** Whether what was heard last at that time is still told. */
  holds(heardAt: number): boolean {
    return heardAt >= this.now - this.#options.rememberMs;
  }

  add(record: ConnectionRecord): void {
    const key = keyOf(record);
    const before = this.#known.get(key);
    if (before !== undefined) this.#forget(key, before);
    this.#known.set(key, {
      record,
      repeats: before === undefined ? 0 : before.repeats + 1,
      seenAt: this.now,
    });
    this.#weight += weightOf(record);
    while (this.#weight > this.#limit && this.#known.size > 1) {
      const [oldest, entry] = this.#known.entries().next().value!;
      this.folded += entry.repeats + 1;
      this.#forget(oldest, entry);
    }
  }

  list(): KeptConnection[] {
    return this.snapshot([]);
  }

  /** What is remembered, and those that are open, as one list in the order of first packets. */
  snapshot(open: readonly ConnectionRecord[]): KeptConnection[] {
    for (const [key, entry] of this.#known) {
      // In the order of last sight.
      if (this.holds(entry.seenAt)) break;
      this.#forget(key, entry);
    }
    const all = new Map<string, KeptConnection>();
    for (const [key, { record, repeats }] of this.#known) all.set(key, { record, repeats });
    for (const record of open) {
      const key = keyOf(record);
      const before = all.get(key);
      all.set(key, { record, repeats: before === undefined ? 0 : before.repeats + 1 });
    }
    return [...notSuperseded([...all.values()])].sort((a, b) => a.record.first.frame - b.record.first.frame);
  }

  #forget(key: string, { record }: Remembered): void {
    this.#known.delete(key);
    this.#weight -= weightOf(record);
  }
}

function keyOf(record: ConnectionRecord): string {
  return `${record.hosts[0]} ${kindOf(record)}`;
}

/**
 * Without what a client did before it, or the server, was set up anew: of the connections between a client host and a
 * listening port, those of one speech that ended before one of another speech began, which has gone on well beyond it.
 */
function notSuperseded(kept: readonly KeptConnection[]): KeptConnection[] {
  const newest = new Map<string, { readonly speech: string; readonly began: number; readonly until: number }>();
  for (const { record } of kept) {
    const speech = speechOf(record);
    if (speech === undefined) continue;
    const pair = pairOf(record);
    const known = newest.get(pair);
    const until = Math.max(record.last.seconds, known?.speech === speech ? known.until : 0);
    if (known === undefined || record.first.seconds > known.began)
      newest.set(pair, { speech, began: record.first.seconds, until });
    else if (known.speech === speech) newest.set(pair, { ...known, until: Math.max(known.until, until) });
  }
  return kept.filter(({ record }) => {
    const last = newest.get(pairOf(record));
    if (last === undefined || last.speech === speechOf(record)) return true;
    return record.last.seconds >= last.began || record.last.seconds + SUPERSEDED_AFTER_SECONDS >= last.until;
  });
}

function pairOf({ hosts, ports }: ConnectionRecord): string {
  return `${hosts[0]} ${hosts[1]} ${ports[1]}`;
}

/** Attempts without a byte prove no change of mind. */
function speechOf({ speech }: ConnectionRecord): 'tls' | 'clear' | undefined {
  if (speech.kind === 'tls') return speech.reading.outcome === 'established' ? 'tls' : undefined;
  return speech.kind === 'clear' ? 'clear' : undefined;
}
