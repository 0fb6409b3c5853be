import { finishedHashLength } from './cipher-suites.ts';
import { CLIENT_CERTIFICATE_TYPES, isTls13, signatureSchemeName } from './code-points.ts';
import { type ConnectionFacts, otherSide, roles, type SideFacts } from './connection-facts.ts';
import { isAlertLength, type Outcome, recordOverheads } from './outcome.ts';
import type { ClientAuthenticationReading, TlsReading } from './reading.ts';

type Verdict = Required<Pick<ClientAuthenticationReading, 'verdict' | 'presented' | 'basis' | 'evidence'>>;

/** Client authentication as a witness may state it: `required` needs a refusal, `not-requested` a full handshake. */
export function clientAuthenticationOf(
  facts: ConnectionFacts,
  outcome: Outcome,
  resumed: TlsReading['resumed'],
): ClientAuthenticationReading {
  const request = roles(facts).server.certificateRequest;
  const { verdict, presented, basis, evidence } = verdictOf(facts, outcome, resumed);
  return {
    verdict,
    presented,
    basis,
    evidence,
    certificateAuthorities: request?.authorities ?? [],
    certificateTypes: (request?.certificateTypes ?? []).map(CLIENT_CERTIFICATE_TYPES.name),
    signatureSchemes: (request?.signatureSchemes ?? []).map(signatureSchemeName),
  };
}

function verdictOf(facts: ConnectionFacts, outcome: Outcome, resumed: TlsReading['resumed']): Verdict {
  if (resumed === true) {
    return unknown('resumed: the certificates belong to an earlier handshake');
  }
  const { server } = roles(facts);
  const tls13 = facts.serverHello !== undefined && isTls13(facts.serverHello.version);
  return tls13 && !server.finishedRead ? byRecordLengths(facts, outcome) : byMessages(facts, outcome, tls13);
}

function unknown(evidence: string, basis: 'messages' | 'record-lengths' = 'messages'): Verdict {
  return { verdict: 'unknown', presented: 'unknown', basis, evidence };
}

function byMessages(facts: ConnectionFacts, outcome: Outcome, tls13: boolean): Verdict {
  const { client, server } = roles(facts);
  const presented = presentedIn(facts, client);
  if (server.certificateRequest !== undefined) {
    const refused = isRefusedByServer(facts, outcome) && (presented === 'empty' || presented === 'none');
    return refused
      ? { verdict: 'required', presented, basis: 'messages', evidence: refusalText(facts, outcome, presented) }
      : { verdict: 'requested', presented, basis: 'messages', evidence: 'CertificateRequest seen' };
  }
  if (presented === 'certificate' || presented === 'empty') {
    // RFC 5246 section 7.4.6: "only sent if the server requests a certificate".
    return { verdict: 'requested', presented, basis: 'messages', evidence: 'Certificate of the client seen' };
  }
  if (client.encryptedHandshakes > 1 && server.encryptedHandshakes > 1) {
    // Servers that ask for a certificate by path do so in a second handshake (RFC 5246 section 7.4.1.1).
    return unknown('renegotiated under encryption: what was asked there is hidden');
  }
  const flightSeen = tls13 ? server.finishedRead : server.helloDone;
  if (flightSeen && facts.serverHello !== undefined && !server.lost) {
    const evidence = `no CertificateRequest before ${tls13 ? 'Finished' : 'ServerHelloDone'}`;
    return { verdict: 'not-requested', presented: 'none', basis: 'messages', evidence };
  }
  return unknown(server.lost ? 'bytes of the server flight are missing' : 'server flight not seen to its end');
}

function presentedIn(facts: ConnectionFacts, client: SideFacts): ClientAuthenticationReading['presented'] {
  if (client.certificate !== undefined) {
    const empty = client.certificate.certificates.length === 0 && client.certificate.complete;
    return empty ? 'empty' : 'certificate';
  }
  // SSL 3.0 clients without a certificate say so by an alert.
  const noCertificate = facts.alerts.some((alert) => alert.side === facts.clientSide && alert.code === 41);
  const passedOver = client.clientKeyExchange || client.finishedRead;
  return noCertificate || (passedOver && !client.lost) ? 'none' : 'unknown';
}

function isRefusedByServer(facts: ConnectionFacts, outcome: Outcome): boolean {
  return facts.clientSide !== undefined && outcome.refusal?.side === otherSide(facts.clientSide);
}

function refusalText(facts: ConnectionFacts, outcome: Outcome, presented: string): string {
  const alert = facts.alerts.find((a) => a.level === 'fatal' && a.side === outcome.refusal?.side);
  const how = alert !== undefined && alert.encrypted !== true ? `alert ${alert.description}` : outcome.refusal?.how;
  return `${presented === 'empty' ? 'empty certificate' : 'no certificate'} refused by ${how}`;
}

/** Empty Certificate of TLS 1.3: header 4, context 1, list 3. */
const EMPTY_CERTIFICATE_LENGTH = 8;
/** Certificate messages are longer than this, with the smallest keys too; Finished and empty ones are shorter. */
const CERTIFICATE_RECORD_MIN = 300;

/**
 * TLS 1.3 without keys: the first record of the client's encrypted flight tells by its length. Measured on 543
 * handshakes of OpenSSL and JSSE, sockets and Netty (one record a message, one record a flight).
 */
function byRecordLengths(facts: ConnectionFacts, outcome: Outcome): Verdict {
  const { client } = roles(facts);
  const { serverHello } = facts;
  const [first, second] = client.applicationLengths;
  if (serverHello === undefined || first === undefined || client.lost) {
    return unknown(
      client.lost ? 'bytes of the client are missing' : 'no encrypted record of the client seen',
      'record-lengths',
    );
  }
  if (facts.clientHello?.offersEarlyData === true) {
    // Rejected early data goes on until the client has read the server's hello (RFC 8446 section 4.2.10).
    return unknown('early data was offered: its records cannot be told from the flight', 'record-lengths');
  }
  const finished = 4 + finishedHashLength(serverHello.cipherSuite);
  const lengths = `first client record ${first}${second === undefined ? '' : `, then ${second}`}; Finished is ${finished}`;
  if (isAlertLength(first, serverHello.cipherSuite)) {
    return unknown(`${lengths}: an alert`, 'record-lengths');
  }
  for (const overhead of recordOverheads(serverHello.cipherSuite)) {
    if (first === finished + overhead) {
      return {
        verdict: 'not-requested',
        presented: 'none',
        basis: 'record-lengths',
        evidence: `${lengths} + ${overhead}`,
      };
    }
    const together = first === finished + EMPTY_CERTIFICATE_LENGTH + overhead;
    const apart = first === EMPTY_CERTIFICATE_LENGTH + overhead && second === finished + overhead;
    if (together || apart) {
      const verdict = isRefusedByServer(facts, outcome) ? 'required' : 'requested';
      const evidence = `${lengths}: an empty certificate${verdict === 'required' ? ', refused by the server' : ''}`;
      return { verdict, presented: 'empty', basis: 'record-lengths', evidence };
    }
  }
  return first >= CERTIFICATE_RECORD_MIN
    ? { verdict: 'requested', presented: 'certificate', basis: 'record-lengths', evidence: `${lengths}: a certificate` }
    : unknown(`${lengths}: fits no known flight`, 'record-lengths');
}
