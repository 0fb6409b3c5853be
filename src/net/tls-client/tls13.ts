import { timingSafeEqual } from 'node:crypto';
import { copyOf } from '../../bytes/copy.ts';
import { Reader } from '../../bytes/reader.ts';
import { type AeadCipher, tls13Cipher } from '../../tls/bulk-cipher.ts';
import { readCertificate13, writeCertificate13 } from '../../tls/certificate.ts';
import { readCertificateRequest13, requestedByTls13 } from '../../tls/certificate-request.ts';
import { ContentType, HandshakeType, NAMED_GROUPS } from '../../tls/code-points.ts';
import { readEncryptedExtensions } from '../../tls/encrypted-extensions.ts';
import { alpn, alpnText, serverKeyShare } from '../../tls/extension-values.ts';
import { extensionValue } from '../../tls/extensions.ts';
import { readCertificateVerify } from '../../tls/handshake.ts';
import * as schedule from '../../tls/key-schedule.ts';
import { openTls13Record, sealTls13Record } from '../../tls/record-protection.ts';
import type { ServerHello } from '../../tls/server-hello.ts';
import { clientCertificate } from './client-certificate.ts';
import { type EndingFacts, flightOnly, malformed } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { SentHello } from './handshake.ts';
import { changeCipherSpecOnce } from './hello-retry.ts';
import { requestedCertificate, verifyServerSignature } from './server-certificates.ts';
import { TrafficTls13 } from './traffic-tls13.ts';
import { verdictTls13 } from './verdict-tls13.ts';

