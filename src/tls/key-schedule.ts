import { createHash, createHmac } from 'node:crypto';
import { Writer } from '../bytes/writer.ts';

/** Hash of a cipher suite: the last word of its name, SHA-256 where a TLS 1.2 name has none (RFC 5246 section 5). */
export type HashName = 'sha256' | 'sha384';

export const HASH_LENGTHS: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48 };

const EMPTY = new Uint8Array(0);

function hmac(hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac(hash, key);
  for (const part of parts) mac.update(part);
  return new Uint8Array(mac.digest());
}

/** Transcript-Hash of handshake messages, headers included (RFC 8446 section 4.4.1). */
export function transcriptHash(hash: HashName, ...messages: readonly Uint8Array[]): Uint8Array {
  const digest = createHash(hash);
  for (const message of messages) digest.update(message);
  return new Uint8Array(digest.digest());
}

/**
 * What stands for the first ClientHello in the transcript once a HelloRetryRequest was sent (RFC 8446 section 4.4.1):
 * message type 254, `00 00 Hash.length`, hash of the ClientHello.
 */
export function messageHash(hash: HashName, clientHello: Uint8Array): Uint8Array {
  const digest = transcriptHash(hash, clientHello);
  return new Writer().uint8(254).uint24(digest.length).bytes(digest).finish();
}

/** HKDF-Extract (RFC 5869 section 2.2). */
export function hkdfExtract(hash: HashName, salt: Uint8Array, keyingMaterial: Uint8Array): Uint8Array {
  return hmac(hash, salt, keyingMaterial);
}

/**
 * HKDF-Expand (RFC 5869 section 2.3).
 *
 * @throws RangeError where more than 255 blocks are asked for
 */
export function hkdfExpand(hash: HashName, key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blockLength = HASH_LENGTHS[hash];
  const blocks = Math.ceil(length / blockLength);
  if (blocks > 255) throw new RangeError(`HKDF-Expand gives at most ${255 * blockLength} bytes, not ${length}`);
  const output = new Uint8Array(blocks * blockLength);
  let block: Uint8Array = EMPTY;
  for (let i = 1; i <= blocks; i++) {
    block = hmac(hash, key, block, info, Uint8Array.of(i));
    output.set(block, (i - 1) * blockLength);
  }
  return output.slice(0, length);
}

/** HKDF-Expand-Label (RFC 8446 section 7.1); `label` without the prefix `tls13 `. */
export function hkdfExpandLabel(
  hash: HashName,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const info = new Writer()
    .uint16(length)
    .vector8((inner) => inner.bytes(Buffer.from(`tls13 ${label}`, 'latin1')))
    .vector8((inner) => inner.bytes(context));
  return hkdfExpand(hash, secret, info.finish(), length);
}

/** Derive-Secret (RFC 8446 section 7.1) of a transcript that is hashed already; left out: the empty transcript. */
export function deriveSecret(
  hash: HashName,
  secret: Uint8Array,
  label: string,
  transcript: Uint8Array = transcriptHash(hash),
): Uint8Array {
  return hkdfExpandLabel(hash, secret, label, transcript, HASH_LENGTHS[hash]);
}

/** Early Secret (RFC 8446 section 7.1); zeros stand for a pre-shared key that there is none of. */
export function earlySecret(hash: HashName, preSharedKey: Uint8Array = new Uint8Array(HASH_LENGTHS[hash])): Uint8Array {
  return hkdfExtract(hash, new Uint8Array(HASH_LENGTHS[hash]), preSharedKey);
}

/** Handshake Secret (RFC 8446 section 7.1). */
export function handshakeSecret(hash: HashName, early: Uint8Array, sharedSecret: Uint8Array): Uint8Array {
  return hkdfExtract(hash, deriveSecret(hash, early, 'derived'), sharedSecret);
}

/** Master Secret (RFC 8446 section 7.1). */
export function masterSecret(hash: HashName, handshake: Uint8Array): Uint8Array {
  return hkdfExtract(hash, deriveSecret(hash, handshake, 'derived'), new Uint8Array(HASH_LENGTHS[hash]));
}

