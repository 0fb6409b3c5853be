import { copyOf } from '../bytes/copy.ts';
import { DecodeError, Reader } from '../bytes/reader.ts';
import type { Side } from '../bytes/stream.ts';
import { scanCertificates } from './certificate.ts';
import {
  type CertificateRequest12,
  readCertificateRequest12,
  readCertificateRequest13,
  requestedByTls13,
} from './certificate-request.ts';
import { readSsl2ClientHello, scanClientHello } from './client-hello.ts';
import { HANDSHAKE_TYPES, HandshakeType, isTls13, NAMED_GROUPS, signatureSchemeName, Version } from './code-points.ts';
import { type ClientHelloFacts, type ConnectionFacts, type KeyExchangeFacts, otherSide } from './connection-facts.ts';
import { bitLength, dhGroupName } from './dh-groups.ts';
import { readEncryptedExtensions } from './encrypted-extensions.ts';
import { alpn, alpnText } from './extension-values.ts';
import { extensionValue } from './extensions.ts';
import { readCertificateVerify } from './handshake.ts';
import { clientHelloFacts, rememberedHelloFacts, serverHelloFacts } from './hello-facts.ts';
import { isHelloRetryRequest, scanServerHello } from './server-hello.ts';
import { readServerKeyExchange, type ServerKeyExchange } from './server-key-exchange.ts';

/** Problems kept of one connection. */
const PROBLEMS_MAX = 16;

/** Messages that only one role sends: they tell it where the hellos were not captured. */
const SERVER_MESSAGES: ReadonlySet<number> = new Set([
  HandshakeType.serverHello,
  HandshakeType.serverKeyExchange,
  HandshakeType.certificateRequest,
  HandshakeType.serverHelloDone,
  HandshakeType.encryptedExtensions,
  HandshakeType.certificateStatus,
]);
const CLIENT_MESSAGES: ReadonlySet<number> = new Set([HandshakeType.clientHello, HandshakeType.clientKeyExchange]);

const UNREAD_REQUEST: CertificateRequest12 = { certificateTypes: [], signatureSchemes: undefined, authorities: [] };

/** Puts what handshake messages say into the facts of a connection. Never throws; faults become problems. */
export class HandshakeReader {
  readonly #facts: ConnectionFacts;
  readonly #confirm: (side: Side) => void;
  readonly problems: string[] = [];

  constructor(facts: ConnectionFacts, confirm: (side: Side) => void) {
    this.#facts = facts;
    this.#confirm = confirm;
  }

  problem(text: string): void {
    if (this.problems.length < PROBLEMS_MAX && !this.problems.includes(text)) {
      this.problems.push(text);
    }
  }

  /** @param cut the body is the beginning of a message of `length` bytes */
  message(side: Side, type: number, body: Uint8Array, cut: boolean, length: number): void {
    if (cut) {
      this.problem(`${HANDSHAKE_TYPES.name(type)} truncated: ${body.length} of ${length} bytes`);
    }
    try {
      this.#read(side, type, body, cut);
    } catch (error) {
      this.problem(error instanceof DecodeError ? error.message : `${HANDSHAKE_TYPES.name(type)} is unreadable`);
    }
  }

  ssl2Hello(side: Side, body: Uint8Array): void {
    try {
      const hello = readSsl2ClientHello(new Reader(body, 'ssl2_client_hello'));
      this.#role(side, 'client');
      this.#facts.sides[side].lastMessage = 'client_hello';
      this.#facts.clientHello ??= clientHelloFacts(hello, 'ssl2', this.problems);
      this.#confirm(side);
    } catch (error) {
      this.problem(error instanceof Error ? error.message : 'unreadable SSLv2-format hello');
    }
  }

