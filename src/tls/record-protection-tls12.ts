import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AeadCipher, BulkCipher, CbcCipher, MacName } from './bulk-cipher.ts';
import { MAC_LENGTHS, tls12Cipher } from './bulk-cipher.ts';
import type { HashName } from './key-schedule.ts';
import { tls12KeyBlock } from './key-schedule.ts';
import type { OpenedRecord, RecordOpener, RecordSealer } from './record-protection.ts';
import { concat, nonceOf, openAead, PLAINTEXT_MAX, recordHeader, sealAead } from './record-protection.ts';

/** Octets of TLSCiphertext.fragment at most (RFC 5246 section 6.2.3). */
export const TLS12_CIPHERTEXT_MAX: number = 2 ** 14 + 2048;
const VERSION_TLS12 = 0x0303;

/** Keys of one direction (RFC 5246 section 6.3); `iv` is the part of the nonce that records do not carry. */
export interface Tls12Keys {
  readonly mac: Uint8Array;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** Order of authentication and encryption in CBC suites: as RFC 5246 has it, or as negotiated by RFC 7366. */
export type MacOrder = 'mac-then-encrypt' | 'encrypt-then-mac';

/** Keys of both directions, and the hash of the PRF; `undefined` for suites whose records cannot be opened. */
export function tls12Keys(
  suite: string,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly client: Tls12Keys; readonly server: Tls12Keys; readonly hash: HashName } | undefined {
  const cipher = tls12Cipher(suite);
  if (cipher === undefined) return undefined;
  const macLength = cipher.kind === 'aead' ? 0 : MAC_LENGTHS[cipher.mac];
  const keyLength = cipher.kind === 'null' ? 0 : cipher.keyLength;
  // CBC suites of TLS 1.1 and later carry the whole iv in the record (RFC 5246 section 6.2.3.2).
  const ivLength = cipher.kind === 'aead' ? cipher.fixedIvLength : 0;
  const length = 2 * (macLength + keyLength + ivLength);
  const block = tls12KeyBlock(cipher.hash, masterSecret, clientRandom, serverRandom, length);
  let at = 0;
  const next = (octets: number): Uint8Array => {
    at += octets;
    return block.subarray(at - octets, at);
  };
  const [clientMac, serverMac] = [next(macLength), next(macLength)];
  const [clientKey, serverKey] = [next(keyLength), next(keyLength)];
  const [clientIv, serverIv] = [next(ivLength), next(ivLength)];
  return {
    client: { mac: clientMac, key: clientKey, iv: clientIv },
    server: { mac: serverMac, key: serverKey, iv: serverIv },
    hash: cipher.hash,
  };
}

/**
 * Opens TLS 1.2 records of one direction, from the one after its ChangeCipherSpec (RFC 5246 section 6.2.3).
 *
 * A suite that is not known opens nothing. TLS 1.1 records open too, where the keys come from its own PRF.
 */
export function openTls12Record(suite: string, keys: Tls12Keys, order: MacOrder = 'mac-then-encrypt'): RecordOpener {
  const cipher = tls12Cipher(suite);
  let sequence = 0n;
  return {
    open(record) {
      const length = record.length - 5;
      if (cipher === undefined || length < 0 || length > TLS12_CIPHERTEXT_MAX) return undefined;
      if (((record[3]! << 8) | record[4]!) !== length) return undefined;
      const content = openFragment(cipher, keys, order, sequence, record);
      if (content === undefined || content.length > PLAINTEXT_MAX) return undefined;
      sequence++;
      return { type: record[0]!, content } satisfies OpenedRecord;
    },
  };
}

function openFragment(
  cipher: BulkCipher,
  keys: Tls12Keys,
  order: MacOrder,
  sequence: bigint,
  record: Uint8Array,
): Uint8Array | undefined {
  const fragment = record.subarray(5);
  if (cipher.kind === 'aead') return openAeadFragment(cipher, keys, sequence, record);
  if (cipher.kind === 'null') return withoutMac(cipher.mac, keys.mac, sequence, record, fragment);
  if (order === 'mac-then-encrypt') {
    const plaintext = decryptCbc(cipher, keys.key, fragment);
    return plaintext && withoutMac(cipher.mac, keys.mac, sequence, record, plaintext);
  }
  const encrypted = withoutMac(cipher.mac, keys.mac, sequence, record, fragment);
  return encrypted && decryptCbc(cipher, keys.key, encrypted);
}

/** GenericAEADCipher (RFC 5246 section 6.2.3.3, RFC 5288 section 3, RFC 6655 section 3, RFC 7905 section 2). */
function openAeadFragment(
  cipher: AeadCipher,
  keys: Tls12Keys,
  sequence: bigint,
  record: Uint8Array,
): Uint8Array | undefined {
  const explicitLength = explicitNonceLength(cipher);
  const sealed = record.subarray(5 + explicitLength);
  const length = sealed.length - cipher.tagLength;
  if (length < 0) return undefined;
  const nonce =
    explicitLength === 0 ? nonceOf(keys.iv, sequence) : concat(keys.iv, record.subarray(5, 5 + explicitLength));
  return openAead(cipher, keys.key, nonce, authenticated(sequence, record, length), sealed);
}

function explicitNonceLength(cipher: AeadCipher): number {
  return 12 - cipher.fixedIvLength;
}

/** seq_num + type + version + length: what every TLS 1.2 protection authenticates (RFC 5246 section 6.2.3.1). */
function authenticated(sequence: bigint, header: Uint8Array, length: number): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, sequence);
  data.set(header.subarray(0, 3), 8);
  view.setUint16(11, length);
  return data;
}

