/** What a report says of TLS; part of the public contract like the rest of it (`report.ts`). */
export type HiddenReason = 'encrypted' | 'resumed' | 'truncated' | 'not-reached';

/** A hidden thing is never treated as absent. */
export type Seen<T> =
  | ({ readonly seen: 'present' } & T)
  | { readonly seen: 'absent' }
  | { readonly seen: 'hidden'; readonly because: HiddenReason };

export interface Alert {
  readonly from: 'client' | 'server';
  readonly level: 'warning' | 'fatal';
  /** IANA name, or `unknown_0x..`. */
  readonly description: string;
  readonly code: number;
  readonly frame?: number;
}

export interface Certificate {
  readonly sha256: string;
  readonly sha1: string;
  readonly subject: string;
  readonly issuer: string;
  /** Hex, without leading zero octets of the sign. */
  readonly serialNumber: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly publicKey: { readonly type: string; readonly bits: number | null; readonly curve: string | null };
  readonly signatureAlgorithm: string;
  /** `DNS:…`, `IP:…`, `URI:…`, `email:…`. */
  readonly subjectAltNames: readonly string[];
  readonly selfIssued: boolean;
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  readonly keyUsage?: readonly string[];
  readonly extendedKeyUsage?: readonly string[];
  /** What could not be read of it; the other fields then hold what could. */
  readonly problem?: string;
}

/** Leaf first, as sent. An empty chain is `present` with no certificate: asked for, none given. */
export interface CertificateChain {
  readonly truncated: boolean;
  readonly chain: readonly Certificate[];
}

export interface RecordCounts {
  readonly handshake: number;
  readonly changeCipherSpec: number;
  readonly alert: number;
  readonly applicationData: number;
}

export interface ClientAuthentication {
  readonly verdict: 'required' | 'requested' | 'not-requested' | 'unknown';
  readonly byVersion?: Readonly<Record<string, 'required' | 'requested' | 'not-requested' | 'unknown'>>;
  readonly presented: 'certificate' | 'empty' | 'none' | 'unknown';
  readonly basis: 'messages' | 'record-lengths' | 'probe';
  readonly evidence?: string;
  /** Distinguished names, RFC 4514 text. Empty while `verdict` is `requested` or `required`: a fingerprint pin is set. */
  readonly certificateAuthorities: readonly string[];
  readonly certificateTypes: readonly string[];
  /** Signature schemes of the CertificateRequest; active only. */
  readonly signatureSchemes?: readonly string[];
}

/** What was shown to a server as client authentication, and whether it let us in. Active only. */
export interface AdmissionProof {
  readonly credential:
    | 'none'
    | 'stranger'
    | 'expired-stranger'
    | 'other-authority'
    | 'right-authority-not-pinned'
    | 'identity';
  readonly version: string;
  /** `unknown`: neither refused nor proof that the server went on. `not-asked`: the server wanted no certificate. */
  readonly outcome: 'admitted' | 'refused' | 'unknown' | 'not-asked';
  /** One sentence: alert, FIN, ticket, answer. */
  readonly evidence: string;
}

/** Whether a chain as sent leads to an anchor that the operator gave (`--truststore`); dates are another matter. Active only. */
export interface ChainTrust {
  /**
   * `self-signed`: the leaf's own key signed it, and it is no anchor; `not-anchored`: the path ends in a root that is
   * none; `incomplete`: it ends in a certificate whose issuer was neither sent nor is an anchor.
   */
  readonly verdict: 'anchored' | 'self-signed' | 'not-anchored' | 'incomplete';
  /** SHA-256 of the anchor, lower-case hex. */
  readonly anchor?: string;
  /** Where `incomplete`: who issued the last certificate of the path. */
  readonly missingIssuer?: string;
  /** What became of the chain, as the rest of a sentence. */
  readonly text: string;
}

/** A chain that depends on what was offered: version, key type of the suite. */
export interface AlternativeChain {
  readonly versions: readonly string[];
  readonly keyType: string;
  readonly chain: readonly Certificate[];
  readonly trust?: ChainTrust;
}

export interface TlsDetails {
  readonly outcome: 'established' | 'refused' | 'incomplete';
  readonly resumed: boolean | 'unknown';
  readonly startedAtOffset: number;
  readonly version?: string;
  readonly cipherSuite?: string;
  readonly namedGroup?: string;
  readonly signatureScheme?: string;
  readonly serverName?: string;
  readonly alpn: readonly string[];
  readonly ja3?: string;
  readonly ja3s?: string;
  readonly ja4?: string;
  readonly helloRetryRequest?: boolean;
  readonly encryptThenMac?: boolean;
  readonly dh?: { readonly bits: number; readonly group?: string };
  readonly offered?: {
    readonly versions: readonly string[];
    readonly cipherSuites: readonly string[];
    readonly namedGroups: readonly string[];
    readonly signatureSchemes: readonly string[];
  };
  readonly accepted?: {
    readonly versions: readonly string[];
    readonly cipherSuites: Readonly<Record<string, readonly string[]>>;
    readonly namedGroups: readonly string[];
    readonly signatureSchemes: readonly string[];
  };
  /** Whose order decides the suite; active only. */
  readonly suitePreference?: 'server' | 'client' | 'unknown';
  /** Chains that were sent besides the first one; active only. */
  readonly alternativeChains?: readonly AlternativeChain[];
  readonly admission?: readonly AdmissionProof[];
  /** A server name that the server refused, where it spoke without one (JSSE: RFC 6066 names only); active only. */
  readonly refusedServerName?: { readonly name: string; readonly alert: string };
  readonly alerts: readonly Alert[];
  readonly records: { readonly client: RecordCounts; readonly server: RecordCounts };
  readonly serverCertificate: Seen<CertificateChain>;
  /** Of `serverCertificate`, where a truststore was given for this channel. */
  readonly trust?: ChainTrust;
  readonly clientCertificate: Seen<CertificateChain>;
  readonly clientAuthentication: ClientAuthentication;
  /** Who ended the handshake, how, and after which message. */
  readonly refusal?: {
    readonly from: 'client' | 'server';
    readonly how: 'alert' | 'encrypted-alert' | 'fin' | 'reset';
    readonly after: string;
    readonly frame?: number;
  };
  /** Secrets of a key log opened the handshake flight: nothing is inferred. */
  readonly decrypted?: boolean;
  /** Messages that could not be read, with path, offset and fault. */
  readonly problems?: readonly string[];
}
