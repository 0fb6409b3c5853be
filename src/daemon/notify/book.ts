import type { Memory, Message } from '../types.ts';
import type { Alert } from './alert.ts';
import { decode } from './message.ts';
import { newStanding, type Standing } from './standing.ts';

/** What is kept of a standing: what the sink was told. What is so is asked of the history again. */
type Kept = Pick<Standing, 'alert' | 'told'> &
  Partial<Pick<Standing, 'toldAt' | 'openToldAt' | 'resolvedToldAt' | 'worst' | 'refused'>>;

/** Standings of one sink, by cluster and key, kept in the store's memory so that a restart tells nothing twice. */
export class Book {
  #sink: string;
  readonly #memory: Memory;
  readonly #clusters = new Map<string, Map<string, Standing>>();
  readonly #unsaved = new Set<string>();

  constructor(sink: string, memory: Memory) {
    this.#sink = sink;
    this.#memory = memory;
  }

  /**
   * Reads what the sink was told. What waits in the outbox counts as told, whether or not that was still written down.
   *
   * @throws StoreFailure
   */
  load(waiting: readonly Message[], now: number): void {
    for (const cluster of this.#known()) {
      for (const kept of parsed<readonly Kept[]>(this.#memory.recall(this.#key(cluster))) ?? []) {
        const one = Object.assign(newStanding(kept.alert, now), kept);
        one.is = one.told === 'open' ? 'open' : 'closed';
        one.isSince = one.openToldAt ?? now;
        this.of(cluster).set(kept.alert.key, one);
      }
    }
    for (const { body, createdAt } of waiting) this.#queued(body, Date.parse(createdAt));
  }

  #queued(body: string, at: number): void {
    const { cluster, alerts } = decode(body) ?? { cluster: '', alerts: [] };
    for (const { status, reason: _, endsAt: __, before: ___, tried: ____, ...alert } of alerts) {
      const one = this.standing(cluster, alert, at);
      if ((one.toldAt ?? 0) >= at) continue;
      one.toldAt = at;
      one.alert = alert;
      if (status === 'firing') {
        Object.assign(one, { told: 'open', is: 'open', isSince: at, openToldAt: at, worst: alert.severity });
      } else {
        Object.assign(one, { told: 'resolved', is: 'closed', isSince: at, resolvedToldAt: at });
      }
      this.#unsaved.add(cluster);
    }
  }

  /** Whether something is written down under its name. @throws StoreFailure */
  get isKnown(): boolean {
    return this.#known().length > 0;
  }

  /** The same book, of a sink that has another name now. @throws StoreFailure */
  rename(sink: string, now: number, keepMs: number): void {
    if (this.#sink === sink) return;
    const before = this.#index();
    this.#sink = sink;
    for (const cluster of this.#clusters.keys()) this.#unsaved.add(cluster);
    this.save(now, keepMs);
    this.#memory.remember(before, '[]');
  }

  clusters(): IterableIterator<[string, Map<string, Standing>]> {
    return this.#clusters.entries();
  }

  of(cluster: string): Map<string, Standing> {
    const there = this.#clusters.get(cluster);
    if (there !== undefined) return there;
    const made = new Map<string, Standing>();
    this.#clusters.set(cluster, made);
    return made;
  }

  standing(cluster: string, alert: Alert, now: number): Standing {
    const standings = this.of(cluster);
    const there = standings.get(alert.key);
    if (there !== undefined) return there;
    const made = newStanding(alert, now);
    standings.set(alert.key, made);
    return made;
  }

  changed(cluster: string): void {
    this.#unsaved.add(cluster);
  }

  /** Writes what changed; what was resolved longer ago than `keepMs` is forgotten. Throws StoreFailure. */
  save(now: number, keepMs: number): void {
    for (const cluster of this.#unsaved) {
      const standings = this.of(cluster);
      for (const [key, one] of standings) if (isForgotten(one, now, keepMs)) standings.delete(key);
      const kept = [...standings.values()].filter(({ told }) => told !== 'never').map(keptOf);
      this.#know(cluster);
      this.#memory.remember(this.#key(cluster), JSON.stringify(kept));
      this.#unsaved.delete(cluster);
    }
  }

  #key(cluster: string): string {
    return `notify told ${JSON.stringify([this.#sink, cluster])}`;
  }

  #known(): readonly string[] {
    return parsed<readonly string[]>(this.#memory.recall(this.#index())) ?? [];
  }

  #know(cluster: string): void {
    const known = this.#known();
    if (!known.includes(cluster)) this.#memory.remember(this.#index(), JSON.stringify([...known, cluster]));
  }

  #index(): string {
    return `notify clusters ${JSON.stringify(this.#sink)}`;
  }
}

function isForgotten({ told, is, pendingSince, resolvedToldAt }: Standing, now: number, keepMs: number): boolean {
  if (is === 'open' || pendingSince !== undefined || told === 'open') return false;
  return told === 'never' || now - (resolvedToldAt ?? 0) > keepMs;
}

function keptOf({ alert, told, toldAt, openToldAt, resolvedToldAt, worst, refused }: Standing): Kept {
  return {
    alert,
    told,
    ...(toldAt === undefined ? {} : { toldAt }),
    ...(openToldAt === undefined ? {} : { openToldAt }),
    ...(resolvedToldAt === undefined ? {} : { resolvedToldAt }),
    ...(worst === undefined ? {} : { worst }),
    ...(refused === undefined ? {} : { refused }),
  };
}

/** Undefined: nothing was written, or what nobody can read. */
export function parsed<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
