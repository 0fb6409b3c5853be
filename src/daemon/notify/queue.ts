import type { Message, Outbox } from '../types.ts';
import { BACKLOG_MOST } from './backlog.ts';
import { collapsed, decode, encode, type Notification, WAITING_MOST } from './message.ts';

/** What nobody will take stands at the end of time: it is seen, and not tried again. */
const PARKED_AT = '9999-12-31T00:00:00.000Z';
const BEFORE_PARKED = '9999-12-30T00:00:00.000Z';
const PARKED_MOST = 100;
/** Messages that are looked at at once, over all sinks: more than all of them may have together. */
const LISTED_MOST = 100_000;
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_MOST_MS = 5 * 60_000;

/** The outbox of the store, in order by sink. Every method may throw StoreFailure. */
export class Queue {
  readonly #outbox: Outbox;
  /** Lengths from which on it is worth putting messages together. */
  readonly #collapseAt = new Map<string, number>();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Returns what was written. */
  add(sink: string, notification: Notification, now: number): Pick<Message, 'body'> {
    const body = encode(notification);
    this.#outbox.add(sink, body, iso(now));
    return { body };
  }

  /** What waits, oldest first, by sink. */
  waiting(): ReadonlyMap<string, readonly Message[]> {
    const bySink = new Map<string, Message[]>();
    for (const message of this.#outbox.due(BEFORE_PARKED, LISTED_MOST)) {
      const own = bySink.get(message.sink) ?? [];
      bySink.set(message.sink, own);
      own.push(message);
    }
    return bySink;
  }

  /**
   * Puts together what waits too long for a sink that does not listen; returns how many alerts a later one of the same
   * finding took the place of. Undefined: all is left as it is. The new ones stand before the old ones go.
   */
  shorten(sink: string, messages: readonly Message[], now: number): number | undefined {
    if (messages.length <= Math.min(this.#collapseAt.get(sink) ?? WAITING_MOST, BACKLOG_MOST - 1)) return undefined;
    const fewer = collapsed(messages);
    this.#collapseAt.set(sink, Math.max(WAITING_MOST, 2 * fewer.length));
    if (fewer.length >= messages.length) return undefined;
    for (const notification of fewer) this.add(sink, notification, now);
    for (const { id } of messages) this.#outbox.delivered(id);
    return alertsOf(messages.map(({ body }) => decode(body))) - alertsOf(fewer);
  }

  delivered({ id }: Message): void {
    this.#outbox.delivered(id);
  }

  /** Returns after how long it is tried again: twice as long each time, and never all sinks at the same moment. */
  failed({ id, attempts }: Message, now: number, random: () => number, atLeastMs = 0): number {
    const longest = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 30), BACKOFF_MOST_MS);
    const wait = Math.max(Math.round(longest * (0.5 + random() / 2)), atLeastMs);
    this.#outbox.failed(id, iso(now + wait));
    return wait;
  }

  park({ id }: Message): void {
    this.#outbox.failed(id, PARKED_AT);
    const parked = this.#parked();
    for (const one of parked.slice(0, Math.max(0, parked.length - PARKED_MOST))) this.#outbox.delivered(one.id);
  }

  /** What waits for one sink waits for another. */
  rename(from: string, to: string): void {
    this.#outbox.rename(from, to);
  }

  /** Drops all that stands there for a sink; returns how much that was. */
  drop(sink: string, which: 'parked' | 'all'): number {
    const messages = [...this.#parked(), ...(which === 'all' ? (this.waiting().get(sink) ?? []) : [])];
    const own = messages.filter((one) => one.sink === sink);
    for (const { id } of own) this.#outbox.delivered(id);
    return own.length;
  }

  #parked(): readonly Message[] {
    return this.#outbox.due(PARKED_AT, LISTED_MOST).filter(({ nextAttemptAt }) => nextAttemptAt === PARKED_AT);
  }
}

function alertsOf(notifications: readonly (Notification | undefined)[]): number {
  return notifications.reduce((sum, one) => sum + (one?.alerts.length ?? 0), 0);
}

/** A clock that was set back does not make a sink wait for hours. */
export function isDue({ nextAttemptAt }: Message, now: number): boolean {
  const wait = Date.parse(nextAttemptAt) - now;
  return wait <= 0 || wait > 2 * 3_600_000;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
