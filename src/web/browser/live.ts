import type { LiveEvent } from '../../daemon/types.ts';

export interface LiveMeans {
  /** Number of the last event that is known. */
  readonly since: () => number;
  readonly happened: (event: LiveEvent) => void;
  readonly changed: (state: 'connecting' | 'live' | 'lost') => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** The live events, over as many sockets as it takes: each goes on where the last one ended. */
export class LiveSocket {
  readonly #means: LiveMeans;
  #wait = FIRST_WAIT_MS;

  constructor(means: LiveMeans) {
    this.#means = means;
  }

  open(): void {
    const address = new URL('/api/v1/live', location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    address.searchParams.set('since', String(this.#means.since()));
    const socket = new WebSocket(address);
    socket.addEventListener('message', ({ data }) => {
      this.#wait = FIRST_WAIT_MS;
      const event = JSON.parse(data as string) as LiveEvent;
      if (event.event === 'hello') this.#means.changed('live');
      this.#means.happened(event);
    });
    socket.addEventListener('close', () => {
      this.#means.changed('lost');
      // Spread, so that a daemon that comes back is not met by all pages at once.
      setTimeout(() => this.open(), this.#wait * (0.5 + Math.random()));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    });
  }
}
