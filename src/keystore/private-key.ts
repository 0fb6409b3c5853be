import type { KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';
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
