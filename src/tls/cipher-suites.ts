import { CIPHER_SUITE_NAMES, SSL2_CIPHER_KIND_NAMES } from './cipher-suite-names.ts';
import { type CodePoints, codePoints } from './code-points.ts';

/** IANA registry "TLS Cipher Suites"; codes that it does not name read `unknown_0x1a2b`. */
export const CIPHER_SUITES: CodePoints = codePoints(2, CIPHER_SUITE_NAMES);

/** Three-byte cipher kinds of SSL 2.0, as an SSLv2-format hello lists them; `00 xx yy` is the TLS suite `xx yy`. */
export function ssl2CipherKindName(code: number): string {
  return code < 0x10000 ? CIPHER_SUITES.name(code) : (SSL2_CIPHER_KIND_NAMES.get(code) ?? SSL2_KINDS.name(code));
}

const SSL2_KINDS = codePoints(3, []);

/** Suites that are signals, no choice (RFC 5746 section 3.3, RFC 7507). */
export function isSignallingSuite(name: string): boolean {
  return name === 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV' || name === 'TLS_FALLBACK_SCSV';
}

export type CipherMode = 'GCM' | 'CCM' | 'CBC' | 'AEAD' | 'stream' | 'NULL' | 'unknown';

/** What the name of a suite says. Parts that the name leaves open (TLS 1.3) read `TLS13`. */
export interface SuiteProperties {
  /** `RSA`, `DHE`, `ECDHE`, `DH`, `ECDH`, `PSK`, `KRB5`, `SRP`, …; `TLS13`: always ephemeral or PSK. */
  readonly keyExchange: string;
  /** `RSA`, `DSS`, `ECDSA`, `PSK`, `anon`, …; `TLS13`: the signature scheme tells. */
  readonly authentication: string;
  /** `AES_128`, `3DES_EDE`, `RC4_128`, `CHACHA20_POLY1305`, `NULL`, … */
  readonly cipher: string;
  readonly mode: CipherMode;
  /** MAC of CBC and stream suites, hash of the pseudo-random function of the others; CCM in TLS 1.2: SHA256. */
  readonly hash: string;
}

const UNKNOWN: SuiteProperties = {
  keyExchange: 'unknown',
  authentication: 'unknown',
  cipher: 'unknown',
  mode: 'unknown',
  hash: 'unknown',
};

/** Properties by name; names that no registry has give `unknown` throughout. */
export function suiteProperties(name: string): SuiteProperties {
  const known = cache.get(name);
  if (known !== undefined) {
    return known;
  }
  const read = readName(name);
  // Bounded by the registry: what is unknown is not kept.
  if (CIPHER_SUITES.code(name) !== undefined) {
    cache.set(name, read);
  }
  return read;
}

const cache = new Map<string, SuiteProperties>();

function readName(name: string): SuiteProperties {
  if (name.startsWith('SSL_CK_')) {
    return readSsl2Kind(name.slice('SSL_CK_'.length));
  }
  if (isSignallingSuite(name) || !/^(TLS|SSL)_/.test(name)) {
    return UNKNOWN;
  }
  const [exchange, protection] = name.slice(4).split('_WITH_');
  if (exchange === undefined) {
    return UNKNOWN;
  }
  if (protection === undefined) {
    return readProtection(exchange, 'TLS13', 'TLS13');
  }
  const parts = exchange
    .replace('_FIPS', '')
    .split('_')
    .filter((part) => !part.startsWith('EXPORT'));
  // PSK_DHE (RFC 6655) is DHE_PSK written the other way round.
  const [keyExchange = 'unknown', authentication = keyExchange] = parts[0] === 'PSK' ? [...parts].reverse() : parts;
  return readProtection(protection, keyExchange, authentication);
}

