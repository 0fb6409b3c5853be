import { randomBytes } from 'node:crypto';
import { DecodeError, Reader } from '../../bytes/reader.ts';
import { CIPHER_SUITES, suiteProperties } from '../../tls/cipher-suites.ts';
import { HandshakeType, isTls13, Version, versionName } from '../../tls/code-points.ts';
import { isHelloRetryRequest, negotiatedVersion, readServerHello, type ServerHello } from '../../tls/server-hello.ts';
import type { Wire } from '../wire.ts';
import { Ending, type EndingFacts, malformed } from './ending.ts';
import { Exchange } from './exchange.ts';
import { followRetry } from './hello-retry.ts';
import { type KeyAgreement, keyAgreement } from './key-agreement.ts';
import { composeHello, type HelloIdentity, helloRecordVersion, legacyVersion, offersTls13 } from './offer.ts';
import { converseTls12 } from './tls12.ts';
import { converseTls13 } from './tls13.ts';
import type { HandshakeRequest, HandshakeResult } from './types.ts';

/**
 * One TLS handshake over an open connection, as far as the request asks for it.
 *
 * Never rejects: whatever the server does is a result. A finished handshake is left with close_notify; the connection
 * itself is the caller's to close, with FIN: see {@link Exchange.closeNotify}.
 */
export async function handshake(wire: Wire, request: HandshakeRequest): Promise<HandshakeResult> {
  const exchange = new Exchange(wire, request);
  const ending = await endingOf(exchange);
  // A refused connection is over on both sides: an alert of ours would be answered by a reset.
  if (ending.end !== 'refused') exchange.closeNotify();
  const { facts } = exchange;
  return { helloRetryRequest: false, presented: 'nothing', ...facts, ...ending };
}

async function endingOf(exchange: Exchange): Promise<EndingFacts> {
  try {
    return await negotiate(exchange);
  } catch (error) {
    if (error instanceof Ending) return error.facts;
    if (error instanceof DecodeError) return { end: 'malformed', problem: error.message };
    // Primitives refuse values by errors of their own: a point off its curve, a key that is too short.
    return { end: 'malformed', problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Our ClientHello as it was sent last, with the keys of its shares. */
export interface SentHello {
  readonly identity: HelloIdentity;
  readonly agreements: readonly KeyAgreement[];
}

async function negotiate(exchange: Exchange): Promise<EndingFacts> {
  const { offer } = exchange.request;
  let sent = sendHello(exchange);
  let serverHello = await readHello(exchange);
  if (isHelloRetryRequest(serverHello)) {
    const retried = serverHello.cipherSuite;
    sent = followRetry(exchange, serverHello, sent);
    serverHello = await readHello(exchange);
    if (serverHello.cipherSuite !== retried) throw malformed('another cipher suite than the HelloRetryRequest chose');
    if (isHelloRetryRequest(serverHello)) throw malformed('a second HelloRetryRequest');
    if (exchange.facts.version !== 'TLSv1.3') throw malformed('HelloRetryRequest, then a version before TLSv1.3');
  }
  const version = negotiatedVersion(serverHello);
  if (!offer.cipherSuites.includes(serverHello.cipherSuite)) {
    throw malformed(`${CIPHER_SUITES.name(serverHello.cipherSuite)} was not offered`);
  }
  return isTls13(version)
    ? converseTls13(exchange, serverHello, sent)
    : converseTls12(exchange, serverHello, sent.identity);
}

function sendHello(exchange: Exchange): SentHello {
  const { offer } = exchange.request;
  const identity = {
    random: new Uint8Array(randomBytes(32)),
    sessionId: new Uint8Array(randomBytes(offersTls13(offer) ? 32 : 0)),
  };
  exchange.clientRandom = identity.random;
  exchange.recordVersion = helloRecordVersion(offer);
  const agreements = offersTls13(offer) ? offer.keyShares.flatMap((group) => keyAgreement(group) ?? []) : [];
  const shares = agreements.map(({ group, publicKey }) => ({ group, keyExchange: publicKey }));
  exchange.sendMessages(exchange.compose(HandshakeType.clientHello, composeHello(offer, identity, shares)));
  return { identity, agreements };
}

async function readHello(exchange: Exchange): Promise<ServerHello> {
  const message = await exchange.expect(HandshakeType.serverHello);
  const hello = readServerHello(new Reader(message.body, 'server_hello'));
  const version = negotiatedVersion(hello);
  const { facts } = exchange;
  facts.version = versionName(version);
  facts.cipherSuite = CIPHER_SUITES.name(hello.cipherSuite);
  facts.cipherSuiteCode = hello.cipherSuite;
  exchange.transcript.push(message.raw);
  checkVersion(exchange, version, hello);
  exchange.form = isTls13(version) ? 'tls13' : 'tls12';
  exchange.recordVersion = Math.min(version, Version.TLS12);
  if (exchange.messages.pending && exchange.form === 'tls13') {
    throw malformed('clear messages behind the ServerHello');
  }
  return hello;
}

/**
 * Without supported_versions a server may go below what we named (RFC 5246 appendix E.1): that is an answer, and the
 * result tells the version. With the extension it may choose from the list alone.
 */
function checkVersion(exchange: Exchange, version: number, hello: ServerHello): void {
  const { offer } = exchange.request;
  const offered = offersTls13(offer) ? offer.versions.includes(version) : version <= legacyVersion(offer);
  if (!offered || version < Version.SSL3) throw malformed(`${versionName(version)} was not offered`);
  if (hello.compressionMethod !== 0) throw malformed(`compression method ${hello.compressionMethod} was not offered`);
  const suiteIsTls13 = suiteProperties(CIPHER_SUITES.name(hello.cipherSuite)).keyExchange === 'TLS13';
  if (suiteIsTls13 !== isTls13(version)) {
    throw malformed(`${CIPHER_SUITES.name(hello.cipherSuite)} does not belong to ${versionName(version)}`);
  }
}
