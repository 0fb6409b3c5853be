import type { Side } from '../bytes/stream.ts';
import { isTls13 } from './code-points.ts';
import { type ConnectionFacts, otherSide, roles, type SideFacts } from './connection-facts.ts';
import type { TlsReading } from './reading.ts';

type Refusal = NonNullable<TlsReading['refusal']>;

export interface Outcome {
  readonly outcome: TlsReading['outcome'];
  readonly refusal: Refusal | undefined;
}

const INCOMPLETE: Outcome = { outcome: 'incomplete', refusal: undefined };
const ESTABLISHED: Outcome = { outcome: 'established', refusal: undefined };

/** How the handshake ended, as far as the captured bytes tell. */
export function outcomeOf(facts: ConnectionFacts): Outcome {
  const alert = facts.alerts.findIndex((a) => a.level === 'fatal');
  if (alert >= 0) {
    return refused(leavingClient(facts, alert) ?? alertRefusal(facts, alert));
  }
  const encrypted = encryptedRefusal(facts);
  if (encrypted !== undefined) {
    return refused(encrypted);
  }
  if (isEstablished(facts)) {
    return ESTABLISHED;
  }
  const closing = closingRefusal(facts);
  if (closing !== undefined) {
    return refused(closing);
  }
  const answeredInAnotherProtocol = facts.clientSide !== undefined && facts.sides[otherSide(facts.clientSide)].foreign;
  return answeredInAnotherProtocol ? { outcome: 'refused', refusal: undefined } : INCOMPLETE;
}

function refused(refusal: Refusal): Outcome {
  return { outcome: 'refused', refusal };
}

function alertRefusal(facts: ConnectionFacts, index: number): Refusal {
  const alert = facts.alerts[index]!;
  return { side: alert.side, how: 'alert', after: facts.alertsAfter[index] ?? 'nothing', frame: alert.frame };
}

/**
 * A client that leaves without an answer to the server's flight, as one does that dislikes the certificate and says
 * nothing: what the server (GnuTLS) alerts into the closed connection is no refusal by it.
 */
function leavingClient(facts: ConnectionFacts, index: number): Refusal | undefined {
  const { clientSide, serverHello } = facts;
  if (clientSide === undefined || serverHello === undefined || facts.alertsLate[index] !== true) return undefined;
  const { client, server } = roles(facts);
  const isSilent =
    client.certificate === undefined &&
    !client.clientKeyExchange &&
    !client.changeCipherSpec &&
    client.applicationCount === 0;
  const { closed } = client;
  if (facts.alerts[index]!.side === clientSide || !isSilent || closed === undefined || closed.how === 'cut') {
    return undefined;
  }
  const lost = client.gapped || server.gapped;
  const how = closed.how === 'fin' ? 'fin' : 'reset';
  return lost ? undefined : { side: clientSide, how, after: messageBefore(facts, clientSide) };
}

/**
 * What record protection of TLS 1.3 adds to a message: type and tag, and 16 more where the sender pads as JSSE does
 * (measured on Flink 1.16 to 2.3). CCM_8 has a tag of 8 octets (RFC 6655 section 4).
 */
export function recordOverheads(cipherSuite: string): readonly [plain: number, padded: number] {
  return cipherSuite.endsWith('CCM_8_SHA256') ? [9, 25] : [17, 33];
}

/** Length of an encrypted alert record of TLS 1.3; no shorter handshake message is sent alone. */
export function isAlertLength(length: number | undefined, cipherSuite: string): boolean {
  return length !== undefined && recordOverheads(cipherSuite).includes(length - 2);
}

function encryptedRefusal(facts: ConnectionFacts): Refusal | undefined {
  const { serverHello, clientSide } = facts;
  if (serverHello === undefined || clientSide === undefined || !isTls13(serverHello.version)) {
    return undefined;
  }
  const { client, server } = roles(facts);
  // Where a key log opened an alert, its text is judged and not its length.
  const opened = (side: Side): boolean => facts.alerts.some((alert) => alert.side === side);
  const { cipherSuite } = serverHello;
  // Early data may have any length.
  const inFlight = facts.clientHello?.offersEarlyData === true;
  if (!inFlight && isAlertLength(client.applicationLengths[0], cipherSuite) && !client.gapped && !opened(clientSide)) {
    return refusalBy(clientSide, client, server.lastMessage ?? 'server_hello');
  }
  const byServer = isRefusedByServer(client, server, cipherSuite) && !opened(otherSide(clientSide));
  return byServer ? refusalBy(otherSide(clientSide), server, 'finished') : undefined;
}

function refusalBy(side: Side, sender: SideFacts, after: string): Refusal {
  const frame = sender.lastApplication?.frame;
  return { side, how: 'encrypted-alert', after, ...(frame === undefined ? {} : { frame }) };
}

