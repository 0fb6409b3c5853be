import type { Side } from '../bytes/stream.ts';
import type { CertificateRequest12 } from './certificate-request.ts';
import type { AlertReading, RecordTotals } from './reading.ts';

/** What is kept of a ClientHello: names and numbers, no message bytes. */
export interface ClientHelloFacts {
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
  readonly versions: readonly string[];
  readonly cipherSuites: readonly string[];
  readonly namedGroups: readonly string[];
  readonly signatureSchemes: readonly string[];
  readonly ja3: string | undefined;
  readonly ja4: string | undefined;
  readonly offersEarlyData: boolean;
}

export interface ServerHelloFacts {
  readonly version: number;
  readonly cipherSuite: string;
  readonly sessionId: Uint8Array;
  readonly namedGroup: string | undefined;
  readonly alpn: string | undefined;
  readonly ja3s: string | undefined;
  readonly encryptThenMac: boolean;
  readonly preSharedKey: boolean;
}

export interface ChainFacts {
  readonly certificates: readonly Uint8Array[];
  readonly complete: boolean;
}

export interface KeyExchangeFacts {
  readonly namedGroup: string | undefined;
  readonly dh: { readonly bits: number; readonly group?: string } | undefined;
  readonly signatureScheme: string | undefined;
}

/** Lengths kept of type-23 records; enough for every flight that inference knows. */
export const APPLICATION_LENGTHS_MAX = 8;

/** What one side sent. */
export interface SideFacts {
  readonly totals: RecordTotals;
  /** Stream offset and frame of the first record. */
  firstRecord: { readonly streamOffset: number; readonly frame: number } | undefined;
  changeCipherSpec: boolean;
  /** Type-22 records that are ciphertext: the Finished of TLS 1.2 and renegotiations. */
  encryptedHandshakes: number;
  applicationCount: number;
  /** First lengths, early data left out. */
  readonly applicationLengths: number[];
  /** Lengths of the first type-23 records that followed the other side's first one. */
  readonly afterPeer: number[];
  lastApplication: { readonly length: number; readonly frame: number } | undefined;
  /** Handshake bytes of this side were lost, or its framing was, before the handshake ended. */
  lost: boolean;
  /** Record framing of this side was lost at any time: what is missing may be anything. */
  gapped: boolean;
  certificate: ChainFacts | undefined;
  certificateVerifyScheme: string | undefined;
  keyExchange: KeyExchangeFacts | undefined;
  certificateRequest: CertificateRequest12 | undefined;
  helloDone: boolean;
  clientKeyExchange: boolean;
  /** Finished that a key log made readable. */
  finishedRead: boolean;
  alpnChoice: string | undefined;
  lastMessage: string | undefined;
  closed: { readonly how: 'fin' | 'rst' | 'cut'; readonly order: number } | undefined;
  sawBytes: boolean;
  foreign: boolean;
}

/** Everything that a reading is made of. */
export interface ConnectionFacts {
  readonly sides: readonly [SideFacts, SideFacts];
  clientSide: Side | undefined;
  clientHello: ClientHelloFacts | undefined;
  serverHello: ServerHelloFacts | undefined;
  helloRetryRequest: boolean;
  readonly alerts: AlertReading[];
  /** Last readable message of the peer at each alert, in the order of `alerts`. */
  readonly alertsAfter: string[];
  /** Of each alert: whether the other side had closed before it. */
  readonly alertsLate: boolean[];
  decrypted: boolean;
}

function sideFacts(): SideFacts {
  return {
    totals: { handshake: 0, changeCipherSpec: 0, alert: 0, applicationData: 0 },
    firstRecord: undefined,
    changeCipherSpec: false,
    encryptedHandshakes: 0,
    applicationCount: 0,
    applicationLengths: [],
    afterPeer: [],
    lastApplication: undefined,
    lost: false,
    gapped: false,
    certificate: undefined,
    certificateVerifyScheme: undefined,
    keyExchange: undefined,
    certificateRequest: undefined,
    helloDone: false,
    clientKeyExchange: false,
    finishedRead: false,
    alpnChoice: undefined,
    lastMessage: undefined,
    closed: undefined,
    sawBytes: false,
    foreign: false,
  };
}

export function connectionFacts(): ConnectionFacts {
  return {
    sides: [sideFacts(), sideFacts()],
    clientSide: undefined,
    clientHello: undefined,
    serverHello: undefined,
    helloRetryRequest: false,
    alerts: [],
    alertsAfter: [],
    alertsLate: [],
    decrypted: false,
  };
}

export function otherSide(side: Side): Side {
  return side === 0 ? 1 : 0;
}

/** Sides by role; without any sign of it, side 0 counts as the client. */
export function roles(facts: ConnectionFacts): { readonly client: SideFacts; readonly server: SideFacts } {
  const clientSide = facts.clientSide ?? 0;
  return { client: facts.sides[clientSide], server: facts.sides[otherSide(clientSide)] };
}
