import { clientAuthenticationOf } from './client-authentication.ts';
import { isTls13, versionName } from './code-points.ts';
import { type ChainFacts, type ConnectionFacts, roles, type SideFacts } from './connection-facts.ts';
import { outcomeOf } from './outcome.ts';
import type { AlertReading, SeenChain, TlsReading } from './reading.ts';

/** What the record layer counted. */
export interface FramingTotals {
  readonly resynchronisations: number;
  readonly unframedBytes: number;
}

/** The public reading of what was gathered so far. */
export function readingOf(facts: ConnectionFacts, framing: FramingTotals, problems: readonly string[]): TlsReading {
  const { client, server } = roles(facts);
  const outcome = outcomeOf(facts);
  const resumed = resumptionOf(facts);
  const hello = facts.clientHello;
  const choice = facts.serverHello;
  const first = firstRecord(facts);
  const tls13 = choice !== undefined && isTls13(choice.version);
  const reading: Mutable<TlsReading> = {
    startedAtOffset: first?.streamOffset ?? 0,
    startedAtFrame: first?.frame ?? 0,
    outcome: outcome.outcome,
    sawClientHello: hello !== undefined,
    sawServerHello: choice !== undefined,
    resumed,
    alpn: alpnOf(facts, tls13),
    helloRetryRequest: facts.helloRetryRequest,
    encryptThenMac: choice?.encryptThenMac ?? false,
    alerts:
      outcome.refusal?.how === 'encrypted-alert'
        ? [...facts.alerts, inferredAlert(outcome.refusal)]
        : [...facts.alerts],
    records: { client: { ...client.totals }, server: { ...server.totals } },
    serverCertificate: serverChain(facts, server, resumed),
    clientCertificate: clientChain(facts, client, server, resumed),
    clientAuthentication: clientAuthenticationOf(facts, outcome, resumed),
    decrypted: facts.decrypted,
    resynchronisations: framing.resynchronisations,
    unframedBytes: framing.unframedBytes,
    firstApplicationRecords: { client: [...client.applicationLengths], server: [...server.applicationLengths] },
    problems: [...problems],
  };
  // Optional fields are set one by one: spreading each into the literal cost more than the whole handshake.
  set(reading, 'clientSide', facts.clientSide);
  set(reading, 'refusal', outcome.refusal);
  set(reading, 'version', choice === undefined ? undefined : versionName(choice.version));
  set(reading, 'cipherSuite', choice?.cipherSuite);
  set(reading, 'namedGroup', choice?.namedGroup ?? server.keyExchange?.namedGroup);
  set(reading, 'signatureScheme', tls13 ? server.certificateVerifyScheme : server.keyExchange?.signatureScheme);
  set(reading, 'serverName', hello?.serverName);
  set(reading, 'ja3', hello?.ja3);
  set(reading, 'ja3s', choice?.ja3s);
  set(reading, 'ja4', hello?.ja4);
  set(reading, 'dh', server.keyExchange?.dh);
  set(reading, 'offered', hello === undefined ? undefined : offerOf(hello));
  return reading;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function set<K extends keyof TlsReading>(reading: Mutable<TlsReading>, key: K, value: TlsReading[K] | undefined): void {
  if (value !== undefined) {
    (reading as Record<K, TlsReading[K]>)[key] = value;
  }
}

function offerOf(hello: NonNullable<ConnectionFacts['clientHello']>): NonNullable<TlsReading['offered']> {
  const { versions, cipherSuites, namedGroups, signatureSchemes } = hello;
  return { versions, cipherSuites, namedGroups, signatureSchemes };
}

function firstRecord(facts: ConnectionFacts): SideFacts['firstRecord'] {
  const { client, server } = roles(facts);
  return client.firstRecord ?? server.firstRecord;
}

/** TLS 1.3 hides the choice in EncryptedExtensions: the offer stands for it then. */
function alpnOf(facts: ConnectionFacts, tls13: boolean): readonly string[] {
  const { server } = roles(facts);
  const choice = server.alpnChoice ?? facts.serverHello?.alpn;
  if (choice !== undefined) {
    return [choice];
  }
  const hidden = facts.serverHello === undefined || (tls13 && !server.finishedRead);
  return hidden ? (facts.clientHello?.alpn ?? []) : [];
}

/** An alert that only its length gave away: neither level nor code is known. */
function inferredAlert(refusal: NonNullable<TlsReading['refusal']>): AlertReading {
  const { side, frame = 0 } = refusal;
  return { side, level: 'fatal', description: 'encrypted', code: -1, frame, encrypted: true };
}

/**
 * TLS 1.3: pre_shared_key in the ServerHello; the session id is an echo of filler there. Before: the server goes from
 * its hello straight to change_cipher_spec (RFC 5246 section 7.3, RFC 5077 section 3.1).
 */
export function resumptionOf(facts: ConnectionFacts): TlsReading['resumed'] {
  const { server } = roles(facts);
  if (facts.serverHello === undefined) {
    return 'unknown';
  }
  if (isTls13(facts.serverHello.version)) {
    return facts.serverHello.preSharedKey;
  }
  if (server.certificate !== undefined || server.helloDone || server.keyExchange !== undefined) {
    return false;
  }
  return server.changeCipherSpec && !server.lost ? true : 'unknown';
}

function present(chain: ChainFacts): SeenChain {
  return chain.certificates.length === 0 && chain.complete
    ? { seen: 'absent' }
    : { seen: 'present', truncated: !chain.complete, certificates: chain.certificates };
}

function serverChain(facts: ConnectionFacts, server: SideFacts, resumed: TlsReading['resumed']): SeenChain {
  if (server.certificate !== undefined) {
    return present(server.certificate);
  }
  if (resumed === true) {
    return { seen: 'hidden', because: 'resumed' };
  }
  if (isEncryptedFlight(facts, server)) {
    return { seen: 'hidden', because: 'encrypted' };
  }
  if (server.lost) {
    return { seen: 'hidden', because: 'truncated' };
  }
  // Anonymous and PSK suites: the flight went by without one.
  return server.helloDone || server.finishedRead ? { seen: 'absent' } : { seen: 'hidden', because: 'not-reached' };
}

function clientChain(
  facts: ConnectionFacts,
  client: SideFacts,
  server: SideFacts,
  resumed: TlsReading['resumed'],
): SeenChain {
  if (client.certificate !== undefined) {
    return present(client.certificate);
  }
  if (resumed === true) {
    return { seen: 'hidden', because: 'resumed' };
  }
  if (isEncryptedFlight(facts, client)) {
    return { seen: 'hidden', because: 'encrypted' };
  }
  if (client.lost) {
    return { seen: 'hidden', because: 'truncated' };
  }
  const passedOver = client.clientKeyExchange || client.finishedRead;
  const notAsked = (server.helloDone || server.finishedRead) && server.certificateRequest === undefined && !server.lost;
  return passedOver || notAsked ? { seen: 'absent' } : { seen: 'hidden', because: 'not-reached' };
}

/** A flight of TLS 1.3 that was sent, or may have been, and that no key opened. */
function isEncryptedFlight(facts: ConnectionFacts, side: SideFacts): boolean {
  return facts.serverHello !== undefined && isTls13(facts.serverHello.version) && !side.finishedRead;
}
