import type { KeyObject } from 'node:crypto';

/** What a ClientHello offers. All numbers are IANA code points, in the order in which they are sent. */
export interface Offer {
  /** `0x0304`, `0x0303` …; with 1.3 in it the extension supported_versions is sent, else legacy_version is the highest. */
  readonly versions: readonly number[];
  readonly cipherSuites: readonly number[];
  readonly namedGroups: readonly number[];
  /** Groups of which a share is sent; empty: the server has to ask by HelloRetryRequest. A part of `namedGroups`. */
  readonly keyShares: readonly number[];
  readonly signatureSchemes: readonly number[];
  /** Left out: no server_name. */
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  /** `full`: all extensions of a present-day client; `short`: only what is needed, for servers that choke. */
  readonly shape: 'full' | 'short';
}

/** A certificate to show, leaf first, DER, with its key. */
export interface ClientCredential {
  readonly certificates: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

/**
 * How far to go. `server-flight`: read what the server says up to ServerHelloDone (1.2) or Finished (1.3), or its
 * HelloRetryRequest where `keyShares` is empty, then leave. `finish`: complete the handshake, with the credential if one is
 * given and asked for (an empty Certificate otherwise), and read on after it.
 */
export interface HandshakeRequest {
  readonly offer: Offer;
  readonly goal: 'server-flight' | 'finish';
  readonly credential?: ClientCredential;
  /** Sent as application data once our Finished is sent: an allow-listed GET to REST, nothing else. */
  readonly applicationRequest?: Uint8Array;
  readonly patience: Patience;
}

/** Milliseconds. */
export interface Patience {
  /** For the first byte of the server's flight, and for each further message of it. */
  readonly answerMs: number;
  /** After our last flight, for a verdict: alert, end, Finished, ticket, application data. */
  readonly verdictMs: number;
}

/** Message of ours that the server's refusal answers. */
export type RefusedAfter = 'client_hello' | 'certificate' | 'finished' | 'application_data';

export interface RequestedCertificate {
  /** DER names; empty: any, or a fingerprint pin. */
  readonly authorities: readonly Uint8Array[];
  /** IANA names; empty in TLS 1.3. */
  readonly types: readonly string[];
  /** IANA names. */
  readonly signatureSchemes: readonly string[];
}

/** What one handshake showed. Names are IANA's. */
export interface HandshakeResult {
  /**
   * `flight`: the server's flight was read and we left. `finished`: the server went on with us (its Finished in TLS 1.2;
   * ticket or application data in 1.3). `refused`: by alert, FIN or RST. `unproven`: TLS 1.3 and silence after our
   * Finished. `silent`: no byte, or no more bytes, in time. `not-tls`: the first bytes are no TLS record.
   * `malformed`: TLS that could not be read or verified; `problem` says what.
   */
  readonly end: 'flight' | 'finished' | 'refused' | 'unproven' | 'silent' | 'not-tls' | 'malformed';
  /** As far as it was told. */
  readonly version?: string;
  readonly cipherSuite?: string;
  readonly cipherSuiteCode?: number;
  readonly namedGroup?: string;
  readonly namedGroupCode?: number;
  readonly signatureScheme?: string;
  readonly dhBits?: number;
  readonly helloRetryRequest: boolean;
  /** DER, leaf first, as sent; absent where not reached. */
  readonly certificates?: readonly Uint8Array[];
  /** Absent: the flight was not read so far that one could tell; `none`: read, and there was no CertificateRequest. */
  readonly certificateRequest?: RequestedCertificate | 'none';
  readonly alpn?: string;
  readonly presented: 'nothing' | 'empty' | 'certificate';
  readonly refusal?: {
    readonly how: 'alert' | 'fin' | 'reset';
    readonly alert?: { readonly code: number; readonly description: string };
    readonly after: RefusedAfter;
  };
  /** What proved that the server went on. */
  readonly proof?: 'server-finished' | 'ticket' | 'application-data';
  /** Decrypted application data that answered `applicationRequest`, at most 64 KiB. */
  readonly applicationData?: Uint8Array;
  /** First bytes that are not TLS, at most 64. */
  readonly firstBytes?: Uint8Array;
  readonly problem?: string;
  /** From our ClientHello to the end of the server's flight. */
  readonly durationMs?: number;
}
