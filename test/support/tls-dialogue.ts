import { once } from 'node:events';
import { Duplex } from 'node:stream';
import type { SecureContextOptions, SecureVersion, TLSSocket } from 'node:tls';
import { connect, createSecureContext, TLSSocket as ServerSocket } from 'node:tls';

export interface DialogueOptions {
  readonly version: SecureVersion;
  /** OpenSSL names. */
  readonly ciphers: string;
  readonly server: { readonly key: string; readonly cert: string };
  /** Presented where given; the server then asks for it. */
  readonly client?: { readonly key: string; readonly cert: string };
  readonly secureOptions?: number;
}

/** What two TLS endpoints of Node said to each other, and the secrets that they logged. */
export interface Dialogue {
  /** IANA name. */
  readonly cipherSuite: string;
  readonly client: readonly Uint8Array[];
  readonly server: readonly Uint8Array[];
  readonly keyLog: string;
  /** `exportKeyingMaterial(32, 'EXPERIMENTAL test', 'context')` of the client. */
  readonly exported: Uint8Array;
}

/** One end of a wire that is no socket; keeps what was written to it. */
class Wire extends Duplex {
  readonly written: Uint8Array[] = [];
  peer: Wire | undefined;

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.written.push(Uint8Array.from(chunk));
    this.peer?.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.peer?.push(null);
    done();
  }
}

/** A real handshake of OpenSSL, `ping` from the client, `pong` from the server, close_notify of the client. */
export async function tlsDialogue(options: DialogueOptions): Promise<Dialogue> {
  const [near, far] = [new Wire(), new Wire()];
  near.peer = far;
  far.peer = near;
  const { version, ciphers, secureOptions = 0 } = options;
  const common: SecureContextOptions = { minVersion: version, maxVersion: version, ciphers, secureOptions };
  const server = new ServerSocket(far, {
    isServer: true,
    requestCert: options.client !== undefined,
    rejectUnauthorized: false,
    secureContext: createSecureContext({ ...common, ...options.server }),
  });
  const client = connect({ socket: near, rejectUnauthorized: false, ...common, ...options.client });
  let keyLog = '';
  client.on('keylog', (line: Buffer) => {
    keyLog += line.toString();
  });
  await once(client, 'secureConnect');
  client.write('ping');
  await received(server, 'ping');
  server.write('pong');
  await received(client, 'pong');
  const cipherSuite = client.getCipher().standardName;
  const exported = new Uint8Array(client.exportKeyingMaterial(32, 'EXPERIMENTAL test', Buffer.from('context')));
  client.end();
  await once(server, 'end');
  server.destroy();
  client.destroy();
  return { cipherSuite, client: records(near.written), server: records(far.written), keyLog, exported };
}

async function received(socket: TLSSocket, text: string): Promise<void> {
  const [data] = await once(socket, 'data');
  if (String(data) !== text) throw new Error(`received ${String(data)}`);
}

/** Splits a stream at its record headers (RFC 8446 section 5.1). */
function records(chunks: readonly Uint8Array[]): Uint8Array[] {
  const stream = Buffer.concat(chunks);
  const found: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = at + 5 + stream.readUInt16BE(at + 3);
    found.push(Uint8Array.from(stream.subarray(at, end)));
    at = end;
  }
  return found;
}
