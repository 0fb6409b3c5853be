import { timingSafeEqual } from 'node:crypto';
import { Reader } from '../../bytes/reader.ts';
import { type BulkCipher, tls12Cipher } from '../../tls/bulk-cipher.ts';
import { writeCertificate12 } from '../../tls/certificate.ts';
import { ContentType, HandshakeType, Version } from '../../tls/code-points.ts';
import { alpn, alpnText, encryptThenMac, extendedMasterSecret } from '../../tls/extension-values.ts';
import { extensionValue } from '../../tls/extensions.ts';
import { readNewSessionTicket } from '../../tls/handshake.ts';
import * as schedule from '../../tls/key-schedule.ts';
import { openTls12Record, sealTls12Record, type Tls12Keys, tls12Keys } from '../../tls/record-protection-tls12.ts';
import { negotiatedVersion, type ServerHello } from '../../tls/server-hello.ts';
import { exchangeApplicationData } from './application.ts';
import { type ClientCertificate, clientCertificate } from './client-certificate.ts';
import { type ClientExchange, clientExchange } from './client-key-exchange.ts';
import { Ending, type EndingFacts, flightOnly, malformed } from './ending.ts';
import type { Exchange } from './exchange.ts';
import { type FlightTls12, readFlightTls12 } from './flight-tls12.ts';
import { type HelloIdentity, legacyVersion } from './offer.ts';
import type { Heard } from './traffic-tls13.ts';

/**
 * Milliseconds of listening between our certificate and our Finished: at least, and in round trips. A server that
 * refuses the certificate says so within some ten; on a busy machine it takes longer, and what we send after it must
 * not depend on that.
 */
const LISTEN_MS_MIN = 200;
const LISTEN_ROUND_TRIPS = 1.25;

/** Everything that the keys are made from. */
interface Negotiated {
  readonly suite: string;
  readonly cipher: BulkCipher;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  readonly macOrder: 'mac-then-encrypt' | 'encrypt-then-mac';
  readonly extendedMaster: boolean;
}

/** TLS 1.2 and before, from the ServerHello on (RFC 5246 section 7.3); only 1.2 is ever finished. */
export async function converseTls12(
  exchange: Exchange,
  serverHello: ServerHello,
  identity: HelloIdentity,
): Promise<EndingFacts> {
  const [protocol] = extensionValue(serverHello.extensions, alpn) ?? [];
  if (protocol !== undefined) exchange.facts.alpn = alpnText(protocol);
  const version = negotiatedVersion(serverHello);
  const flight = await readFlightTls12(exchange, version, identity, serverHello.random);
  exchange.facts.durationMs = performance.now() - exchange.startedAt;
  if (exchange.request.goal === 'server-flight' || version < Version.TLS12) return { end: 'flight', ...flight.doubt };
  if (flight.doubt.problem !== undefined) throw flightOnly(flight.doubt.problem);
  const negotiated = negotiate(exchange, serverHello, identity);
  const { facts, request } = exchange;
  const { suite } = negotiated;
  const own = clientExchange(suite, flight, facts.certificates ?? [], legacyVersion(request.offer));
  return finish(exchange, negotiated, flight, own);
}

function negotiate(exchange: Exchange, hello: ServerHello, identity: HelloIdentity): Negotiated {
  const suite = exchange.facts.cipherSuite ?? '';
  const cipher = tls12Cipher(suite);
  if (cipher === undefined) throw flightOnly(`records of ${suite} cannot be protected`);
  const full = exchange.request.offer.shape === 'full';
  const encrypts = full && cipher.kind === 'cbc' && extensionValue(hello.extensions, encryptThenMac) === true;
  return {
    suite,
    cipher,
    clientRandom: identity.random,
    serverRandom: hello.random,
    macOrder: encrypts ? 'encrypt-then-mac' : 'mac-then-encrypt',
    extendedMaster: full && extensionValue(hello.extensions, extendedMasterSecret) === true,
  };
}

/**
 * Our flight goes out in two writes where a certificate was asked for. A server that judges it and closes while our
 * Finished stands unread makes its kernel send a reset, and the reset drops the alert: so we listen in between.
 */
async function finish(
  exchange: Exchange,
  negotiated: Negotiated,
  flight: FlightTls12,
  own: ClientExchange,
): Promise<EndingFacts> {
  const shown = flight.request && clientCertificate(exchange, flight.request.signatureSchemes ?? [], 'tls12');
  const certificate = shown === undefined ? [] : [composeCertificate(exchange, shown)];
  const keyExchange = exchange.compose(HandshakeType.clientKeyExchange, own.message);
  const master = masterSecret(exchange, negotiated, own.premasterSecret);
  exchange.addSecret('CLIENT_RANDOM', master);
  const first = [...certificate, keyExchange, ...composeVerify(exchange, shown)];
  const keys = keysOf(negotiated, master);
  if (shown !== undefined) {
    exchange.sendMessages(...first);
    exchange.awaiting = 'certificate';
    await listenForAlert(exchange);
    sendFinished(exchange, negotiated, keys.client, master, []);
  } else {
    sendFinished(exchange, negotiated, keys.client, master, first);
    exchange.awaiting = 'finished';
  }
  await readFinished(exchange, negotiated, keys.server, master);
  exchange.facts.proof = 'server-finished';
  exchange.established = true;
  return exchangeApplicationData(exchange, (deadline) => hear(exchange, deadline));
}

