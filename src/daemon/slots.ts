export interface Held {
  /** How many were given: never more than there are. */
  readonly count: number;
  /** Gives them back; a second call does nothing. */
  readonly release: () => void;
}

interface Waiter {
  readonly asked: number;
  readonly take: (count: number) => void;
}

/**
 * A number of things that may be in use at once, handed out in the order in which they were asked for: who asks for
 * many is not overtaken for ever by those who ask for few.
 */
export class Slots {
  #total: number;
  #used = 0;
  readonly #queue: Waiter[] = [];

  constructor(total: number) {
    this.#total = total;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Another number from now on. Where fewer are left than are in use, nobody is given any until enough came back. */
  resize(total: number): void {
    this.#total = total;
    this.#serve();
  }

  /**
   * Resolves when so many are free; asking for more than there are is asking for all. Rejects with the signal's reason
   * where it is aborted while waiting.
   */
  async take(asked: number, signal: AbortSignal): Promise<Held> {
    signal.throwIfAborted();
    const count = await this.#wait(asked, signal);
    let isHeld = true;
    return {
      count,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#used -= count;
        this.#serve();
      },
    };
  }

  #wait(asked: number, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        asked,
        take: (count) => {
          signal.removeEventListener('abort', leave);
          resolve(count);
        },
      };
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        this.#serve();
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const count = Math.min(first.asked, this.#total);
      if (this.#used + count > this.#total) return;
      this.#queue.shift();
      this.#used += count;
      first.take(count);
    }
  }
}