  #role(side: Side, role: 'client' | 'server'): void {
    const clientSide = role === 'client' ? side : otherSide(side);
    if (this.#facts.clientSide !== undefined && this.#facts.clientSide !== clientSide) {
      this.problem('both roles on one side');
      return;
    }
    this.#facts.clientSide = clientSide;
  }

  #read(side: Side, type: number, body: Uint8Array, cut: boolean): void {
    const facts = this.#facts.sides[side];
    if (type === HandshakeType.clientHello) {
      this.#clientHello(side, body, cut);
      return;
    }
    if (type === HandshakeType.serverHello) {
      this.#serverHello(side, body, cut);
      return;
    }
    if (SERVER_MESSAGES.has(type)) {
      this.#role(side, 'server');
    }
    if (CLIENT_MESSAGES.has(type)) {
      this.#role(side, 'client');
    }
    facts.lastMessage = HANDSHAKE_TYPES.name(type);
    switch (type) {
      case HandshakeType.certificate:
        this.#certificate(side, body, cut);
        break;
      case HandshakeType.serverHelloDone:
        facts.helloDone = true;
        break;
      case HandshakeType.clientKeyExchange:
        facts.clientKeyExchange = true;
        break;
      case HandshakeType.certificateRequest:
        facts.certificateRequest ??= cut ? UNREAD_REQUEST : this.#certificateRequest(body);
        break;
      case HandshakeType.serverKeyExchange:
      case HandshakeType.certificateVerify:
      case HandshakeType.encryptedExtensions:
        if (!cut) {
          this.#parameters(side, type, body);
        }
        break;
      default:
        if (!HANDSHAKE_TYPES.known(type)) {
          this.problem(`handshake message of type ${type}`);
        }
    }
  }

  #clientHello(side: Side, body: Uint8Array, cut: boolean): void {
    const facts = cut
      ? this.#scanHello(body, cut)
      : rememberedHelloFacts(body, () => this.#scanHello(body, cut), this.problems);
    if (facts === undefined) {
      this.problem('client_hello is unreadable');
      return;
    }
    this.#role(side, 'client');
    this.#facts.sides[side].lastMessage = 'client_hello';
    this.#confirm(side);
    // After a HelloRetryRequest the first hello stands: fingerprints are made of it.
    this.#facts.clientHello ??= facts;
  }

  #scanHello(body: Uint8Array, cut: boolean): ClientHelloFacts | undefined {
    const scanned = scanClientHello(body);
    if (scanned === undefined) {
      return undefined;
    }
    for (const text of cut ? [] : scanned.problems) {
      this.problem(text);
    }
    return clientHelloFacts(scanned.hello, cut ? 'cut' : 'tls', this.problems);
  }

  #serverHello(side: Side, body: Uint8Array, cut: boolean): void {
    const scanProblems: string[] = [];
    const hello = scanServerHello(new Reader(body, 'server_hello'), scanProblems);
    for (const text of cut ? [] : scanProblems) {
      this.problem(text);
    }
    this.#role(side, 'server');
    this.#confirm(side);
    if (isHelloRetryRequest(hello)) {
      this.#facts.helloRetryRequest = true;
      this.#facts.sides[side].lastMessage = 'hello_retry_request';
      return;
    }
    this.#facts.sides[side].lastMessage = 'server_hello';
    this.#facts.serverHello ??= serverHelloFacts(hello, cut ? 'cut' : 'whole', this.problems);
  }

  #certificate(side: Side, body: Uint8Array, cut: boolean): void {
    const facts = this.#facts.sides[side];
    const chain = scanCertificates(body, isTls13(this.#version()) ? 'tls13' : 'tls12');
    if (chain.problem !== undefined && !cut) {
      this.problem(chain.problem);
    }
    facts.certificate ??= {
      certificates: chain.certificates,
      complete: chain.complete && !cut,
    };
  }

  #version(): number {
    return this.#facts.serverHello?.version ?? Version.TLS12;
  }

  /** A request that cannot be read was still made. */
  #certificateRequest(body: Uint8Array): CertificateRequest12 {
    const reader = new Reader(body, 'certificate_request');
    const version = this.#version();
    try {
      const request = isTls13(version)
        ? requestedByTls13(readCertificateRequest13(reader))
        : readCertificateRequest12(reader, version);
      return { ...request, authorities: request.authorities.map((name) => copyOf(name)) };
    } catch (error) {
      this.problem(error instanceof Error ? error.message : 'unreadable certificate_request');
      return UNREAD_REQUEST;
    }
  }

  #parameters(side: Side, type: number, body: Uint8Array): void {
    const facts = this.#facts.sides[side];
    const reader = new Reader(body, HANDSHAKE_TYPES.name(type));
    const version = this.#version();
    switch (type) {
      case HandshakeType.serverKeyExchange: {
        const suite = this.#facts.serverHello?.cipherSuite;
        facts.keyExchange ??=
          suite === undefined ? undefined : keyExchangeFacts(readServerKeyExchange(reader, version, suite));
        return;
      }
      case HandshakeType.certificateVerify: {
        const scheme = readCertificateVerify(reader, version).signatureScheme;
        facts.certificateVerifyScheme ??= scheme === undefined ? undefined : signatureSchemeName(scheme);
        return;
      }
      default: {
        const choice = extensionValue(readEncryptedExtensions(reader), alpn)?.[0];
        facts.alpnChoice ??= choice === undefined ? undefined : alpnText(choice);
      }
    }
  }
}

function keyExchangeFacts(message: ServerKeyExchange): KeyExchangeFacts {
  const { parameters, signatureScheme } = message;
  const scheme = signatureScheme === undefined ? undefined : signatureSchemeName(signatureScheme);
  if (parameters.kind === 'ecdh') {
    return { namedGroup: NAMED_GROUPS.name(parameters.namedGroup), dh: undefined, signatureScheme: scheme };
  }
  const group = dhGroupName(parameters.p);
  const dh = { bits: bitLength(parameters.p), ...(group === undefined ? {} : { group }) };
  return { namedGroup: undefined, dh, signatureScheme: scheme };
}
