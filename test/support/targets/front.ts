import { connect, type Socket } from 'node:net';
import { type CountedPort, countedPort, reset } from './no-tls.ts';

/** What a port in front of a server does to the connections that go through it. */
export interface Front {
  /** Milliseconds that a piece waits, drawn anew for each; the order stays. */
  readonly delay?: () => number;
  /** `1`: every octet in a segment of its own. */
  readonly segment?: number;
  /** Octets of the server that pass before the connection is cut, drawn for each connection. */
  readonly cut?: (connection: number) => { readonly after: number; readonly how: 'fin' | 'rst' } | undefined;
  /** What happens to a new connection. */
  readonly admit?: (connection: number) => 'pass' | 'reset' | 'close' | 'silence';
  /** Sees what the client sent; `handled`: it is not passed on. */
  readonly fromClient?: (bytes: Buffer, near: Socket, state: Map<string, unknown>) => 'pass' | 'handled';
}

/** A port in front of another one, that counts connections and disturbs them as told. */
export function front(
  target: { readonly address: string; readonly port: number },
  behaviour: Front = {},
  address: string = '127.0.0.1',
): Promise<CountedPort> {
  return countedPort((near, number) => {
    switch (behaviour.admit?.(number) ?? 'pass') {
      case 'reset':
        reset(near);
        return;
      case 'close':
        near.end();
        return;
      case 'silence':
        near.resume();
        return;
      case 'pass':
        passOn(near, target, behaviour, number);
    }
  }, address);
}

function passOn(near: Socket, target: { address: string; port: number }, behaviour: Front, number: number): void {
  const far = connect({ host: target.address, port: target.port, noDelay: true });
  const state = new Map<string, unknown>();
  const cut = behaviour.cut?.(number);
  const towardsClient = new Line(near, behaviour, cut?.after ?? Number.POSITIVE_INFINITY, () => {
    far.destroy();
    if (cut?.how === 'rst') reset(near);
    else near.end();
  });
  const towardsServer = new Line(far, behaviour);
  near.on('data', (bytes) => {
    if (behaviour.fromClient?.(bytes, near, state) !== 'handled') towardsServer.write(bytes);
  });
  near.on('end', () => towardsServer.end('fin'));
  near.on('close', () => towardsServer.end('fin'));
  far.on('data', (bytes) => towardsClient.write(bytes));
  far.on('end', () => towardsClient.end('fin'));
  far.on('error', () => towardsClient.end('rst'));
  // Cut before the first octet: at once, and not only when the server says something.
  if (cut?.after === 0) towardsClient.write(Buffer.alloc(0));
}

/** One direction: pieces leave one after the other, each after its delay. */
class Line {
  readonly #to: Socket;
  readonly #behaviour: Front;
  readonly #cut: () => void;
  #left: number;
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(
    to: Socket,
    behaviour: Front,
    limit: number = Number.POSITIVE_INFINITY,
    cut: () => void = () => undefined,
  ) {
    this.#to = to;
    this.#behaviour = behaviour;
    this.#left = limit;
    this.#cut = cut;
  }

  write(bytes: Buffer): void {
    this.#then(() => {
      const part = bytes.subarray(0, Math.min(bytes.length, this.#left));
      this.#left -= part.length;
      return this.#send(part).then(() => {
        if (this.#left <= 0) this.#cut();
      });
    });
  }

  end(how: 'fin' | 'rst'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#then(() => {
      if (how === 'rst') reset(this.#to);
      else this.#to.end();
    });
  }

  #then(step: () => Promise<void> | void): void {
    const { delay } = this.#behaviour;
    if (delay === undefined) {
      this.#last = this.#last.then(step);
      return;
    }
    const due = new Promise((resolve) => setTimeout(resolve, delay()));
    this.#last = this.#last.then(() => due).then(step);
  }

  async #send(bytes: Buffer): Promise<void> {
    const { segment } = this.#behaviour;
    if (segment === undefined) {
      if (bytes.length > 0 && this.#to.writable) this.#to.write(bytes);
      return;
    }
    for (let at = 0; at < bytes.length && this.#to.writable; at += segment) {
      await new Promise<void>((resolve) => this.#to.write(bytes.subarray(at, at + segment), () => resolve()));
    }
  }
}