/** Secrets that both sides derive, by the names of RFC 8446 section 7.1. */
export const clientHandshakeTrafficSecret = (
  hash: HashName,
  handshake: Uint8Array,
  transcript: Uint8Array,
): Uint8Array => deriveSecret(hash, handshake, 'c hs traffic', transcript);
export const serverHandshakeTrafficSecret = (
  hash: HashName,
  handshake: Uint8Array,
  transcript: Uint8Array,
): Uint8Array => deriveSecret(hash, handshake, 's hs traffic', transcript);
export const clientApplicationTrafficSecret = (
  hash: HashName,
  master: Uint8Array,
  transcript: Uint8Array,
): Uint8Array => deriveSecret(hash, master, 'c ap traffic', transcript);
export const serverApplicationTrafficSecret = (
  hash: HashName,
  master: Uint8Array,
  transcript: Uint8Array,
): Uint8Array => deriveSecret(hash, master, 's ap traffic', transcript);
export const exporterMasterSecret = (hash: HashName, master: Uint8Array, transcript: Uint8Array): Uint8Array =>
  deriveSecret(hash, master, 'exp master', transcript);
export const resumptionMasterSecret = (hash: HashName, master: Uint8Array, transcript: Uint8Array): Uint8Array =>
  deriveSecret(hash, master, 'res master', transcript);

/** Pre-shared key of a NewSessionTicket (RFC 8446 section 4.6.1). */
export function resumptionKey(hash: HashName, resumptionMaster: Uint8Array, ticketNonce: Uint8Array): Uint8Array {
  return hkdfExpandLabel(hash, resumptionMaster, 'resumption', ticketNonce, HASH_LENGTHS[hash]);
}

/** TLS-Exporter (RFC 8446 section 7.5). */
export function exportKeyingMaterial(
  hash: HashName,
  exporterMaster: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const secret = deriveSecret(hash, exporterMaster, label);
  return hkdfExpandLabel(hash, secret, 'exporter', transcriptHash(hash, context), length);
}

/** Secret of the next generation, after a KeyUpdate (RFC 8446 section 7.2). */
export function nextTrafficSecret(hash: HashName, secret: Uint8Array): Uint8Array {
  return hkdfExpandLabel(hash, secret, 'traffic upd', EMPTY, HASH_LENGTHS[hash]);
}

export interface TrafficKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** Write key and iv of a traffic secret (RFC 8446 section 7.3); every suite of TLS 1.3 has an iv of 12 bytes. */
export function trafficKeys(hash: HashName, secret: Uint8Array, keyLength: number): TrafficKeys {
  return {
    key: hkdfExpandLabel(hash, secret, 'key', EMPTY, keyLength),
    iv: hkdfExpandLabel(hash, secret, 'iv', EMPTY, 12),
  };
}

/** finished_key of a handshake traffic secret (RFC 8446 section 4.4.4). */
export function finishedKey(hash: HashName, trafficSecret: Uint8Array): Uint8Array {
  return hkdfExpandLabel(hash, trafficSecret, 'finished', EMPTY, HASH_LENGTHS[hash]);
}

/** verify_data of a Finished, or of a binder (RFC 8446 section 4.4.4). */
export function finishedVerifyData(hash: HashName, trafficSecret: Uint8Array, transcript: Uint8Array): Uint8Array {
  return hmac(hash, finishedKey(hash, trafficSecret), transcript);
}

/** PRF of TLS 1.2 (RFC 5246 section 5): P_hash over label and seed. */
export function tls12Prf(
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const output = new Uint8Array(length);
  let a: Uint8Array = labelled;
  for (let at = 0; at < length; at += HASH_LENGTHS[hash]) {
    a = hmac(hash, secret, a);
    output.set(hmac(hash, secret, a, labelled).subarray(0, length - at), at);
  }
  return output;
}

/** Master secret of TLS 1.2 (RFC 5246 section 8.1): 48 bytes. */
export function tls12MasterSecret(
  hash: HashName,
  premasterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return tls12Prf(hash, premasterSecret, 'master secret', Buffer.concat([clientRandom, serverRandom]), 48);
}

/** Extended master secret (RFC 7627 section 4); `session` is the hash of ClientHello to ClientKeyExchange. */
export function tls12ExtendedMasterSecret(
  hash: HashName,
  premasterSecret: Uint8Array,
  session: Uint8Array,
): Uint8Array {
  return tls12Prf(hash, premasterSecret, 'extended master secret', session, 48);
}

/** Key block (RFC 5246 section 6.3): here the random of the server comes first. */
export function tls12KeyBlock(
  hash: HashName,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  length: number,
): Uint8Array {
  return tls12Prf(hash, master, 'key expansion', Buffer.concat([serverRandom, clientRandom]), length);
}

/** verify_data of a TLS 1.2 Finished (RFC 5246 section 7.4.9): 12 bytes. */
export function tls12VerifyData(
  hash: HashName,
  master: Uint8Array,
  side: 'client' | 'server',
  transcript: Uint8Array,
): Uint8Array {
  return tls12Prf(hash, master, `${side} finished`, transcript, 12);
}
