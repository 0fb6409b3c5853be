import type { CipherGCMTypes } from 'node:crypto';
import type { HashName } from './key-schedule.ts';

/** How records of a suite are protected, by the names of OpenSSL where Node asks for them. */
export type BulkCipher = AeadCipher | CbcCipher | NullCipher;

export interface AeadCipher {
  readonly kind: 'aead';
  readonly algorithm: CipherGCMTypes | 'aes-128-ccm' | 'aes-256-ccm' | 'chacha20-poly1305';
  readonly keyLength: number;
  readonly tagLength: 8 | 16;
  /** Octets of the nonce that come from the keys; those up to 12 stand in each record (TLS 1.2 only). */
  readonly fixedIvLength: 4 | 12;
  readonly hash: HashName;
}

export interface CbcCipher {
  readonly kind: 'cbc';
  readonly algorithm: string;
  readonly keyLength: number;
  readonly blockLength: 8 | 16;
  readonly mac: MacName;
  readonly hash: HashName;
}

export interface NullCipher {
  readonly kind: 'null';
  readonly mac: MacName;
  readonly hash: HashName;
}

export type MacName = 'md5' | 'sha1' | 'sha256' | 'sha384';
export const MAC_LENGTHS: Readonly<Record<MacName, number>> = { md5: 16, sha1: 20, sha256: 32, sha384: 48 };

/** Suites of TLS 1.3 (RFC 8446 appendix B.4); their nonce comes whole from the secret. */
export function tls13Cipher(suite: string): AeadCipher | undefined {
  const match = /^TLS_((?:AES|CHACHA20).*)$/.exec(suite);
  const cipher = match === null ? undefined : aead(match[1]!);
  // The names of CCM suites carry the hash in TLS 1.3 only: TLS_AES_128_CCM_8_SHA256.
  return cipher === undefined ? undefined : { ...cipher, fixedIvLength: 12 };
}

/** Suites up to TLS 1.2 whose records can be opened: `TLS_…_WITH_…`. */
export function tls12Cipher(suite: string): BulkCipher | undefined {
  const protection = /^TLS_[A-Za-z0-9_]+?_WITH_([A-Z0-9_]+)$/.exec(suite)?.[1];
  return protection === undefined ? undefined : (aead(protection) ?? blockOrNull(protection));
}

/** RFC 5288, RFC 6655 and RFC 7251, RFC 7905. */
function aead(name: string): AeadCipher | undefined {
  if (/^CHACHA20_POLY1305(?:_SHA256)?$/.test(name)) {
    const algorithm = 'chacha20-poly1305';
    return { kind: 'aead', algorithm, keyLength: 32, tagLength: 16, fixedIvLength: 12, hash: 'sha256' };
  }
  const match = /^AES_(128|256)_(GCM|CCM|CCM_8)(?:_SHA(256|384))?$/.exec(name);
  if (match === null) return undefined;
  const bits = match[1] as '128' | '256';
  const mode = match[2] === 'GCM' ? 'gcm' : 'ccm';
  return {
    kind: 'aead',
    algorithm: `aes-${bits}-${mode}`,
    keyLength: Number(bits) / 8,
    tagLength: match[2] === 'CCM_8' ? 8 : 16,
    fixedIvLength: 4,
    hash: match[3] === '384' ? 'sha384' : 'sha256',
  };
}

const BLOCK_CIPHERS: Readonly<Record<string, { algorithm: string; keyLength: number; blockLength: 8 | 16 }>> = {
  AES_128_CBC: { algorithm: 'aes-128-cbc', keyLength: 16, blockLength: 16 },
  AES_256_CBC: { algorithm: 'aes-256-cbc', keyLength: 32, blockLength: 16 },
  CAMELLIA_128_CBC: { algorithm: 'camellia-128-cbc', keyLength: 16, blockLength: 16 },
  CAMELLIA_256_CBC: { algorithm: 'camellia-256-cbc', keyLength: 32, blockLength: 16 },
  ARIA_128_CBC: { algorithm: 'aria-128-cbc', keyLength: 16, blockLength: 16 },
  ARIA_256_CBC: { algorithm: 'aria-256-cbc', keyLength: 32, blockLength: 16 },
  SEED_CBC: { algorithm: 'seed-cbc', keyLength: 16, blockLength: 16 },
  '3DES_EDE_CBC': { algorithm: 'des-ede3-cbc', keyLength: 24, blockLength: 8 },
};

const MACS: Readonly<Record<string, MacName>> = { MD5: 'md5', SHA: 'sha1', SHA256: 'sha256', SHA384: 'sha384' };

/** RFC 5246 section 6.2.3.2 and appendix C, RFC 5289 section 3.1 (SHA-384: PRF with SHA-384 too). */
function blockOrNull(name: string): CbcCipher | NullCipher | undefined {
  const match = /^(.+)_(MD5|SHA|SHA256|SHA384)$/.exec(name);
  if (match === null) return undefined;
  const mac = MACS[match[2]!]!;
  const hash: HashName = mac === 'sha384' ? 'sha384' : 'sha256';
  if (match[1] === 'NULL') return { kind: 'null', mac, hash };
  const cipher = BLOCK_CIPHERS[match[1]!];
  return cipher === undefined ? undefined : { kind: 'cbc', ...cipher, mac, hash };
}
