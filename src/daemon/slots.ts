/** A number of things that may be in use at once, handed out in the order in which they were asked for. */
export class Slots {
  #free: number;
  readonly #total: number;
  readonly #queue: { readonly wanted: number; readonly take: () => void }[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Resolves when so many are free, with what gives them back; asking for more than there are is asking for all.
   * Rejects with the signal's reason where it is aborted while waiting.
   */
  async take(asked: number, signal: AbortSignal): Promise<() => void> {
    const wanted = Math.min(asked, this.#total);
    if (signal.aborted) throw signal.reason;
    if (this.#queue.length > 0 || this.#free < wanted) await this.#wait(wanted, signal);
    else this.#free -= wanted;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#free += wanted;
      this.#serve();
    };
  }

  #wait(wanted: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiter = { wanted, take };
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        this.#serve();
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(waiter);
    });
  }

  #serve(): void {
    for (let first = this.#queue[0]; first !== undefined && first.wanted <= this.#free; first = this.#queue[0]) {
      this.#queue.shift();
      this.#free -= first.wanted;
      first.take();
    }
  }
}
