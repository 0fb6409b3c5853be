import { normaliseAddress } from './address.ts';
import type { Address } from './wire.ts';

/** How gently connections are opened. All numbers are at least 1. */
export interface DialLimits {
  /** Connections open at the same time to one address, over all its ports; to one port there is never more than one. */
  readonly perHost: number;
  /** Connections open at the same time. */
  readonly open: number;
  /** Connections opened a second, evenly spaced; absent: as fast as the others allow. */
  readonly perSecond?: number;
  /** Connections opened in all; every further one ends with the fault `connection-limit`. */
  readonly total?: number;
}

export const DEFAULT_DIAL_LIMITS: DialLimits = { perHost: 4, open: 64 };

/** Leave to open one connection; `release` gives it back, once. */
export interface Permit {
  release(): void;
}

interface Waiter {
  readonly host: string;
  readonly port: string;
  grant(permit: Permit | undefined): void;
}

/**
 * Says who may open a connection, and when.
 *
 * The queue is fair: who came first goes first, but for those whose own port or host is busy; they are passed over
 * without losing their place.
 */
export class ConnectionLimiter {
  readonly #limits: DialLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #ports = new Set<string>();
  readonly #hosts = new Map<string, number>();
  #waiting: Waiter[] = [];
  #open = 0;
  #granted = 0;
  /** Earliest time (of `performance.now`) at which the rate lets the next one go. */
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: DialLimits, signal?: AbortSignal) {
    for (const [name, value] of Object.entries(limits)) {
      if (!(value > 0)) throw new RangeError(`limit ${name} is ${value}: not above 0`);
    }
    this.#limits = limits;
    this.#signal = signal;
    signal?.addEventListener('abort', () => this.#refuseAll(), { once: true });
  }

  /** Connections granted so far. */
  get granted(): number {
    return this.#granted;
  }

  /** Waits for leave. `undefined`: the total is used up, or the signal was given. */
  acquire(remote: Address): Promise<Permit | undefined> {
    if (this.#isSpent()) return Promise.resolve(undefined);
    const host = normaliseAddress(remote.host);
    return new Promise((grant) => {
      this.#waiting.push({ host, port: `${host} ${remote.port}`, grant });
      this.#advance();
    });
  }

  #isSpent(): boolean {
    return this.#signal?.aborted === true || this.#granted >= (this.#limits.total ?? Number.POSITIVE_INFINITY);
  }

  #refuseAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.grant(undefined);
  }

  #advance(): void {
    while (this.#open < this.#limits.open && this.#waiting.length > 0) {
      if (this.#isSpent()) {
        this.#refuseAll();
        return;
      }
      const at = this.#waiting.findIndex((waiter) => this.#isFree(waiter));
      if (at < 0) return;
      const wait = this.#nextAt - performance.now();
      if (wait > 0) {
        this.#advanceIn(wait);
        return;
      }
      this.#grant(this.#waiting.splice(at, 1)[0]!);
    }
  }

  #isFree(waiter: Waiter): boolean {
    return !this.#ports.has(waiter.port) && (this.#hosts.get(waiter.host) ?? 0) < this.#limits.perHost;
  }

  #advanceIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#advance();
    }, Math.ceil(milliseconds));
  }

  #grant({ host, port, grant }: Waiter): void {
    this.#open++;
    this.#granted++;
    this.#ports.add(port);
    this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1);
    const { perSecond } = this.#limits;
    if (perSecond !== undefined) this.#nextAt = Math.max(this.#nextAt, performance.now()) + 1000 / perSecond;
    let held: 'held' | 'released' = 'held';
    const release = (): void => {
      if (held === 'released') return;
      held = 'released';
      this.#release(host, port);
    };
    grant({ release });
  }

  #release(host: string, port: string): void {
    this.#open--;
    this.#ports.delete(port);
    const left = this.#hosts.get(host)! - 1;
    if (left > 0) this.#hosts.set(host, left);
    else this.#hosts.delete(host);
    this.#advance();
  }
}
