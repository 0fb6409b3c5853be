import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** Turns of the event loop after a failed write: in the second at the latest, all that the kernel holds was read. */
const DRAIN_TURNS = 3;
/** A TLS record fits (RFC 8446 section 5.2); also the largest chunk that is handed on. */
const CHUNK_BYTES = 16 * 1024 + 512;

/**
 * What all sockets read into: libuv asks for a buffer, fills it and hands it on in one go. On Windows it may ask ahead of
 * the bytes.
 */
const READING: Uint8Array | undefined = process.platform === 'win32' ? undefined : new Uint8Array(CHUNK_BYTES);

/** Faults of a write to a peer that has reset the connection. */
const RESET_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export function isReset(error: NodeJS.ErrnoException): boolean {
  return RESET_CODES.has(error.code ?? '');
}

/**
 * A socket that reads what has arrived before it dies of a failed write.
 *
 * A server that refuses a client sends an alert, closes, and resets the connection when it is written to once more.
 * `net.Socket` destroys itself as soon as that write fails, and the alert, which lies in the kernel's buffer, is lost.
 * Bytes go to `onBytes` past the stream machinery, which stops reading at the first error. They stand in a buffer
 * that is used again, by every socket. `onBytes` answers whether to read on.
 */
export class PatientSocket extends Socket {
  #draining: 'no' | 'yes' | 'done' = 'no';

  constructor(onBytes: (bytes: Uint8Array) => boolean) {
    const onread: OnReadOpts = {
      buffer: READING ?? new Uint8Array(CHUNK_BYTES),
      callback: (length, buffer) => onBytes(buffer.subarray(0, length)),
    };
    // The constructor takes `onread` as well as `connect` does; the type of its options leaves it out.
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { allowHalfOpen: true, onread };
    super(options);
  }

  override destroy(error?: Error): this {
    if (this.#draining === 'yes' && error === undefined) return this;
    if (this.#draining !== 'no' || error === undefined || !isFailedWrite(error)) {
      this.#draining = 'done';
      return super.destroy(error);
    }
    this.#draining = 'yes';
    this.#drain(error, DRAIN_TURNS);
    return this;
  }

  #drain(error: Error, turns: number): void {
    if (this.#draining === 'done') return;
    if (turns > 0) {
      setImmediate(() => this.#drain(error, turns - 1));
      return;
    }
    this.#draining = 'done';
    super.destroy(error);
  }
}

function isFailedWrite(error: NodeJS.ErrnoException): boolean {
  return isReset(error) && error.syscall !== 'read' && error.syscall !== 'connect';
}
