import { copyOf } from '../../bytes/copy.ts';
import { DecodeError, Reader } from '../../bytes/reader.ts';
import { readCertificate12 } from '../../tls/certificate.ts';
import { type CertificateRequest12, readCertificateRequest12 } from '../../tls/certificate-request.ts';
import { isAnonymous, suiteProperties } from '../../tls/cipher-suites.ts';
import { HANDSHAKE_TYPES, HandshakeType, NAMED_GROUPS, Version } from '../../tls/code-points.ts';
import { bitLength } from '../../tls/dh-groups.ts';
import {
  readServerKeyExchange,
  type ServerKeyExchange,
  writeServerKeyExchange,
} from '../../tls/server-key-exchange.ts';
import { malformed } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { HelloIdentity } from './offer.ts';
import { requestedCertificate, verifyServerSignature } from './server-certificates.ts';

/** What the server's flight leaves for ours. */
export interface FlightTls12 {
  readonly keyExchange: ServerKeyExchange | undefined;
  readonly request: CertificateRequest12 | undefined;
  /** Why we cannot go on after it, though it could be read. */
  readonly doubt: { readonly problem?: string };
}

/** Messages between ServerHello and ServerHelloDone, in their order (RFC 5246 section 7.3, RFC 6066 section 8). */
const ORDER: readonly number[] = [
  HandshakeType.certificate,
  HandshakeType.certificateStatus,
  HandshakeType.serverKeyExchange,
  HandshakeType.certificateRequest,
  HandshakeType.serverHelloDone,
];

/** Certificate to ServerHelloDone. @throws Ending */
export async function readFlightTls12(
  exchange: Exchange,
  version: number,
  identity: HelloIdentity,
  serverRandom: Uint8Array,
): Promise<FlightTls12> {
  const { facts } = exchange;
  let keyExchange: ServerKeyExchange | undefined;
  let request: CertificateRequest12 | undefined;
  let doubt: FlightTls12['doubt'] = {};
  for (let from = 0; ; ) {
    const message = await exchange.expect(...ORDER.slice(from));
    from = ORDER.indexOf(message.type) + 1;
    exchange.transcript.push(message.raw);
    const reader = new Reader(message.body, HANDSHAKE_TYPES.name(message.type));
    switch (message.type) {
      case HandshakeType.certificate:
        facts.certificates = readCertificate12(reader).map((one) => copyOf(one));
        break;
      case HandshakeType.serverKeyExchange: {
        const read = readKeyExchange(exchange, reader, version, identity.random, serverRandom);
        keyExchange = read.keyExchange;
        doubt = read.doubt;
        break;
      }
      case HandshakeType.certificateRequest:
        request = readCertificateRequest12(reader, version);
        facts.certificateRequest = requestedCertificate(request);
        break;
      case HandshakeType.serverHelloDone:
        reader.end();
        if (exchange.messages.pending) throw malformed('messages behind ServerHelloDone');
        facts.certificateRequest ??= 'none';
        return { keyExchange, request, doubt };
    }
  }
}

function readKeyExchange(
  exchange: Exchange,
  reader: Reader,
  version: number,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly keyExchange: ServerKeyExchange | undefined; readonly doubt: FlightTls12['doubt'] } {
  const suite = exchange.facts.cipherSuite ?? '';
  let keyExchange: ServerKeyExchange;
  try {
    keyExchange = readServerKeyExchange(reader, version, suite);
  } catch (error) {
    if (!(error instanceof DecodeError) || error.fault !== 'unsupported') throw error;
    return { keyExchange: undefined, doubt: { problem: error.message } };
  }
  tellParameters(exchange, keyExchange);
  const { signatureScheme, signature } = keyExchange;
  // Before TLS 1.2 the hash is MD5 with SHA-1, which node:crypto does not sign or verify.
  if (signature === undefined || signatureScheme === undefined || version < Version.TLS12) {
    return { keyExchange, doubt: {} };
  }
  const parameters = writeServerKeyExchange({ ...keyExchange, signatureScheme: undefined, signature: undefined });
  const content = Buffer.concat([clientRandom, serverRandom, parameters]);
  const problem = verifyServerSignature(exchange, signatureScheme, 'tls12', content, signature);
  return { keyExchange, doubt: problem === undefined ? {} : { problem } };
}

function tellParameters(exchange: Exchange, { parameters }: ServerKeyExchange): void {
  const { facts, request } = exchange;
  if (parameters.kind === 'dh') {
    facts.dhBits = bitLength(parameters.p);
    return;
  }
  const code = parameters.namedGroup;
  facts.namedGroup = NAMED_GROUPS.name(code);
  facts.namedGroupCode = code;
  if (!request.offer.namedGroups.includes(code)) throw malformed(`${facts.namedGroup} was not offered`);
}

/** Whether the suite wants a ServerKeyExchange, a key of the certificate, or what we cannot do. */
export function keyExchangeKind(suite: string): 'ephemeral' | 'rsa' | 'unsupported' {
  const { keyExchange } = suiteProperties(suite);
  if (keyExchange === 'RSA') return 'rsa';
  if (keyExchange === 'DHE' || keyExchange === 'ECDHE') return 'ephemeral';
  return (keyExchange === 'DH' || keyExchange === 'ECDH') && isAnonymous(suite) ? 'ephemeral' : 'unsupported';
}
