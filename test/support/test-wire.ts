import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Received, Transcript, Wire, WireEvent } from '../../src/net/wire.ts';

/** A wire over a socket, for tests of what talks over one; `secrets` and `sent` can be looked at while it is open. */
export class TestWire implements Wire {
  readonly local: Wire['local'];
  readonly remote: Wire['remote'];
  readonly secrets: string[] = [];
  readonly events: WireEvent[] = [];
  readonly #socket: Socket;
  readonly #startedAt = Date.now();
  #queue: Uint8Array[] = [];
  #end: 'fin' | 'reset' | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    socket.on('data', (bytes: Buffer) => {
      this.#queue.push(bytes);
      this.events.push({ kind: 'bytes', side: 1, bytes: Uint8Array.from(bytes), at: Date.now() });
      this.#wake?.();
    });
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => this.#ended('reset'));
  }

  static async dial(port: number, host = '127.0.0.1'): Promise<TestWire> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    return new TestWire(socket);
  }

  #ended(how: 'fin' | 'reset'): void {
    if (this.#end === undefined) {
      this.events.push({ kind: 'end', side: 1, how: how === 'fin' ? 'fin' : 'rst', at: Date.now() });
    }
    this.#end ??= how;
    this.#wake?.();
  }

  /** All bytes of one side. */
  bytes(side: 0 | 1): Buffer {
    return Buffer.concat(
      this.events.flatMap((event) => (event.kind === 'bytes' && event.side === side ? [event.bytes] : [])),
    );
  }

  send(bytes: Uint8Array): void {
    this.events.push({ kind: 'bytes', side: 0, bytes: Uint8Array.from(bytes), at: Date.now() });
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  async receive(timeoutMs: number): Promise<Received> {
    if (this.#queue.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const bytes = this.#queue.shift();
    if (bytes !== undefined) return { kind: 'bytes', bytes };
    return this.#end === undefined ? { kind: 'timeout' } : { kind: this.#end };
  }

  addSecret(line: string): void {
    this.secrets.push(line);
  }

  async close(how: 'fin' | 'rst'): Promise<Transcript> {
    if (how === 'rst') this.#socket.resetAndDestroy();
    else if (!this.#socket.destroyed) {
      this.#socket.end();
      await this.receive(20);
      this.#socket.destroy();
    }
    const { local, remote, events, secrets } = this;
    return { local, remote, startedAt: this.#startedAt, events, endedAt: Date.now(), secrets };
  }
}
