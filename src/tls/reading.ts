import type { Side } from '../bytes/stream.ts';

/** Why a thing is not visible; see the public contract. */
export type Hidden = 'encrypted' | 'resumed' | 'truncated' | 'not-reached';

export type SeenChain =
  | {
      readonly seen: 'present';
      readonly truncated: boolean /** DER, leaf first, as sent. */;
      readonly certificates: readonly Uint8Array[];
    }
  | { readonly seen: 'absent' }
  | { readonly seen: 'hidden'; readonly because: Hidden };

export interface RecordTotals {
  handshake: number;
  changeCipherSpec: number;
  alert: number;
  applicationData: number;
}

export interface AlertReading {
  readonly side: Side;
  readonly level: 'warning' | 'fatal';
  /** IANA name, or `unknown_0x..`. */
  readonly description: string;
  readonly code: number;
  readonly frame: number;
  /** Encrypted alerts of TLS 1.3 are known by record length only: level and code are then not known. */
  readonly encrypted?: boolean;
}

export interface ClientAuthenticationReading {
  readonly verdict: 'required' | 'requested' | 'not-requested' | 'unknown';
  readonly presented: 'certificate' | 'empty' | 'none' | 'unknown';
  readonly basis: 'messages' | 'record-lengths';
  readonly evidence?: string;
  /** DER names of the CertificateRequest. */
  readonly certificateAuthorities: readonly Uint8Array[];
  readonly certificateTypes: readonly string[];
  readonly signatureSchemes: readonly string[];
}

/**
 * What a `TlsConnection` has read so far. Names are IANA's; unknown code points read `unknown_0x1a2b`.
 * `client` and `server` here are TLS roles, told by the hellos.
 */
export interface TlsReading {
  /** Side that sent the ClientHello, or the opposite of the one that sent the ServerHello. */
  readonly clientSide?: Side;
  /** Stream offset of the first record, and its frame. */
  readonly startedAtOffset: number;
  readonly startedAtFrame: number;
  readonly outcome: 'established' | 'refused' | 'incomplete';
  /** Who refused and how: alert, FIN, RST or silence after which message. One sentence. */
  readonly refusal?: {
    readonly side: Side;
    readonly how: 'alert' | 'encrypted-alert' | 'fin' | 'reset';
    readonly after: string;
    readonly frame?: number;
  };
  readonly sawClientHello: boolean;
  readonly sawServerHello: boolean;
  readonly resumed: boolean | 'unknown';
  /** `TLSv1.2` … of the ServerHello; drafts as `TLSv1.3-draft-23`. */
  readonly version?: string;
  readonly cipherSuite?: string;
  readonly namedGroup?: string;
  /** Signature scheme (TLS 1.2: of the ServerKeyExchange; 1.3: of the server's CertificateVerify, if decrypted). */
  readonly signatureScheme?: string;
  readonly serverName?: string;
  /** The server's choice, or the offer while the choice is hidden. */
  readonly alpn: readonly string[];
  readonly ja3?: string;
  readonly ja3s?: string;
  readonly ja4?: string;
  readonly helloRetryRequest: boolean;
  readonly encryptThenMac: boolean;
  readonly dh?: { readonly bits: number; readonly group?: string };
  readonly offered?: {
    readonly versions: readonly string[];
    readonly cipherSuites: readonly string[];
    readonly namedGroups: readonly string[];
    readonly signatureSchemes: readonly string[];
  };
  readonly alerts: readonly AlertReading[];
  readonly records: { readonly client: RecordTotals; readonly server: RecordTotals };
  readonly serverCertificate: SeenChain;
  readonly clientCertificate: SeenChain;
  readonly clientAuthentication: ClientAuthenticationReading;
  readonly decrypted: boolean;
  /** Bytes that stood where a record header should, and how often record framing was lost and found again. */
  readonly resynchronisations: number;
  readonly unframedBytes: number;
  /** Lengths of the first type-23 records after the hellos, per role, at most 8: evidence of TLS 1.3 inference. */
  readonly firstApplicationRecords: { readonly client: readonly number[]; readonly server: readonly number[] };
  readonly problems: readonly string[];
}

/** Answer of the other side where it did not speak TLS: told by the owner of both streams. */
export interface TlsOptions {
  /** Key log for decryption of the handshake flight; lines may be added while the connection runs. */
  readonly keyLog?: { readonly find: (label: string, clientRandom: Uint8Array) => Uint8Array | undefined };
  /** `midstream`: record boundaries are searched for, instead of expected at the first byte. */
  readonly start: 'syn' | 'midstream';
}
