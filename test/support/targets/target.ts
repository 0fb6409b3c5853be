import type { MaterialName } from './material.ts';

export type TargetId = 'A1' | 'A2' | 'A3' | 'A4' | 'A5' | 'B1' | 'B2' | 'C1' | 'C2' | 'C3' | 'D1' | 'D2';

/** What a stand-in server is, known from how it was started and from other tools, never from flinkprobe. */
export interface Truth {
  /** Lowest first. */
  readonly versions: readonly string[];
  /** IANA names by version, in the server's order where `suitePreference` is `server`. */
  readonly cipherSuites: Readonly<Record<string, readonly string[]>>;
  readonly suitePreference: 'server' | 'client';
  /** The same for every version. */
  readonly clientAuthentication: 'required' | 'requested' | 'not-requested';
  /** Distinguished names in the CertificateRequest. */
  readonly authorities: readonly string[];
  readonly certificate: MaterialName;
  readonly dhBits?: number;
}

/** A server that listens. */
export interface RunningTarget {
  readonly id: TargetId;
  readonly address: string;
  readonly port: number;
  readonly truth: Truth;
  /** SHA-256 of the leaf, lower-case hex. */
  readonly leafSha256: string;
}

const JSSE_TLS13 = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Order of OpenJDK 17 for an RSA key, as nmap 7.93 found it with "cipher preference: server". */
const JSSE_TLS12 = [
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
];

/** What Flink's guide and older defaults make together: one suite with, one without forward secrecy. */
const TWO_SUITES = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA'];

const OPENSSL_TLS13 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];
const GNUTLS_CBC = ['ECDHE_RSA', 'RSA', 'DHE_RSA'].flatMap((exchange) =>
  ['AES_256_CBC_SHA', 'AES_128_CBC_SHA'].map((rest) => `TLS_${exchange}_WITH_${rest}`),
);
const GNUTLS_AEAD = [
  ...['ECDHE_RSA', 'DHE_RSA'].flatMap((exchange) => [
    `TLS_${exchange}_WITH_AES_256_GCM_SHA384`,
    `TLS_${exchange}_WITH_CHACHA20_POLY1305_SHA256`,
    `TLS_${exchange}_WITH_AES_128_GCM_SHA256`,
  ]),
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
];
const GNUTLS_CCM = ['RSA', 'DHE_RSA'].flatMap((exchange) =>
  ['AES_256_CCM', 'AES_128_CCM'].map((rest) => `TLS_${exchange}_WITH_${rest}`),
);

const jsse: Truth = {
  versions: ['TLSv1.2', 'TLSv1.3'],
  cipherSuites: { 'TLSv1.2': JSSE_TLS12, 'TLSv1.3': JSSE_TLS13 },
  suitePreference: 'server',
  clientAuthentication: 'not-requested',
  authorities: [],
  certificate: 'leaf',
  dhBits: 2048,
};
const flinkGuide: Truth = {
  versions: ['TLSv1.2'],
  cipherSuites: { 'TLSv1.2': TWO_SUITES },
  suitePreference: 'server',
  clientAuthentication: 'required',
  authorities: ['CN=flink.internal'],
  certificate: 'flink',
};
const openssl: Truth = {
  ...jsse,
  cipherSuites: { 'TLSv1.2': JSSE_TLS12, 'TLSv1.3': OPENSSL_TLS13 },
  suitePreference: 'client',
  clientAuthentication: 'required',
  authorities: ['CN=Test Authority'],
};
const gnutls: Truth = {
  versions: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  cipherSuites: {
    TLSv1: GNUTLS_CBC,
    'TLSv1.1': GNUTLS_CBC,
    'TLSv1.2': [...GNUTLS_AEAD, ...GNUTLS_CCM, ...GNUTLS_CBC],
    'TLSv1.3': [...OPENSSL_TLS13, 'TLS_AES_128_CCM_SHA256'],
  },
  suitePreference: 'client',
  clientAuthentication: 'requested',
  authorities: [],
  certificate: 'leaf',
};

/** The names are those of the notes on handshakes: A and B JDK, C OpenSSL, D GnuTLS. */
export const TRUTHS: Readonly<Record<TargetId, Truth>> = {
  /** `SSLServerSocket` as Flink's guide sets internal channels up. */
  A1: flinkGuide,
  /** The same through `SSLEngine`. */
  A2: flinkGuide,
  A3: { ...jsse, clientAuthentication: 'required', authorities: ['CN=Test Authority'] },
  A4: {
    ...jsse,
    versions: ['TLSv1.3'],
    cipherSuites: { 'TLSv1.3': JSSE_TLS13 },
    clientAuthentication: 'required',
    authorities: ['CN=Test Authority'],
  },
  A5: { ...jsse, clientAuthentication: 'requested', authorities: ['CN=Test Authority'] },
  B1: jsse,
  B2: jsse,
  C1: {
    versions: ['TLSv1'],
    cipherSuites: {
      TLSv1: [
        'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
        'TLS_DHE_RSA_WITH_AES_128_CBC_SHA',
        'TLS_RSA_WITH_AES_256_CBC_SHA',
        'TLS_RSA_WITH_AES_128_CBC_SHA',
      ],
    },
    suitePreference: 'client',
    clientAuthentication: 'not-requested',
    authorities: [],
    certificate: 'weak',
    dhBits: 1024,
  },
  C2: openssl,
  C3: { ...openssl, versions: ['TLSv1.2'], cipherSuites: { 'TLSv1.2': JSSE_TLS12 } },
  D1: gnutls,
  D2: { ...gnutls, clientAuthentication: 'required', authorities: ['CN=Test Authority'] },
};
