import type { KeyObject } from 'node:crypto';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CertificateCache } from '../x509/certificate.ts';
import { DerReader, OCTET_STRING, SEQUENCE } from '../x509/der.ts';
import type { Password } from './password-encryption.ts';
import { readEncryption } from './password-encryption.ts';

/** Encodings of a private key: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017), SEC1 (RFC 5915). */
export type KeyEncoding = 'pkcs8' | 'pkcs1' | 'sec1';

/** The key, or `undefined` where OpenSSL cannot read it. */
export function readPrivateKey(der: Uint8Array, type: KeyEncoding): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type });
  } catch {
    return undefined;
  }
}

export type OpenedKey =
  | { readonly kind: 'key'; readonly privateKey: KeyObject }
  | { readonly kind: 'wrong-password' }
  | { readonly kind: 'unreadable' };

/**
 * Opens an `EncryptedPrivateKeyInfo` (RFC 5208 section 6) with the first password that fits.
 *
 * @throws DecodeError where damaged, or of an algorithm that is not supported
 */
export function openPkcs8(info: DerReader, passwords: readonly Password[]): OpenedKey {
  const decrypt = readEncryption(info.inside(SEQUENCE, 'encryptionAlgorithm'));
  const data = info.element('encryptedData', OCTET_STRING).content;
  info.end();
  for (const password of passwords) {
    const clear = decrypt(data, password);
    if (clear === undefined || !isPrivateKeyInfo(clear)) continue;
    const privateKey = readPrivateKey(clear, 'pkcs8');
    return privateKey === undefined ? { kind: 'unreadable' } : { kind: 'key', privateKey };
  }
  return { kind: 'wrong-password' };
}

/** One padding in 256 looks right under a wrong password: what came out has to be one SEQUENCE, too. */
function isPrivateKeyInfo(clear: Uint8Array): boolean {
  try {
    const reader = new DerReader(clear, 'privateKeyInfo');
    const info = reader.inside(SEQUENCE, 'privateKeyInfo');
    reader.end();
    info.smallInteger('version');
    info.inside(SEQUENCE, 'privateKeyAlgorithm');
    return true;
  } catch {
    return false;
  }
}

/** Whether the certificate is of this key. */
export function belongsTo(certificate: Uint8Array, privateKey: KeyObject): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(privateKey);
  } catch {
    return false;
  }
}

/** Certificates of a path that is built here; real ones have at most 5. */
export const PATH_MAX = 10;

/** The leaf, and each issuer in turn as far as the pool has them. */
export function pathFrom(leaf: Uint8Array, pool: readonly Uint8Array[]): readonly Uint8Array[] {
  const cache = new CertificateCache();
  const path = [leaf];
  while (path.length < PATH_MAX) {
    const last = path.at(-1)!;
    const issuer = pool.find((one) => !path.some((known) => same(known, one)) && isIssuer(one, last, cache));
    if (issuer === undefined || isIssuer(last, last, cache)) return path;
    path.push(issuer);
  }
  return path;
}

function isIssuer(issuer: Uint8Array, of: Uint8Array, cache: CertificateCache): boolean {
  const { subject } = cache.parts(issuer);
  const name = cache.parts(of).issuer;
  if (subject === undefined || name === undefined || !same(subject, name)) return false;
  return cache.verifies(of, issuer) === 'yes';
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
