import type { Live, LiveData, LiveEvent, LiveEventName } from './live-events.ts';

/** Events that are kept for readers that come back. */
const RING_EVENTS = 4096;

/** The ring of live events; knows nothing of sockets. */
export class EventRing implements Live {
  readonly #clock: () => number;
  readonly #capacity: number;
  readonly #events: LiveEvent[] = [];
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #newest = 0;

  constructor(clock: () => number, capacity: number = RING_EVENTS) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  get newest(): number {
    return this.#newest;
  }

  /** Number of the oldest event that is still there; one behind the newest where there is none. */
  get oldest(): number {
    return this.#newest - this.#events.length + 1;
  }

  publish<Name extends LiveEventName>(event: Name, data: LiveData[Name]): void {
    this.#newest += 1;
    const one: LiveEvent = { seq: this.#newest, at: new Date(this.#clock()).toISOString(), event, data };
    this.#events.push(one);
    if (this.#events.length > this.#capacity) this.#events.shift();
    for (const listener of [...this.#listeners]) listener(one);
  }

  since(seq: number): readonly LiveEvent[] | undefined {
    // A number that was never given is of an earlier life of the daemon: that reader has to begin anew.
    if (seq > this.#newest || seq < this.oldest - 1) return undefined;
    return this.#events.slice(seq - this.oldest + 1);
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
