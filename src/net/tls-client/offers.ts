import {
  CIPHER_SUITES,
  is3des,
  isAnonymous,
  isDesOrOlder,
  isExport,
  isNull,
  isRc4,
  suiteProperties,
} from '../../tls/cipher-suites.ts';
import { NAMED_GROUPS, Version } from '../../tls/code-points.ts';
import type { Offer } from './types.ts';

/** RFC 8446 appendix B.4. */
export const TLS13_SUITES: readonly number[] = [0x1302, 0x1301, 0x1303, 0x1304, 0x1305];

/** Where in an offer a suite of TLS 1.2 stands: the lower, the earlier. */
function rank(name: string): number {
  const { keyExchange, authentication, cipher, mode } = suiteProperties(name);
  if (isAnonymous(name)) return 10;
  if (isExport(name)) return 9;
  if (isNull(name)) return 8;
  if (isRc4(name) || isDesOrOlder(name)) return 7;
  if (is3des(name)) return 6;
  const ephemeralOrRsa = keyExchange !== 'DH' && keyExchange !== 'ECDH';
  if (!/^(AES|CHACHA20)/.test(cipher) || authentication === 'DSS' || !ephemeralOrRsa) return 5;
  const sealed = mode === 'GCM' || mode === 'CCM' || mode === 'AEAD';
  if (keyExchange === 'ECDHE') return sealed ? 0 : 2;
  if (keyExchange === 'DHE') return sealed ? 1 : 3;
  return 4;
}

/** Among equals: what most servers speak first. */
function commonness(name: string): number {
  const order = ['AES_256_GCM', 'AES_128_GCM', 'CHACHA20', 'AES_256_CBC', 'AES_128_CBC', 'AES_256', 'AES_128'];
  const at = order.findIndex((part) => name.includes(part));
  return at < 0 ? order.length : at;
}

function isFirstHandshakeSuite(name: string): boolean {
  const { keyExchange, authentication } = suiteProperties(name);
  const shared = ['PSK', 'SRP', 'KRB5'].some((word) => name.includes(word));
  const certificates = ['RSA', 'DHE', 'ECDHE', 'DH', 'ECDH'].includes(keyExchange);
  return certificates && !shared && authentication !== 'unknown' && name.startsWith('TLS_');
}

/**
 * Suites that a server of TLS 1.2 or before may choose for a client that it shares no secret with, the modern first:
 * ECDHE, DHE and RSA with AES or ChaCha20, then rare ciphers, DSS and static DH;
 * 3DES, RC4 and DES, NULL, export and anonymous last, in this order. Without PSK, SRP and Kerberos.
 */
export const TLS12_SUITES: readonly number[] = CIPHER_SUITES.entries
  .filter(([, name]) => isFirstHandshakeSuite(name))
  .map(([code, name]) => ({ code, name, rank: rank(name), commonness: commonness(name) }))
  .sort((a, b) => a.rank - b.rank || a.commonness - b.commonness || a.code - b.code)
  .map(({ code }) => code);

/** The part of {@link TLS12_SUITES} in which nobody proves who he is: asked for alone, for it hides certificates. */
export const ANONYMOUS_SUITES: readonly number[] = TLS12_SUITES.filter((code) => isAnonymous(CIPHER_SUITES.name(code)));

const CERTIFICATE_SUITES: readonly number[] = TLS12_SUITES.filter((code) => !ANONYMOUS_SUITES.includes(code));

function groups(...names: readonly string[]): readonly number[] {
  return names.map((name) => NAMED_GROUPS.code(name)!);
}

/** Groups that clients of today offer and any Node computes with: a HelloRetryRequest can be followed. */
export const COMMON_GROUPS: readonly number[] = groups(
  ...['x25519', 'secp256r1', 'x448', 'secp384r1', 'secp521r1'],
  ...['ffdhe2048', 'ffdhe3072', 'ffdhe4096', 'ffdhe6144', 'ffdhe8192'],
);

/** All groups that a server may be asked for: {@link COMMON_GROUPS}, hybrids, and the curves of TLS 1.2. */
export const GROUPS: readonly number[] = [
  ...COMMON_GROUPS,
  ...groups('X25519MLKEM768', 'SecP256r1MLKEM768', 'SecP384r1MLKEM1024', 'MLKEM512', 'MLKEM768', 'MLKEM1024'),
  ...groups('brainpoolP256r1tls13', 'brainpoolP384r1tls13', 'brainpoolP512r1tls13', 'curveSM2'),
  ...groups('brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1', 'secp256k1'),
  ...NAMED_GROUPS.entries.filter(([code]) => code <= 21).map(([code]) => code),
];

/** Signature schemes by strength; those of SHA-1 last, with the pairs that only TLS 1.2 had. */
export const SIGNATURE_SCHEMES: readonly number[] = [
  ...[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b],
  ...[0x081a, 0x081b, 0x081c, 0x0401, 0x0501, 0x0601],
  ...[0x0402, 0x0502, 0x0602, 0x0303, 0x0301, 0x0302, 0x0203, 0x0201, 0x0202],
];

const KEY_SHARES: readonly number[] = groups('x25519', 'secp256r1');

const COMMON = {
  namedGroups: COMMON_GROUPS,
  keyShares: KEY_SHARES,
  signatureSchemes: SIGNATURE_SCHEMES,
  shape: 'full',
} as const;

/** TLS 1.3 and 1.2 with all suites, 3DES, RC4, NULL and export at the end; not the anonymous. */
export const EVERYTHING: Offer = {
  ...COMMON,
  versions: [Version.TLS13, Version.TLS12],
  cipherSuites: [...TLS13_SUITES, ...CERTIFICATE_SUITES],
};

export const TLS13_ONLY: Offer = { ...COMMON, versions: [Version.TLS13], cipherSuites: TLS13_SUITES };

export const TLS12_ONLY: Offer = {
  ...COMMON,
  versions: [Version.TLS12],
  cipherSuites: CERTIFICATE_SUITES,
  keyShares: [],
};

/** At most TLS 1.1: a server answers with the highest that it has, down to SSL 3.0. */
export const OLD: Offer = {
  ...COMMON,
  versions: [Version.TLS11, Version.TLS10, Version.SSL3],
  cipherSuites: CERTIFICATE_SUITES.filter((code) => suiteProperties(CIPHER_SUITES.name(code)).mode !== 'GCM'),
  keyShares: [],
};
