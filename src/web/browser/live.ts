import type { LiveEvent } from '../../daemon/live-events.ts';
import type { DaemonStatus } from '../../daemon/types.ts';
import { answerOf } from './answer.ts';

export interface LiveMeans {
  /** Number of the last event that is known. */
  readonly since: () => number;
  readonly happened: (event: LiveEvent) => void;
  /** The daemon was asked how it stands, since it had said nothing for a while. */
  readonly status: (status: DaemonStatus) => void;
  readonly changed: (state: 'connecting' | 'live' | 'lost') => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Nothing may have happened for so long, or nobody is there any more: it is asked. */
const SILENCE_MS = 30_000;
const LOOK_EVERY_MS = 5_000;

/** The live events, over as many sockets as it takes: each goes on where the last one ended. */
export class LiveSocket {
  readonly #means: LiveMeans;
  #wait = FIRST_WAIT_MS;
  #socket: WebSocket | undefined;
  #heardAt = performance.now();
  #asking: 'nothing' | 'status' = 'nothing';

  constructor(means: LiveMeans) {
    this.#means = means;
    setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  open(): void {
    const address = new URL('/api/v1/live', location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    address.searchParams.set('since', String(this.#means.since()));
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      this.#wait = FIRST_WAIT_MS;
      this.#heardAt = performance.now();
      const event = JSON.parse(data as string) as LiveEvent;
      this.#means.changed('live');
      this.#means.happened(event);
    });
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#means.changed('lost');
      // Spread, so that a daemon that comes back is not met by all pages at once.
      setTimeout(() => this.open(), this.#wait * (0.5 + Math.random()));
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    });
  }

  /** A daemon that hangs closes nothing: a socket that is open says nothing of it. */
  async #look(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#asking === 'status' || performance.now() - this.#heardAt < SILENCE_MS) return;
    this.#asking = 'status';
    const status = await answerOf<DaemonStatus>('/api/v1/status');
    this.#asking = 'nothing';
    if (this.#socket !== socket) return;
    if (status === undefined) {
      this.#means.changed('lost');
      return;
    }
    this.#heardAt = performance.now();
    if (socket.readyState === WebSocket.OPEN) this.#means.changed('live');
    this.#means.status(status);
  }
}
