import { createDecipheriv, hash as digestOf, pbkdf2Sync, scryptSync } from 'node:crypto';
import forge from 'node-forge';
import type { DerReader } from '../x509/der.ts';
import { INTEGER, OCTET_STRING, SEQUENCE } from '../x509/der.ts';

/** `null`: no password at all, which PKCS#12 tells from an empty one (RFC 7292 appendix B.1). */
export type Password = string | null;

/** Decrypts with a password; `undefined` where the padding shows that the password is wrong, or the data damaged. */
export type Decryption = (data: Uint8Array, password: Password) => Uint8Array | undefined;

/** OWASP asks for 1,300,000 rounds of PBKDF2 with SHA-1; keytool writes 10,000. More than this is an attack on us. */
export const ITERATIONS_MAX = 2_000_000;
/** scrypt takes 128 * N * r bytes; OpenSSL writes keys that need 16 MiB. */
export const SCRYPT_OCTETS_MAX: number = 128 * 1024 * 1024;
export const SCRYPT_PARALLEL_MAX = 16;

/** A key of so many octets from a password. */
export interface Derivation {
  /** As its parameters say, where they do. */
  readonly keyOctets?: number;
  readonly derive: (password: Password, length: number) => Uint8Array;
}

/** The largest key that anything here takes is that of HMAC with SHA-512. */
const KEY_OCTETS_MAX = 1024;

/**
 * Reads the content of the `AlgorithmIdentifier` of an encryption by password: PBES2 (RFC 8018 section 6.2) with
 * PBKDF2 or scrypt, and PBES1 of PKCS#12 with 3DES or RC2 (RFC 7292 appendix C).
 *
 * @throws DecodeError where damaged, or not supported
 */
export function readEncryption(algorithm: DerReader): Decryption {
  const oid = algorithm.oid('algorithm');
  if (oid === '1.2.840.113549.1.5.13') return readPbes2(algorithm.inside(SEQUENCE, 'PBES2-params'));
  const legacy = PKCS12_SCHEMES[oid];
  if (legacy !== undefined) return readPkcs12Scheme(algorithm.inside(SEQUENCE, 'pkcs-12PbeParams'), legacy);
  throw algorithm.fail('unsupported', 'algorithm', `encryption ${oid}`);
}

const CIPHERS: Readonly<
  Record<string, { readonly name: string; readonly keyOctets: number; readonly ivOctets: number }>
> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyOctets: 16, ivOctets: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyOctets: 24, ivOctets: 16 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyOctets: 32, ivOctets: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyOctets: 24, ivOctets: 8 },
};

function readPbes2(params: DerReader): Decryption {
  const { derive } = readDerivation(params.inside(SEQUENCE, 'keyDerivationFunc'));
  const scheme = params.inside(SEQUENCE, 'encryptionScheme');
  const oid = scheme.oid('algorithm');
  const cipher = CIPHERS[oid];
  if (cipher === undefined) throw scheme.fail('unsupported', 'algorithm', `cipher ${oid}`);
  const iv = scheme.element('iv', OCTET_STRING).content;
  if (iv.length !== cipher.ivOctets) throw scheme.fail('length-out-of-range', 'iv', `${iv.length} bytes`);
  return (data, password) => decipher(cipher.name, derive(password, cipher.keyOctets), iv, data);
}

/** The content of an `AlgorithmIdentifier` of PBKDF2 or scrypt; also what PBMAC1 derives its key with. */
export function readDerivation(algorithm: DerReader): Derivation {
  const oid = algorithm.oid('algorithm');
  if (oid === '1.2.840.113549.1.5.12') return readPbkdf2(algorithm.inside(SEQUENCE, 'PBKDF2-params'));
  if (oid === '1.3.6.1.4.1.11591.4.11') return readScrypt(algorithm.inside(SEQUENCE, 'scrypt-params'));
  throw algorithm.fail('unsupported', 'algorithm', `key derivation ${oid}`);
}

/** Hashes of HMAC by object identifier (RFC 8018 appendix B.1). */
export const HMAC_HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** RFC 8018 appendix A.2. */
function readPbkdf2(params: DerReader): Derivation {
  const salt = params.element('salt', OCTET_STRING).content;
  const iterations = readIterations(params);
  const keyOctets = readKeyLength(params);
  let hash = 'sha1';
  if (params.remaining > 0) {
    const prf = params.inside(SEQUENCE, 'prf');
    const oid = prf.oid('algorithm');
    const known = HMAC_HASHES[oid];
    if (known === undefined) throw prf.fail('unsupported', 'algorithm', `pseudo-random function ${oid}`);
    hash = known;
  }
  return { ...keyOctets, derive: (password, length) => pbkdf2Sync(password ?? '', salt, iterations, length, hash) };
}

function readKeyLength(params: DerReader): Pick<Derivation, 'keyOctets'> {
  if (!params.is(INTEGER)) return {};
  const keyOctets = params.smallInteger('keyLength');
  if (keyOctets === 0 || keyOctets > KEY_OCTETS_MAX) throw params.fail('illegal-value', 'keyLength', `${keyOctets}`);
  return { keyOctets };
}

