import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Reader } from '../../src/bytes/reader.ts';
import { writeCertificate12, writeCertificate13 } from '../../src/tls/certificate.ts';
import { writeCertificateRequest12, writeCertificateRequest13 } from '../../src/tls/certificate-request.ts';
import { type ClientHello, readClientHello } from '../../src/tls/client-hello.ts';
import { HandshakeType } from '../../src/tls/code-points.ts';
import { writeEncryptedExtensions } from '../../src/tls/encrypted-extensions.ts';
import {
  clientKeyShares,
  extension,
  selectedVersion,
  serverKeyShare,
  signatureAlgorithms,
} from '../../src/tls/extension-values.ts';
import { extensionValue } from '../../src/tls/extensions.ts';
import { writeCertificateVerify, writeHandshake } from '../../src/tls/handshake.ts';
import * as schedule from '../../src/tls/key-schedule.ts';
import { openTls13Record, type RecordSealer, sealTls13Record } from '../../src/tls/record-protection.ts';
import { type ServerHello, writeServerHello } from '../../src/tls/server-hello.ts';
import { writeServerKeyExchange } from '../../src/tls/server-key-exchange.ts';
import { listening } from './listening.ts';
import type { Identity } from './pki.ts';

/** One accepted connection of a scripted server. */
export class ScriptedConnection {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  /** A whole record with its header; `undefined` when the client has ended. */
  async record(): Promise<Uint8Array | undefined> {
    for (;;) {
      const length = this.#buffer.length < 5 ? Number.POSITIVE_INFINITY : 5 + this.#buffer.readUInt16BE(3);
      if (this.#buffer.length >= length) {
        const record = Uint8Array.from(this.#buffer.subarray(0, length));
        this.#buffer = this.#buffer.subarray(length);
        return record;
      }
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) this.#buffer = Buffer.concat([this.#buffer, chunk]);
      else if (this.#socket.readableEnded || this.#socket.destroyed) return undefined;
      else await Promise.race([once(this.#socket, 'readable'), once(this.#socket, 'close')]);
    }
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  fin(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

/** A listener on loopback that plays the same script to everyone. */
export async function scriptedServer(
  script: (connection: ScriptedConnection) => Promise<void> | void,
): Promise<{ readonly port: number; readonly stop: () => void }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    // What is thrown once the client has gone is no concern of a test.
    void Promise.resolve(script(new ScriptedConnection(socket))).catch(() => socket.destroy());
  });
  const { port, close } = await listening(server);
  return { port, stop: () => void close() };
}

export function record(type: number, content: Uint8Array, version = 0x0303): Uint8Array {
  return Buffer.concat([Buffer.of(type, version >> 8, version & 0xff, content.length >> 8, content.length), content]);
}

export const alertRecord = (code: number, level = 2): Uint8Array => record(21, Uint8Array.of(level, code));

export function message(type: number, body: Uint8Array): Uint8Array {
  return writeHandshake({ type, body });
}

export function clientHelloOf(bytes: Uint8Array): ClientHello {
  return readClientHello(new Reader(bytes.subarray(9)));
}

const RANDOM = new Uint8Array(32).fill(7);

export interface ServerScript {
  readonly identity: Identity;
  /** Ask for a certificate. */
  readonly asks?: boolean;
  /** Changes fields of the ServerHello. */
  readonly hello?: Partial<ServerHello>;
  /** Code of the group that the key exchange names, whatever key it carries. */
  readonly group?: number;
  /** Breaks the signature. */
  readonly forge?: boolean;
}

function ephemeral(): { readonly publicKey: Uint8Array; readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32), privateKey };
}

function signature(script: ServerScript, content: Uint8Array, hash = 'sha256'): Uint8Array {
  const forged = script.forge === true ? Buffer.concat([content, Buffer.of(0)]) : content;
  return sign(hash, forged, script.identity.privateKey);
}

/** Messages from ServerHello to ServerHelloDone of TLS 1.2, in ECDHE_ECDSA with AES_128_GCM and x25519. */
export function flight12(hello: ClientHello, script: ServerScript): Uint8Array[] {
  const serverHello: ServerHello = {
    legacyVersion: 0x0303,
    random: RANDOM,
    sessionId: new Uint8Array(0),
    cipherSuite: 0xc02b,
    compressionMethod: 0,
    extensions: [],
    ...script.hello,
  };
  const parameters = { kind: 'ecdh', namedGroup: script.group ?? 29, publicKey: ephemeral().publicKey } as const;
  const unsigned = writeServerKeyExchange({ parameters, signatureScheme: undefined, signature: undefined });
  const signed = signature(script, Buffer.concat([hello.random, serverHello.random, unsigned]));
  const exchange = writeServerKeyExchange({ parameters, signatureScheme: 0x0403, signature: signed });
  const request = { certificateTypes: [1, 64], signatureSchemes: [0x0403, 0x0804], authorities: [] };
  return [
    message(HandshakeType.serverHello, writeServerHello(serverHello)),
    message(HandshakeType.certificate, writeCertificate12([script.identity.der])),
    message(HandshakeType.serverKeyExchange, exchange),
    ...(script.asks === true ? [message(HandshakeType.certificateRequest, writeCertificateRequest12(request))] : []),
    message(HandshakeType.serverHelloDone, new Uint8Array(0)),
  ];
}

const SUITE_13 = 'TLS_AES_128_GCM_SHA256';

/** A TLS 1.3 server that has sent its flight and read the client's. */
export interface Established13 {
  /** Under application keys. */
  readonly application: RecordSealer;
  /** Contents of the client's flight. */
  readonly flight: readonly number[];
}

/** Plays TLS 1.3 with x25519 and a P-256 key until the client's Finished has come. */
export async function play13(connection: ScriptedConnection, script: ServerScript): Promise<Established13> {
  const first = await connection.record();
  if (first === undefined) throw new Error('no ClientHello');
  const hello = clientHelloOf(first);
  const share = extensionValue(hello.extensions, clientKeyShares)?.find(({ group }) => group === 29);
  const own = ephemeral();
  const x = Buffer.from(share?.keyExchange ?? []).toString('base64url');
  const peer = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: peer });
  const entry = { group: script.group ?? 29, keyExchange: own.publicKey };
  const serverHello = message(
    HandshakeType.serverHello,
    writeServerHello({
      legacyVersion: 0x0303,
      random: RANDOM,
      sessionId: hello.sessionId,
      cipherSuite: 0x1301,
      compressionMethod: 0,
      extensions: [extension(selectedVersion, 0x0304), extension(serverKeyShare, entry)],
      ...script.hello,
    }),
  );
  const transcript: Uint8Array[] = [first.subarray(5), serverHello];
  const hash = (): Uint8Array => schedule.transcriptHash('sha256', ...transcript);
  const handshakeSecret = schedule.handshakeSecret('sha256', schedule.earlySecret('sha256'), shared);
  const secret = schedule.serverHandshakeTrafficSecret('sha256', handshakeSecret, hash());
  const clientSecret = schedule.clientHandshakeTrafficSecret('sha256', handshakeSecret, hash());
  const sealer = sealTls13Record(SUITE_13, secret);
  const add = (type: number, body: Uint8Array): Uint8Array => {
    transcript.push(message(type, body));
    return transcript.at(-1)!;
  };
  const entries = [{ certificate: script.identity.der, extensions: [] }];
  const context = new Uint8Array(0);
  const schemes = [extension(signatureAlgorithms, [0x0403, 0x0804])];
  const flight = [
    add(HandshakeType.encryptedExtensions, writeEncryptedExtensions([])),
    ...(script.asks === true
      ? [
          add(
            HandshakeType.certificateRequest,
            writeCertificateRequest13({ requestContext: context, extensions: schemes }),
          ),
        ]
      : []),
    add(HandshakeType.certificate, writeCertificate13({ requestContext: context, entries })),
  ];
  const covered = `${' '.repeat(64)}TLS 1.3, server CertificateVerify\0`;
  const signed = signature(script, Buffer.concat([Buffer.from(covered), hash()]));
  flight.push(
    add(HandshakeType.certificateVerify, writeCertificateVerify({ signatureScheme: 0x0403, signature: signed })),
  );
  flight.push(add(HandshakeType.finished, schedule.finishedVerifyData('sha256', secret, hash())));
  const master = schedule.masterSecret('sha256', handshakeSecret);
  const application = sealTls13Record(SUITE_13, schedule.serverApplicationTrafficSecret('sha256', master, hash()));
  connection.write(Buffer.concat([record(22, serverHello), sealer.seal(22, Buffer.concat(flight))]));
  const opener = openTls13Record(SUITE_13, clientSecret);
  for (;;) {
    const next = await connection.record();
    if (next === undefined) throw new Error('the client left');
    const content = next[0] === 23 ? opener.open(next)?.content : undefined;
    if (content !== undefined) return { application, flight: [...content] };
  }
}
