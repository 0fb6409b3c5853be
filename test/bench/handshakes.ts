import { once } from 'node:events';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

/** What one side wrote at a time, in the order in which both sides wrote. */
export interface Flight {
  readonly side: 0 | 1;
  readonly bytes: Buffer;
}

/** One end of an in-memory connection; what it is given to write is kept and handed to the other end. */
class End extends Duplex {
  other: End | undefined;
  readonly #side: 0 | 1;
  readonly #flights: Flight[];

  constructor(side: 0 | 1, flights: Flight[]) {
    super();
    this.#side = side;
    this.#flights = flights;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#flights.push({ side: this.#side, bytes: Buffer.from(chunk) });
    this.other?.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }
}

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** A real handshake of Node's own TLS, without a socket, with `payload` bytes sent by the client behind it. */
export async function handshake(
  server: Identity,
  client: Identity | undefined,
  version: 'TLSv1.2' | 'TLSv1.3',
  payload: Buffer,
): Promise<Flight[]> {
  const flights: Flight[] = [];
  const a = new End(0, flights);
  const b = new End(1, flights);
  a.other = b;
  b.other = a;
  const accepted = new tls.TLSSocket(b, {
    isServer: true,
    secureContext: tls.createSecureContext({ ...server, minVersion: version, maxVersion: version }),
    requestCert: client !== undefined,
    rejectUnauthorized: false,
  });
  const dialled = tls.connect({
    socket: a,
    secureContext: tls.createSecureContext({ ...(client ?? {}), minVersion: version, maxVersion: version }),
    rejectUnauthorized: false,
  });
  accepted.on('error', () => {});
  dialled.on('error', () => {});
  const received = new Promise<void>((resolve) => {
    let count = 0;
    accepted.on('data', (chunk: Buffer) => {
      count += chunk.length;
      if (count >= payload.length) resolve();
    });
  });
  await once(dialled, 'secureConnect');
  dialled.write(payload);
  await received;
  dialled.destroy();
  accepted.destroy();
  return flights;
}
