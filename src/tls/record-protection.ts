import type { CipherCCMTypes, CipherGCM, CipherGCMTypes, DecipherGCM } from 'node:crypto';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { AeadCipher } from './bulk-cipher.ts';
import { tls13Cipher } from './bulk-cipher.ts';
import { trafficKeys } from './key-schedule.ts';

/** Octets of TLSCiphertext.fragment at most (RFC 8446 section 5.2). */
export const TLS13_CIPHERTEXT_MAX: number = 2 ** 14 + 256;
/** Octets of TLSPlaintext.fragment at most (RFC 8446 section 5.1). */
export const PLAINTEXT_MAX: number = 2 ** 14;

/** Content of a record, and its type: the inner one where the outer one is a cover. */
export interface OpenedRecord {
  readonly type: number;
  readonly content: Uint8Array;
}

/** Opens the protected records of one direction in their order; counts the sequence number itself. */
export interface RecordOpener {
  /**
   * @param record the whole record with its header of 5 bytes
   * @returns `undefined` where it does not authenticate or is no protected record; the sequence number then stays
   */
  open(record: Uint8Array): OpenedRecord | undefined;
}

/** Seals the records of one direction; counts the sequence number itself. */
export interface RecordSealer {
  /** The whole record, with its header. */
  seal(type: number, content: Uint8Array): Uint8Array;
}

/**
 * Opens TLS 1.3 records under one traffic secret (RFC 8446 section 5.2). A KeyUpdate asks for a new opener.
 *
 * A suite that is none of TLS 1.3, or a secret of another length than its hash, opens nothing.
 *
 * @param suite IANA name, such as `TLS_AES_128_GCM_SHA256`
 */
export function openTls13Record(suite: string, trafficSecret: Uint8Array): RecordOpener {
  const cipher = tls13Cipher(suite);
  if (cipher === undefined) return { open: () => undefined };
  const { key, iv } = trafficKeys(cipher.hash, trafficSecret, cipher.keyLength);
  let sequence = 0n;
  return {
    open(record) {
      const length = record.length - 5;
      if (record[0] !== 23 || length < cipher.tagLength + 1 || length > TLS13_CIPHERTEXT_MAX) return undefined;
      if (((record[3]! << 8) | record[4]!) !== length) return undefined;
      // RFC 8446 section 5.2: the header is the additional data.
      const plaintext = openAead(cipher, key, nonceOf(iv, sequence), record.subarray(0, 5), record.subarray(5));
      if (plaintext === undefined) return undefined;
      sequence++;
      return withoutPadding(plaintext);
    },
  };
}

/** RFC 8446 section 5.4: the type is the last octet that is not zero; a record of zeros only has none. */
function withoutPadding(plaintext: Uint8Array): OpenedRecord | undefined {
  let at = plaintext.length - 1;
  while (at >= 0 && plaintext[at] === 0) at--;
  return at < 0 ? undefined : { type: plaintext[at]!, content: plaintext.subarray(0, at) };
}

/**
 * Seals TLS 1.3 records under one traffic secret (RFC 8446 section 5.2).
 *
 * @param padding zero octets behind each content (RFC 8446 section 5.4)
 * @throws RangeError for a suite that is none of TLS 1.3, and for contents longer than 2^14 octets
 */
export function sealTls13Record(suite: string, trafficSecret: Uint8Array, padding = 0): RecordSealer {
  const cipher = tls13Cipher(suite);
  if (cipher === undefined) throw new RangeError(`${suite} is no cipher suite of TLS 1.3`);
  const { key, iv } = trafficKeys(cipher.hash, trafficSecret, cipher.keyLength);
  let sequence = 0n;
  return {
    seal(type, content) {
      if (content.length > PLAINTEXT_MAX) throw new RangeError(`${content.length} bytes do not fit a record`);
      const plaintext = new Uint8Array(content.length + 1 + padding);
      plaintext.set(content);
      plaintext[content.length] = type;
      const header = recordHeader(23, 0x0303, plaintext.length + cipher.tagLength);
      const sealed = sealAead(cipher, key, nonceOf(iv, sequence++), header, plaintext);
      return concat(header, sealed);
    },
  };
}

/** Per-record nonce: the sequence number, left-padded, XOR the iv (RFC 8446 section 5.3, RFC 7905 section 2). */
export function nonceOf(iv: Uint8Array, sequence: bigint): Uint8Array {
  const nonce = iv.slice();
  for (let at = nonce.length - 1, rest = sequence; rest > 0n && at >= 0; at--, rest >>= 8n) {
    nonce[at] = nonce[at]! ^ Number(rest & 0xffn);
  }
  return nonce;
}

export function recordHeader(type: number, version: number, length: number): Uint8Array {
  return Uint8Array.of(type, version >> 8, version & 0xff, length >> 8, length & 0xff);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** AEAD-Decrypt (RFC 5116) of ciphertext and tag; `undefined` where it does not authenticate or Node cannot do it. */
export function openAead(
  cipher: AeadCipher,
  key: Uint8Array,
  nonce: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - cipher.tagLength;
  if (length < 0) return undefined;
  try {
    const options = { authTagLength: cipher.tagLength };
    const decipher = createDecipheriv(cipher.algorithm as CipherCCMTypes, key, nonce, options) as DecipherGCM;
    decipher.setAuthTag(sealed.subarray(length));
    // CCM counts the plaintext beforehand; the other modes pass over it.
    decipher.setAAD(additional, { plaintextLength: length });
    const plaintext = decipher.update(sealed.subarray(0, length));
    decipher.final();
    return new Uint8Array(plaintext);
  } catch {
    return undefined;
  }
}

/** AEAD-Encrypt (RFC 5116): ciphertext and tag. */
export function sealAead(
  cipher: AeadCipher,
  key: Uint8Array,
  nonce: Uint8Array,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const options = { authTagLength: cipher.tagLength };
  const encipher = createCipheriv(cipher.algorithm as CipherGCMTypes, key, nonce, options) as CipherGCM;
  encipher.setAAD(additional, { plaintextLength: plaintext.length });
  const sealed = encipher.update(plaintext);
  encipher.final();
  return concat(sealed, encipher.getAuthTag());
}