/** The first record after the client's flight is an alert and the last one, the client did not say goodbye first. */
function isRefusedByServer(client: SideFacts, server: SideFacts, cipherSuite: string): boolean {
  const onlyAlert = !server.gapped && server.afterPeer.length === 1 && isAlertLength(server.afterPeer[0], cipherSuite);
  const clientLeftFirst = client.applicationLengths.slice(1).some((length) => isAlertLength(length, cipherSuite));
  const closes = server.closed !== undefined && server.closed.how !== 'cut';
  return onlyAlert && !clientLeftFirst && closes;
}

function isEstablished(facts: ConnectionFacts): boolean {
  const { client, server } = roles(facts);
  if (facts.serverHello !== undefined && isTls13(facts.serverHello.version)) {
    return isEstablished13(facts, client, server, facts.serverHello.cipherSuite);
  }
  if (client.changeCipherSpec && server.changeCipherSpec) {
    return facts.serverHello !== undefined || client.applicationCount + server.applicationCount > 0;
  }
  if (client.applicationCount > 0 && server.applicationCount > 0) {
    return true;
  }
  const seen = !server.sawBytes ? client : !client.sawBytes ? server : undefined;
  return seen?.changeCipherSpec === true && seen.applicationCount > 0;
}

function isEstablished13(facts: ConnectionFacts, client: SideFacts, server: SideFacts, cipherSuite: string): boolean {
  if (facts.decrypted && client.finishedRead && server.finishedRead && !isTurnedAway(client, server)) {
    return true;
  }
  if (!client.sawBytes) {
    // The server's flight, tickets and alerts cannot be told apart; this many records are application data.
    return server.applicationCount > APPLICATION_FLOWS;
  }
  const more = client.applicationCount - flightRecords(client);
  if (!server.sawBytes || server.afterPeer.length === 0) {
    return more > 0 && !isAlertLength(client.applicationLengths.at(-1), cipherSuite) && server.closed === undefined;
  }
  return client.applicationCount > 0;
}

/** Servers that judge the certificate after the handshake (Node) close without a ticket, an alert or an answer. */
function isTurnedAway(client: SideFacts, server: SideFacts): boolean {
  const { closed } = server;
  const leftFirst = closed !== undefined && (client.closed === undefined || closed.order < client.closed.order);
  return leftFirst && closed.how !== 'cut' && server.afterPeer.length === 0 && !server.gapped;
}

/** Records of the longest server flight seen, one a message, and two tickets. */
const APPLICATION_FLOWS = 8;

/** Records that the client's handshake takes: one (Netty), or one a message (JSSE sockets, OpenSSL). */
function flightRecords(client: SideFacts): number {
  const first = client.applicationLengths[0] ?? 0;
  const separate =
    first >= 300 && (client.applicationLengths[1] ?? 0) < 600 && (client.applicationLengths[2] ?? 0) < 90;
  return first === 25 || first === 41 ? 2 : separate ? 3 : 1;
}

/** A close by one side before the handshake was through. What follows no byte of the server is no refusal by it. */
function closingRefusal(facts: ConnectionFacts): Refusal | undefined {
  const { clientSide } = facts;
  const closer = firstCloser(facts);
  if (clientSide === undefined || closer === undefined || facts.clientHello === undefined) {
    return undefined;
  }
  const { client, server } = roles(facts);
  const unseen = client.gapped || server.gapped || (closer.side === clientSide && !server.sawBytes);
  if (unseen) {
    return undefined;
  }
  const flightSent =
    facts.serverHello !== undefined && isTls13(facts.serverHello.version) && client.applicationCount > 0;
  if (flightSent && closer.side === clientSide) {
    return undefined;
  }
  return { side: closer.side, how: closer.how, after: flightSent ? 'finished' : messageBefore(facts, closer.side) };
}

function firstCloser(facts: ConnectionFacts): { readonly side: Side; readonly how: 'fin' | 'reset' } | undefined {
  const [a, b] = [facts.sides[0].closed, facts.sides[1].closed];
  const side: Side = a !== undefined && (b === undefined || a.order < b.order) ? 0 : 1;
  const closed = facts.sides[side].closed;
  return closed === undefined || closed.how === 'cut'
    ? undefined
    : { side, how: closed.how === 'fin' ? 'fin' : 'reset' };
}

/** Last message of the other side that a refusal answers; of one's own where there is none. */
export function messageBefore(facts: ConnectionFacts, side: Side): string {
  const peer = facts.sides[otherSide(side)];
  if (peer.certificate?.certificates.length === 0 && peer.certificate.complete) {
    return 'empty certificate';
  }
  return peer.lastMessage ?? facts.sides[side].lastMessage ?? 'nothing';
}