interface Keys {
  readonly suite: string;
  readonly cipher: AeadCipher;
  readonly handshake: Uint8Array;
  /** Handshake traffic secrets. */
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** What a CertificateRequest leaves for our flight. */
interface Asked {
  readonly context: Uint8Array;
  readonly schemes: readonly number[];
}

/** TLS 1.3 from the ServerHello on (RFC 8446 section 2). */
export async function converseTls13(
  exchange: Exchange,
  serverHello: ServerHello,
  sent: SentHello,
): Promise<EndingFacts> {
  const keys = agree(exchange, serverHello, sent);
  const { asked, problem } = await readFlight(exchange, keys);
  exchange.facts.durationMs = performance.now() - exchange.startedAt;
  const master = schedule.masterSecret(keys.cipher.hash, keys.handshake);
  const transcript = exchange.hash(keys.cipher.hash);
  const client = schedule.clientApplicationTrafficSecret(keys.cipher.hash, master, transcript);
  const server = schedule.serverApplicationTrafficSecret(keys.cipher.hash, master, transcript);
  exchange.addSecret('CLIENT_TRAFFIC_SECRET_0', client);
  exchange.addSecret('SERVER_TRAFFIC_SECRET_0', server);
  const traffic = new TrafficTls13(exchange, keys.suite, keys.cipher.hash, server, client);
  traffic.openReads();
  if (exchange.request.goal === 'server-flight' || problem !== undefined) throw flightOnly(problem);
  if (asked !== undefined) await traffic.passEarly();
  sendFlight(exchange, keys, asked);
  traffic.sealWrites();
  exchange.established = true;
  return verdictTls13(exchange, traffic);
}

function agree(exchange: Exchange, serverHello: ServerHello, sent: SentHello): Keys {
  const { facts } = exchange;
  const suite = facts.cipherSuite ?? '';
  const cipher = tls13Cipher(suite);
  if (cipher === undefined) throw flightOnly(`${suite} cannot be computed with`);
  if (!Buffer.from(sent.identity.sessionId).equals(serverHello.sessionId)) {
    throw malformed('legacy_session_id_echo is not what we sent');
  }
  const share = extensionValue(serverHello.extensions, serverKeyShare);
  if (share === undefined) throw malformed('ServerHello without key_share');
  const name = NAMED_GROUPS.name(share.group);
  facts.namedGroup = name;
  facts.namedGroupCode = share.group;
  const agreement = sent.agreements.find((one) => one.group === share.group);
  if (agreement === undefined) throw malformed(`key_share of ${name}, of which we sent none`);
  const { hash } = cipher;
  const handshake = schedule.handshakeSecret(hash, schedule.earlySecret(hash), agreement.agree(share.keyExchange));
  const transcript = exchange.hash(hash);
  const client = schedule.clientHandshakeTrafficSecret(hash, handshake, transcript);
  const server = schedule.serverHandshakeTrafficSecret(hash, handshake, transcript);
  exchange.addSecret('CLIENT_HANDSHAKE_TRAFFIC_SECRET', client);
  exchange.addSecret('SERVER_HANDSHAKE_TRAFFIC_SECRET', server);
  exchange.records.openWith({ form: 'tls13', opener: openTls13Record(suite, server) });
  return { suite, cipher, handshake, client, server };
}

/** EncryptedExtensions to Finished. `problem`: why the signature of the server could not be checked. */
async function readFlight(
  exchange: Exchange,
  keys: Keys,
): Promise<{ readonly asked: Asked | undefined; readonly problem: string | undefined }> {
  await readExtensions(exchange);
  let message = await exchange.expect(HandshakeType.certificateRequest, HandshakeType.certificate);
  let asked: Asked | undefined;
  if (message.type === HandshakeType.certificateRequest) {
    asked = readRequest(exchange, message.body);
    exchange.transcript.push(message.raw);
    message = await exchange.expect(HandshakeType.certificate);
  } else {
    exchange.facts.certificateRequest = 'none';
  }
  const { entries } = readCertificate13(new Reader(message.body, 'certificate'));
  exchange.facts.certificates = entries.map(({ certificate }) => copyOf(certificate));
  exchange.transcript.push(message.raw);
  const problem = await readVerify(exchange, keys);
  await readFinished(exchange, keys);
  return { asked, problem };
}

async function readExtensions(exchange: Exchange): Promise<void> {
  const message = await exchange.expect(HandshakeType.encryptedExtensions);
  const extensions = readEncryptedExtensions(new Reader(message.body, 'encrypted_extensions'));
  const [protocol] = extensionValue(extensions, alpn) ?? [];
  if (protocol !== undefined) exchange.facts.alpn = alpnText(protocol);
  exchange.transcript.push(message.raw);
}

function readRequest(exchange: Exchange, body: Uint8Array): Asked {
  const request = readCertificateRequest13(new Reader(body, 'certificate_request'));
  const told = requestedByTls13(request);
  exchange.facts.certificateRequest = requestedCertificate(told);
  return { context: copyOf(request.requestContext), schemes: told.signatureSchemes ?? [] };
}

async function readVerify(exchange: Exchange, { cipher }: Keys): Promise<string | undefined> {
  const message = await exchange.expect(HandshakeType.certificateVerify);
  const verify = readCertificateVerify(new Reader(message.body, 'certificate_verify'), 0x0304);
  const content = signedContent('server', exchange.hash(cipher.hash));
  exchange.transcript.push(message.raw);
  return verifyServerSignature(exchange, verify.signatureScheme ?? 0, 'tls13', content, verify.signature);
}

/** RFC 8446 section 4.4.3. */
function signedContent(side: 'server' | 'client', transcript: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${' '.repeat(64)}TLS 1.3, ${side} CertificateVerify\0`, 'latin1'), transcript]);
}

async function readFinished(exchange: Exchange, keys: Keys): Promise<void> {
  const message = await exchange.expect(HandshakeType.finished);
  const expected = schedule.finishedVerifyData(keys.cipher.hash, keys.server, exchange.hash(keys.cipher.hash));
  if (expected.length !== message.body.length || !timingSafeEqual(expected, message.body)) {
    throw malformed('Finished of the server does not verify');
  }
  if (exchange.messages.pending) throw malformed('messages behind Finished in its record');
  exchange.transcript.push(message.raw);
}

/**
 * In one record and one write: a server that judges the certificate as soon as it has read it, and closes, leaves
 * nothing unread then, for which its kernel would answer with a reset that outruns the alert.
 */
function sendFlight(exchange: Exchange, keys: Keys, asked: Asked | undefined): void {
  const flight: Uint8Array[] = asked === undefined ? [] : authentication(exchange, keys, asked);
  const { hash } = keys.cipher;
  const verifyData = schedule.finishedVerifyData(hash, keys.client, exchange.hash(hash));
  flight.push(exchange.compose(HandshakeType.finished, verifyData));
  exchange.awaiting = asked === undefined ? 'finished' : 'certificate';
  exchange.records.sealWith(sealTls13Record(keys.suite, keys.client));
  const records = exchange.records.encode(ContentType.handshake, exchange.recordVersion, Buffer.concat(flight));
  exchange.records.sendEncoded(Buffer.concat([changeCipherSpecOnce(exchange), records]));
}

function authentication(exchange: Exchange, keys: Keys, asked: Asked): Uint8Array[] {
  const { certificates, verify } = clientCertificate(exchange, asked.schemes, 'tls13');
  const entries = certificates.map((certificate) => ({ certificate, extensions: [] }));
  const body = writeCertificate13({ requestContext: asked.context, entries });
  const flight = [exchange.compose(HandshakeType.certificate, body)];
  if (verify === undefined) return flight;
  const content = signedContent('client', exchange.hash(keys.cipher.hash));
  return [...flight, exchange.compose(HandshakeType.certificateVerify, verify(content))];
}
