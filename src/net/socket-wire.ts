import { copyOf } from '../bytes/copy.ts';
import { normaliseAddress, unspecifiedFor } from './address.ts';
import { now } from './clock.ts';
import { ownSockets } from './own-sockets.ts';
import { isReset, PatientSocket } from './patient-socket.ts';
import type { Address, DialFault, Dialled, Received, Transcript, Wire, WireEvent } from './wire.ts';

/** Milliseconds that `close('fin')` waits for the other side's end. */
export const LINGER_MS = 250;
/** What is read of one connection; a probe's answers stay far below. A server that goes on is read no further. */
export const RECEIVED_BYTES_MAX: number = 4 * 1024 * 1024;

/** Codes of `connect` that say more than `unreachable`. Out of descriptors or buffers: a limit of ours. */
const CONNECT_FAULTS: Readonly<Record<string, DialFault>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EMFILE: 'connection-limit',
  ENFILE: 'connection-limit',
  ENOBUFS: 'connection-limit',
  ENOMEM: 'connection-limit',
};

interface Attempted {
  /** As dialled: a zone is needed here, and nowhere else. */
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** What ends the attempts and wires that are under way: one call each. */
  readonly interrupts: Set<() => void>;
  /** The socket is gone, whether it ever stood or not. */
  readonly closed: () => void;
}

/** One TCP connection of ours, from the SYN to its end. */
export class SocketWire implements Wire {
  local: Address;
  readonly remote: Address;
  readonly #socket: PatientSocket;
  readonly #startedAt: number = now();
  #connectedAt: number | undefined;
  readonly #events: WireEvent[] = [];
  readonly #secrets: string[] = [];
  readonly #unread: Uint8Array[] = [];
  readonly #readers: (() => void)[] = [];
  #receivedBytes = 0;
  /** How the other side ended; `timeout`: it will never say. */
  #end: Exclude<Received, { kind: 'bytes' }> | undefined;
  #ours: 'open' | 'fin' | 'rst' = 'open';
  #closing: Promise<Transcript> | undefined;
  readonly #gone: Promise<void>;
  #endedAt: number | undefined;
  /** Tells that it is no longer one of ours. */
  #disown: (() => void) | undefined;
  /** The run is over: nobody waits any longer. */
  #interrupt: () => void = () => {};