/** RFC 7914 section 7.1. */
function readScrypt(params: DerReader): Derivation {
  const salt = params.element('salt', OCTET_STRING).content;
  const cost = params.smallInteger('costParameter');
  const blockSize = params.smallInteger('blockSize');
  const parallelization = params.smallInteger('parallelizationParameter');
  const keyOctets = readKeyLength(params);
  const memory = 128 * cost * blockSize;
  if (cost < 2 || !Number.isInteger(Math.log2(cost)) || memory === 0 || parallelization === 0) {
    throw params.fail('illegal-value', 'costParameter', `${cost}`);
  }
  if (memory > SCRYPT_OCTETS_MAX || parallelization > SCRYPT_PARALLEL_MAX) {
    throw params.fail('unsupported', 'costParameter', `scrypt with N ${cost}, r ${blockSize}, p ${parallelization}`);
  }
  const options = { cost, blockSize, parallelization, maxmem: 2 * SCRYPT_OCTETS_MAX };
  return { ...keyOctets, derive: (password, length) => scryptSync(password ?? '', salt, length, options) };
}

/** A count of rounds within reason. */
export function readIterations(params: DerReader): number {
  const iterations = params.smallInteger('iterations');
  if (iterations === 0) throw params.fail('illegal-value', 'iterations', '0');
  if (iterations > ITERATIONS_MAX) {
    throw params.fail('unsupported', 'iterations', `${iterations}, more than ${ITERATIONS_MAX}`);
  }
  return iterations;
}

interface Pkcs12Scheme {
  readonly cipher: 'des-ede3-cbc' | 'des-ede-cbc' | 'rc2';
  readonly keyOctets: number;
}

/** RFC 7292 appendix C; its two RC4 schemes are not written by any tool of this century. */
const PKCS12_SCHEMES: Readonly<Record<string, Pkcs12Scheme>> = {
  '1.2.840.113549.1.12.1.3': { cipher: 'des-ede3-cbc', keyOctets: 24 },
  '1.2.840.113549.1.12.1.4': { cipher: 'des-ede-cbc', keyOctets: 16 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', keyOctets: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', keyOctets: 5 },
};

function readPkcs12Scheme(params: DerReader, { cipher, keyOctets }: Pkcs12Scheme): Decryption {
  const salt = params.element('salt', OCTET_STRING).content;
  const iterations = readIterations(params);
  return (data, password) => {
    const key = pkcs12Key('sha1', 1, password, salt, iterations, keyOctets);
    const iv = pkcs12Key('sha1', 2, password, salt, iterations, 8);
    return cipher === 'rc2' ? decipherRc2(key, iv, data) : decipher(cipher, key, iv, data);
  };
}

/** `undefined` for wrong padding. */
export function decipher(cipher: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  const state = createDecipheriv(cipher, key, iv);
  try {
    return new Uint8Array(Buffer.concat([state.update(data), state.final()]));
  } catch {
    return undefined;
  }
}

/** OpenSSL 3 has RC2 only in a provider that Node does not load. */
function decipherRc2(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  const state = forge.rc2.createDecryptionCipher(binary(key), key.length * 8);
  state.start(binary(iv), null as unknown as forge.util.ByteBuffer);
  state.update(forge.util.createBuffer(binary(data)));
  return state.finish() ? new Uint8Array(Buffer.from(state.output.getBytes(), 'latin1')) : undefined;
}

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** RFC 7292 appendix B.1: UTF-16, big-endian, with an end mark; nothing at all for no password. */
function passwordOctets(password: Password): Uint8Array {
  if (password === null) return new Uint8Array(0);
  return Buffer.from(`${password}\0`, 'utf16le').swap16();
}

/**
 * Key derivation of PKCS#12 (RFC 7292 appendix B.2).
 *
 * @param id what the octets are for: 1 key, 2 IV, 3 MAC key
 */
export function pkcs12Key(
  hash: string,
  id: 1 | 2 | 3,
  password: Password,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Uint8Array {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const input = Buffer.concat([stretched(salt, block), stretched(passwordOctets(password), block)]);
  const parts: Uint8Array[] = [];
  for (let have = 0; have < length; ) {
    let digest = digestOf(hash, Buffer.concat([Buffer.alloc(block, id), input]), 'buffer');
    for (let round = 1; round < iterations; round++) digest = digestOf(hash, digest, 'buffer');
    parts.push(digest);
    have += digest.length;
    for (let at = 0; at < input.length; at += block) addOnePlus(input.subarray(at, at + block), digest);
  }
  return new Uint8Array(Buffer.concat(parts).subarray(0, length));
}

/** Copies of the octets up to a multiple of `block`, the last one cut. */
function stretched(octets: Uint8Array, block: number): Uint8Array {
  return Uint8Array.from({ length: block * Math.ceil(octets.length / block) }, (_, i) => octets[i % octets.length]!);
}

/** `value = (value + B + 1) mod 2^v`, where B is the digest repeated to the length of the value. */
function addOnePlus(value: Uint8Array, digest: Uint8Array): void {
  let carry = 1;
  for (let at = value.length - 1; at >= 0; at--) {
    carry += value[at]! + digest[at % digest.length]!;
    value[at] = carry & 0xff;
    carry >>= 8;
  }
}