function readSsl2Kind(kind: string): SuiteProperties {
  const [cipher = '', hash = 'MD5'] = kind.split('_WITH_');
  const read = readProtection(
    `${cipher.replace(/_EXPORT40/, '_40').replace('DES_192_EDE3', '3DES_EDE')}_${hash}`,
    'RSA',
    'RSA',
  );
  return cipher.includes('EXPORT')
    ? { ...read, cipher: cipher.replace(/_CBC|_EXPORT40/g, '').replace('128', '40') }
    : read;
}

function readProtection(protection: string, keyExchange: string, authentication: string): SuiteProperties {
  const parts = protection.split('_');
  const last = parts.at(-1) ?? '';
  const hashNamed = /^(MD5|SHA\d*|SM3|OMAC|IMIT|GOSTR\w*)$/.test(last) && parts.length > 1;
  const hash = hashNamed ? last : 'SHA256';
  const body = hashNamed ? parts.slice(0, -1) : parts;
  const mode = modeOf(body);
  const cipher = body
    .filter((part, i) => !['GCM', 'CCM', 'CBC', 'CTR', 'CNT', 'MGM'].includes(part) && !isTagLength(body, i))
    .join('_');
  return { keyExchange, authentication, cipher, mode, hash };
}

/** `CCM_8`, `MGM_L`: what stands behind the mode is no part of the cipher. */
function isTagLength(parts: readonly string[], i: number): boolean {
  return parts[i - 1] === 'CCM' || parts[i - 1] === 'MGM';
}

function modeOf(parts: readonly string[]): CipherMode {
  if (parts[0] === 'NULL') {
    return 'NULL';
  }
  if (parts.includes('GCM') || parts.includes('CCM') || parts.includes('CBC')) {
    return parts.includes('GCM') ? 'GCM' : parts.includes('CCM') ? 'CCM' : 'CBC';
  }
  if (['CHACHA20', 'AEGIS'].includes(parts[0] ?? '') || parts.includes('MGM')) {
    return 'AEAD';
  }
  // TLS_SHA256_SHA256 (RFC 9150): integrity only.
  return parts[0]?.startsWith('SHA') ? 'NULL' : 'stream';
}

export function isExport(name: string): boolean {
  return name.includes('_EXPORT');
}

/** No encryption at all (integrity-only suites of RFC 9150 too). */
export function isNull(name: string): boolean {
  return suiteProperties(name).mode === 'NULL';
}

/** No authentication of either side; TLS_NULL_WITH_NULL_NULL too. */
export function isAnonymous(name: string): boolean {
  return /_(anon|ANON)_/.test(name) || name === 'TLS_NULL_WITH_NULL_NULL';
}

export function isRc4(name: string): boolean {
  return suiteProperties(name).cipher.startsWith('RC4');
}

export function is3des(name: string): boolean {
  return suiteProperties(name).cipher.startsWith('3DES');
}

/** Single DES, RC2 and IDEA: 64-bit blocks of before TLS 1.2, removed by RFC 5469 and never strong. */
export function isDesOrOlder(name: string): boolean {
  return /^(DES|DES40|RC2|IDEA)(_|$)/.test(suiteProperties(name).cipher);
}

export function isCbc(name: string): boolean {
  return suiteProperties(name).mode === 'CBC';
}

/** The key exchange transports a secret under the server's long-term RSA key (RFC 9325 section 4.1). */
export function isStaticRsa(name: string): boolean {
  return suiteProperties(name).keyExchange === 'RSA';
}

/** Ephemeral key exchange. TLS 1.3 counts: only psk_ke without (EC)DHE is not, and the suite does not tell. */
export function forwardSecret(name: string): boolean {
  return (
    ['DHE', 'ECDHE', 'TLS13', 'ECCPWD', 'ECJPAKE'].includes(suiteProperties(name).keyExchange) && !isAnonymous(name)
  );
}

/** Octets of the Finished hash in TLS 1.3: 32, or 48 for SHA-384 suites (RFC 8446 section 4.4.4). */
export function finishedHashLength(name: string): number {
  const { hash } = suiteProperties(name);
  return hash === 'SHA384' ? 48 : hash === 'SHA512' ? 64 : 32;
}