  constructor({ host, port, interrupts, closed }: Attempted) {
    this.remote = { host: normaliseAddress(host), port };
    this.local = unspecifiedFor(this.remote.host);
    this.#socket = new PatientSocket((bytes) => this.#take(bytes));
    const interrupt = (): void => this.#interrupt();
    interrupts.add(interrupt);
    this.#gone = new Promise((resolve) => {
      this.#socket.once('close', () => {
        interrupts.delete(interrupt);
        this.#endedAt ??= now();
        this.#disown?.();
        this.#finish({ kind: 'timeout' });
        closed();
        resolve();
      });
    });
    this.#socket.on('end', () => this.#takeEnd('fin'));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#connectedAt !== undefined && isReset(error)) this.#takeEnd('rst');
    });
    this.#socket.setNoDelay(true);
  }

  /** Connects, once. */
  static attempt(attempted: Attempted): Promise<Dialled> {
    const wire = new SocketWire(attempted);
    return wire.#connect(attempted);
  }

  #connect({ host, port, timeoutMs }: Attempted): Promise<Dialled> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const fail = (fault: DialFault): void => {
        cancel();
        socket.removeListener('connect', stand);
        socket.removeListener('error', refuse);
        this.#endedAt = now();
        socket.destroy();
        void this.#gone.then(() => resolve({ kind: 'fault', transcript: this.#transcript(fault) }));
      };
      const stand = (): void => {
        cancel();
        this.#interrupt = () => this.#finish({ kind: 'timeout' });
        socket.removeListener('error', refuse);
        this.#connectedAt ??= now();
        this.#learnLocal();
        resolve({ kind: 'wire', wire: this });
      };
      const refuse = (error: NodeJS.ErrnoException): void => {
        if (!isReset(error)) {
          fail(CONNECT_FAULTS[error.code ?? ''] ?? 'unreachable');
          return;
        }
        // A SYN that is answered by RST reads ECONNREFUSED: this one was accepted, then reset, before we looked.
        this.#connectedAt = now();
        this.#takeEnd('rst');
        stand();
      };
      const cancel = afterReading(timeoutMs, () => fail('timeout'));
      this.#interrupt = () => fail('timeout');
      socket.once('connect', stand);
      socket.once('error', refuse);
      socket.connect({ host, port });
      // The kernel chooses our address as soon as the SYN goes, which is one tick later.
      process.nextTick(() => this.#learnLocal());
    });
  }

  #learnLocal(): void {
    const address = this.#socket.address();
    if (!('address' in address) || address.port === 0) return;
    this.local = { host: normaliseAddress(address.address), port: address.port };
    this.#disown ??= ownSockets.add(this.local, this.remote);
  }

  send(bytes: Uint8Array): void {
    if (this.#ours !== 'open' || !this.#socket.writable || this.#end?.kind === 'reset' || bytes.length === 0) return;
    const event: WireEvent = { kind: 'bytes', side: 0, bytes: copyOf(bytes), at: now() };
    this.#events.push(event);
    this.#socket.write(event.bytes, (error) => {
      // The kernel took none of it.
      if (error != null && isReset(error)) this.#events.splice(this.#events.indexOf(event), 1);
    });
  }

  async receive(timeoutMs: number): Promise<Received> {
    if (this.#unread.length === 0 && this.#end === undefined) await this.#wait(timeoutMs);
    const bytes = this.#unread.shift();
    if (bytes !== undefined) return { kind: 'bytes', bytes };
    return this.#end ?? { kind: 'timeout' };
  }

  #wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        resolve();
      };
      const cancel = afterReading(timeoutMs, () => {
        this.#readers.splice(this.#readers.indexOf(wake), 1);
        resolve();
      });
      this.#readers.push(wake);
    });
  }

  addSecret(line: string): void {
    this.#secrets.push(line);
  }

  close(how: 'fin' | 'rst'): Promise<Transcript> {
    this.#closing ??= this.#close(how);
    return this.#closing;
  }

  async #close(how: 'fin' | 'rst'): Promise<Transcript> {
    if (this.#ours === 'open' && this.#end?.kind !== 'reset' && !this.#socket.destroyed) {
      this.#ours = how;
      this.#events.push({ kind: 'end', side: 0, how, at: now() });
      if (how === 'rst') this.#socket.resetAndDestroy();
      else await this.#endGently();
    }
    this.#socket.destroy();
    await this.#gone;
    return this.#transcript();
  }

  /** Our FIN, then what the other side still has to say: bytes that cross ours, its FIN or RST. */
  async #endGently(): Promise<void> {
    this.#socket.end();
    const until = now() + LINGER_MS;
    while (this.#end === undefined) {
      const left = until - now();
      if (left <= 0) return;
      const seen = this.#receivedBytes;
      await this.#wait(left);
      if (this.#receivedBytes === seen) return;
    }
  }

  #take(bytes: Uint8Array): boolean {
    if (this.#ours === 'rst') return false;
    this.#receivedBytes += bytes.length;
    this.#events.push({ kind: 'bytes', side: 1, bytes: copyOf(bytes), at: now() });
    this.#unread.push(copyOf(bytes));
    this.#readers.shift()?.();
    return this.#receivedBytes < RECEIVED_BYTES_MAX;
  }

  #takeEnd(how: 'fin' | 'rst'): void {
    if (this.#end?.kind === 'reset' || (how === 'fin' && this.#end?.kind === 'fin')) return;
    if (this.#ours !== 'rst') this.#events.push({ kind: 'end', side: 1, how, at: now() });
    this.#end = how === 'fin' ? { kind: 'fin' } : { kind: 'reset' };
    this.#wakeAll();
  }

  #finish(end: Received & { kind: 'timeout' }): void {
    this.#end ??= end;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#readers.splice(0)) wake();
  }

  #transcript(fault?: DialFault): Transcript {
    return {
      local: this.local,
      remote: this.remote,
      startedAt: this.#startedAt,
      ...(this.#connectedAt === undefined ? {} : { connectedAt: this.#connectedAt }),
      ...(fault === undefined ? {} : { fault }),
      events: [...this.#events],
      endedAt: this.#endedAt ?? now(),
      secrets: [...this.#secrets],
    };
  }
}

/**
 * A timeout that lets sockets speak first: where this process was kept from running, what came meanwhile is read only
 * after the timers. Returns what cancels it.
 */
function afterReading(ms: number, done: () => void): () => void {
  let last: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    last = setImmediate(done);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}
