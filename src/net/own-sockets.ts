import { normaliseAddress } from './address.ts';
import { now } from './clock.ts';
import type { Address } from './wire.ts';

/** How long a connection that ended is still known: what captures its packets hands them on late. Milliseconds. */
const REMEMBERED_MS = 10_000;

interface OwnSocket {
  readonly local: Address;
  readonly remote: Address;
  endedAt: number | undefined;
}

/** TCP connections that this process opened, so that who captures beside it does not take its probes for a client. */
export class OwnSockets {
  readonly #byPort = new Map<number, OwnSocket[]>();
  /** In the order of their ends. */
  readonly #ended: OwnSocket[] = [];
  readonly #clock: () => number;

  /** `clock`: milliseconds since any fixed time. */
  constructor(clock: () => number = now) {
    this.#clock = clock;
  }

  /** Returns what has to be called when the connection is gone. */
  add(local: Address, remote: Address): () => void {
    const socket: OwnSocket = { local: normalised(local), remote: normalised(remote), endedAt: undefined };
    this.#byPort.set(local.port, [...(this.#byPort.get(local.port) ?? []), socket]);
    this.#forget();
    return () => {
      if (socket.endedAt !== undefined) return;
      socket.endedAt = this.#clock();
      this.#ended.push(socket);
    };
  }

  /** Connections of ours from this port, also those that ended lately. */
  from(port: number): readonly { readonly local: Address; readonly remote: Address }[] {
    const sockets = this.#byPort.get(port);
    return sockets === undefined ? NONE : sockets.filter((one) => !this.#isForgotten(one));
  }

  #isForgotten({ endedAt }: OwnSocket): boolean {
    return endedAt !== undefined && this.#clock() - endedAt > REMEMBERED_MS;
  }

  #forget(): void {
    const kept = this.#ended.findIndex((one) => !this.#isForgotten(one));
    for (const gone of this.#ended.splice(0, kept === -1 ? this.#ended.length : kept)) {
      const left = (this.#byPort.get(gone.local.port) ?? []).filter((one) => one !== gone);
      if (left.length === 0) this.#byPort.delete(gone.local.port);
      else this.#byPort.set(gone.local.port, left);
    }
  }
}

const NONE: readonly never[] = [];

const normalised = ({ host, port }: Address): Address => ({ host: normaliseAddress(host), port });

/** Of this process. */
export const ownSockets: OwnSockets = new OwnSockets();
