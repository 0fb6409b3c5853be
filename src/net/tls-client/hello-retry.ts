import { tls13Cipher } from '../../tls/bulk-cipher.ts';
import { CIPHER_SUITES } from '../../tls/cipher-suites.ts';
import { ContentType, HandshakeType, NAMED_GROUPS } from '../../tls/code-points.ts';
import { cookie, retryGroup } from '../../tls/extension-values.ts';
import { extensionValue } from '../../tls/extensions.ts';
import { messageHash } from '../../tls/key-schedule.ts';
import type { ServerHello } from '../../tls/server-hello.ts';
import { flightOnly, malformed } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { SentHello } from './handshake.ts';
import { keyAgreement } from './key-agreement.ts';
import { composeHello } from './offer.ts';

/**
 * Sends the second ClientHello that a HelloRetryRequest asks for (RFC 8446 section 4.1.4).
 *
 * @throws Ending `flight` where the group was all that the request wanted to know, or Node cannot compute with it
 */
export function followRetry(exchange: Exchange, retry: ServerHello, first: SentHello): SentHello {
  const { facts, request } = exchange;
  const { offer } = request;
  facts.helloRetryRequest = true;
  const group = extensionValue(retry.extensions, retryGroup);
  const cookieValue = extensionValue(retry.extensions, cookie);
  if (group !== undefined) {
    facts.namedGroup = NAMED_GROUPS.name(group);
    facts.namedGroupCode = group;
  }
  checkRetry(exchange, group, cookieValue, first);
  if (request.goal === 'server-flight' && offer.keyShares.length === 0) throw flightOnly();
  const fresh = group === undefined ? first.agreements : [keyAgreement(group)].flatMap((one) => one ?? []);
  if (group !== undefined && fresh.length === 0) throw flightOnly(`no key share of ${facts.namedGroup} can be made`);
  const cipher = tls13Cipher(CIPHER_SUITES.name(retry.cipherSuite));
  if (cipher === undefined) throw flightOnly(`${facts.cipherSuite} cannot be computed with`);
  exchange.transcript = [messageHash(cipher.hash, exchange.transcript[0]!), ...exchange.transcript.slice(1)];
  const shares = fresh.map((one) => ({ group: one.group, keyExchange: one.publicKey }));
  const body = composeHello(offer, first.identity, shares, cookieValue);
  const message = exchange.compose(HandshakeType.clientHello, body);
  const records = exchange.records.encode(ContentType.handshake, exchange.recordVersion, message);
  exchange.records.sendEncoded(Buffer.concat([changeCipherSpecOnce(exchange), records]));
  return { identity: first.identity, agreements: fresh };
}

function checkRetry(
  exchange: Exchange,
  group: number | undefined,
  cookieValue: Uint8Array | undefined,
  first: SentHello,
): void {
  const { offer } = exchange.request;
  const name = exchange.facts.namedGroup;
  if (group === undefined && cookieValue === undefined) throw malformed('HelloRetryRequest that asks for nothing');
  if (group !== undefined && !offer.namedGroups.includes(group)) throw malformed(`${name} was not offered`);
  if (group !== undefined && first.agreements.some((one) => one.group === group)) {
    throw malformed(`HelloRetryRequest for ${name}, of which a share was sent`);
  }
}

/** For middleboxes, once, before our second flight (RFC 8446 appendix D.4). */
export function changeCipherSpecOnce(exchange: Exchange): Uint8Array {
  if (exchange.middleboxesFed) return new Uint8Array(0);
  exchange.middleboxesFed = true;
  return Uint8Array.of(ContentType.changeCipherSpec, 3, 3, 0, 1, 1);
}