function macOf(mac: MacName, key: Uint8Array, sequence: bigint, header: Uint8Array, content: Uint8Array): Buffer {
  return createHmac(mac, key)
    .update(authenticated(sequence, header, content.length))
    .update(content)
    .digest();
}

function withoutMac(
  mac: MacName,
  key: Uint8Array,
  sequence: bigint,
  header: Uint8Array,
  maced: Uint8Array,
): Uint8Array | undefined {
  const length = maced.length - MAC_LENGTHS[mac];
  if (length < 0) return undefined;
  const content = maced.subarray(0, length);
  const expected = macOf(mac, key, sequence, header, content);
  return timingSafeEqual(expected, maced.subarray(length)) ? content : undefined;
}

/** GenericBlockCipher (RFC 5246 section 6.2.3.2): iv, blocks, padding of n octets n and the octet n itself. */
function decryptCbc(cipher: CbcCipher, key: Uint8Array, fragment: Uint8Array): Uint8Array | undefined {
  const blocks = fragment.length / cipher.blockLength;
  if (!Number.isInteger(blocks) || blocks < 2) return undefined;
  try {
    const decipher = createDecipheriv(cipher.algorithm, key, fragment.subarray(0, cipher.blockLength));
    decipher.setAutoPadding(false);
    const plaintext = concat(decipher.update(fragment.subarray(cipher.blockLength)), decipher.final());
    return withoutBlockPadding(plaintext);
  } catch {
    return undefined;
  }
}

function withoutBlockPadding(plaintext: Uint8Array): Uint8Array | undefined {
  const padding = plaintext[plaintext.length - 1]!;
  const length = plaintext.length - 1 - padding;
  if (length < 0 || !plaintext.subarray(length).every((octet) => octet === padding)) return undefined;
  return plaintext.subarray(0, length);
}

/**
 * Seals TLS 1.2 records of one direction (RFC 5246 section 6.2.3).
 *
 * @param explicit octets that records carry in the clear: explicit nonce or iv of the record with this number; left
 *   out, the nonce is the sequence number and the iv is random
 * @throws RangeError for a suite that is not known, and for contents longer than 2^14 octets
 */
export function sealTls12Record(
  suite: string,
  keys: Tls12Keys,
  order: MacOrder = 'mac-then-encrypt',
  explicit?: (sequence: bigint) => Uint8Array,
): RecordSealer {
  const cipher = tls12Cipher(suite);
  if (cipher === undefined) throw new RangeError(`records of ${suite} cannot be sealed`);
  let sequence = 0n;
  return {
    seal(type, content) {
      if (content.length > PLAINTEXT_MAX) throw new RangeError(`${content.length} bytes do not fit a record`);
      const fragment = sealFragment(
        cipher,
        keys,
        order,
        sequence,
        recordHeader(type, VERSION_TLS12, 0),
        content,
        explicit,
      );
      sequence++;
      return concat(recordHeader(type, VERSION_TLS12, fragment.length), fragment);
    },
  };
}

function sealFragment(
  cipher: BulkCipher,
  keys: Tls12Keys,
  order: MacOrder,
  sequence: bigint,
  header: Uint8Array,
  content: Uint8Array,
  explicit: ((sequence: bigint) => Uint8Array) | undefined,
): Uint8Array {
  if (cipher.kind === 'aead') {
    const additional = authenticated(sequence, header, content.length);
    if (explicitNonceLength(cipher) === 0) {
      return sealAead(cipher, keys.key, nonceOf(keys.iv, sequence), additional, content);
    }
    const carried = explicit?.(sequence) ?? authenticated(sequence, header, 0).subarray(0, 8);
    return concat(carried, sealAead(cipher, keys.key, concat(keys.iv, carried), additional, content));
  }
  if (cipher.kind === 'null') return concat(content, macOf(cipher.mac, keys.mac, sequence, header, content));
  const iv = explicit?.(sequence) ?? randomBytes(cipher.blockLength);
  if (order === 'mac-then-encrypt') {
    return encryptCbc(cipher, keys.key, iv, concat(content, macOf(cipher.mac, keys.mac, sequence, header, content)));
  }
  // RFC 7366 section 3: the MAC covers the iv and the ciphertext, and its length field counts them.
  const encrypted = encryptCbc(cipher, keys.key, iv, content);
  return concat(encrypted, macOf(cipher.mac, keys.mac, sequence, header, encrypted));
}

function encryptCbc(cipher: CbcCipher, key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const padding = cipher.blockLength - 1 - (plaintext.length % cipher.blockLength);
  const padded = concat(plaintext, new Uint8Array(padding + 1).fill(padding));
  const encipher = createCipheriv(cipher.algorithm, key, iv);
  encipher.setAutoPadding(false);
  return concat(iv, encipher.update(padded), encipher.final());
}