function composeCertificate(exchange: Exchange, { certificates }: ClientCertificate): Uint8Array {
  return exchange.compose(HandshakeType.certificate, writeCertificate12(certificates));
}

/** Over all messages so far (RFC 5246 section 7.4.8). */
function composeVerify(exchange: Exchange, shown: ClientCertificate | undefined): Uint8Array[] {
  if (shown?.verify === undefined) return [];
  const body = shown.verify(Buffer.concat(exchange.transcript));
  return [exchange.compose(HandshakeType.certificateVerify, body)];
}

/** The transcript ends with our ClientKeyExchange here (RFC 7627 section 3). */
function masterSecret(exchange: Exchange, negotiated: Negotiated, premaster: Uint8Array): Uint8Array {
  const { hash } = negotiated.cipher;
  return negotiated.extendedMaster
    ? schedule.tls12ExtendedMasterSecret(hash, premaster, exchange.hash(hash))
    : schedule.tls12MasterSecret(hash, premaster, negotiated.clientRandom, negotiated.serverRandom);
}

function keysOf(negotiated: Negotiated, master: Uint8Array): { client: Tls12Keys; server: Tls12Keys } {
  const keys = tls12Keys(negotiated.suite, master, negotiated.clientRandom, negotiated.serverRandom);
  if (keys === undefined) throw flightOnly(`records of ${negotiated.suite} cannot be protected`);
  return keys;
}

/** @throws Ending where the server refuses our certificate at once */
async function listenForAlert(exchange: Exchange): Promise<void> {
  const wait = Math.max(exchange.roundTrip * LISTEN_ROUND_TRIPS, LISTEN_MS_MIN);
  const said = await exchange.listen(performance.now() + wait);
  if (said.kind !== 'timeout') throw malformed(`${said.kind} before our Finished`);
}

function sendFinished(
  exchange: Exchange,
  negotiated: Negotiated,
  keys: Tls12Keys,
  master: Uint8Array,
  before: readonly Uint8Array[],
): void {
  const { records, recordVersion } = exchange;
  const { hash } = negotiated.cipher;
  const verifyData = schedule.tls12VerifyData(hash, master, 'client', exchange.hash(hash));
  const flight =
    before.length === 0 ? [] : [records.encode(ContentType.handshake, recordVersion, Buffer.concat(before))];
  flight.push(records.encode(ContentType.changeCipherSpec, recordVersion, Uint8Array.of(1)));
  records.sealWith(sealTls12Record(negotiated.suite, keys, negotiated.macOrder));
  flight.push(
    records.encode(ContentType.handshake, recordVersion, exchange.compose(HandshakeType.finished, verifyData)),
  );
  records.sendEncoded(Buffer.concat(flight));
}

/** [NewSessionTicket,] ChangeCipherSpec, Finished. @throws Ending `silent` where they do not come in time */
async function readFinished(
  exchange: Exchange,
  negotiated: Negotiated,
  keys: Tls12Keys,
  master: Uint8Array,
): Promise<void> {
  const deadline = exchange.verdictDeadline();
  const { hash } = negotiated.cipher;
  for (let protectedYet = false; ; ) {
    const said = await exchange.listen(deadline);
    if (said.kind === 'timeout') throw new Ending({ end: 'silent' });
    if (said.kind === 'change-cipher-spec' && !protectedYet && !exchange.messages.pending) {
      const opener = openTls12Record(negotiated.suite, keys, negotiated.macOrder);
      exchange.records.openWith({ form: 'tls12', opener });
      protectedYet = true;
    } else if (said.kind === 'handshake' && said.type === HandshakeType.newSessionTicket && !protectedYet) {
      readNewSessionTicket(new Reader(said.body, 'new_session_ticket'), Version.TLS12);
      exchange.transcript.push(said.raw);
    } else if (said.kind === 'handshake' && said.type === HandshakeType.finished && protectedYet) {
      const expected = schedule.tls12VerifyData(hash, master, 'server', exchange.hash(hash));
      const equal = expected.length === said.body.length && timingSafeEqual(expected, said.body);
      if (!equal) throw malformed('Finished of the server does not verify');
      return;
    } else {
      throw malformed(`${said.kind} in place of the server's Finished`);
    }
  }
}

/** What comes under the keys of a finished handshake; wishes to negotiate again are passed over. */
async function hear(exchange: Exchange, deadline: number): Promise<Heard> {
  for (;;) {
    const said = await exchange.listen(deadline);
    if (said.kind === 'timeout' || said.kind === 'application-data') return said;
    if (said.kind === 'change-cipher-spec') throw malformed('change_cipher_spec after the handshake');
  }
}
