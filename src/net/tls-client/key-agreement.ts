import * as crypto from 'node:crypto';
import {
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  getCurves,
  type KeyObject,
} from 'node:crypto';
import { NAMED_GROUPS } from '../../tls/code-points.ts';
import { ffdhePrime } from '../../tls/dh-groups.ts';
import { concat } from '../../tls/record-protection.ts';
import { dhAgreement } from './finite-field.ts';

/** An ephemeral key of ours in a named group. */
export interface KeyAgreement {
  readonly group: number;
  /** As key_exchange or ClientKeyExchange carry it. */
  readonly publicKey: Uint8Array;
  /** Shared secret. @throws Error where the peer's key is none of the group's */
  readonly agree: (peer: Uint8Array) => Uint8Array;
}

/** A fresh key; `undefined` for groups that this Node cannot compute with. */
export function keyAgreement(group: number): KeyAgreement | undefined {
  const name = NAMED_GROUPS.name(group);
  switch (name) {
    case 'x25519':
    case 'x448':
      return montgomery(group, name);
    case 'X25519MLKEM768':
      return hybrid(group);
    default:
      return finiteField(group, name) ?? weierstrass(group, name);
  }
}

const MONTGOMERY_LENGTHS = { x25519: 32, x448: 56 } as const;
/** u of the base points (RFC 7748 sections 4.1 and 4.2). */
const BASE_POINTS = { x25519: 9, x448: 5 } as const;
/** Made when first needed. */
const basePoints = new Map<string, KeyObject>();

/** RFC 7748; a shared secret of zeros is refused by OpenSSL (RFC 8446 section 7.4.2). */
function montgomery(group: number, name: 'x25519' | 'x448'): KeyAgreement {
  const length = MONTGOMERY_LENGTHS[name];
  const { privateKey } = name === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('x448');
  const times = (point: KeyObject): Uint8Array => new Uint8Array(diffieHellman({ privateKey, publicKey: point }));
  return {
    group,
    publicKey: times(basePoint(name)),
    agree(peer) {
      if (peer.length !== length) throw new RangeError(`${name} key of ${peer.length} bytes`);
      return times(pointOf(name, peer));
    },
  };
}

/**
 * The public key is the private one times this (RFC 7748 section 6). To export it takes OpenSSL 3 longer than to make the
 * pair (SubjectPublicKeyInfo), or may block Node 20 for ever (JWK: it collects garbage under the lock that it then needs).
 */
function basePoint(name: 'x25519' | 'x448'): KeyObject {
  const known = basePoints.get(name) ?? pointOf(name, Uint8Array.of(BASE_POINTS[name]));
  basePoints.set(name, known);
  return known;
}

/** Octets that are missing at the end are zeros: the first is the lowest. */
function pointOf(name: 'x25519' | 'x448', octets: Uint8Array): KeyObject {
  const whole = Buffer.alloc(MONTGOMERY_LENGTHS[name]);
  whole.set(octets);
  const jwk = { kty: 'OKP', crv: name.toUpperCase(), x: whole.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** SubjectPublicKeyInfo ends with the key itself. */
function rawTail(key: KeyObject, length: number): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(-length));
}

/** Names under which OpenSSL knows curves that IANA names otherwise. */
const OPENSSL_CURVES: Readonly<Record<string, string>> = {
  secp192r1: 'prime192v1',
  secp256r1: 'prime256v1',
  brainpoolP256r1tls13: 'brainpoolP256r1',
  brainpoolP384r1tls13: 'brainpoolP384r1',
  brainpoolP512r1tls13: 'brainpoolP512r1',
};

/** RFC 8422 section 5.4: uncompressed points; the secret is the x coordinate. */
function weierstrass(group: number, name: string): KeyAgreement | undefined {
  const curve = OPENSSL_CURVES[name] ?? name;
  if (!getCurves().includes(curve)) return undefined;
  const ecdh = createECDH(curve);
  return {
    group,
    publicKey: new Uint8Array(ecdh.generateKeys()),
    agree: (peer) => new Uint8Array(ecdh.computeSecret(peer)),
  };
}

/** RFC 7919. */
function finiteField(group: number, name: string): KeyAgreement | undefined {
  const bits = /^ffdhe(\d+)$/.exec(name)?.[1];
  const prime = bits === undefined ? undefined : ffdhePrime(Number(bits));
  return prime === undefined ? undefined : { group, ...dhAgreement(prime, Uint8Array.of(2)) };
}

const ML_KEM_768 = { publicKey: 1184, ciphertext: 1088 } as const;

/** Node 24.7 and later, where its OpenSSL is 3.5 or later. */
interface KeyEncapsulation {
  readonly generateKeyPairSync: (type: string) => { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly decapsulate?: (key: KeyObject, ciphertext: Uint8Array) => Uint8Array;
}

/** draft-ietf-tls-ecdhe-mlkem section 4: ML-KEM first, then X25519, in keys, ciphertexts and the secret. */
function hybrid(group: number): KeyAgreement | undefined {
  const { decapsulate, generateKeyPairSync: generate } = crypto as unknown as KeyEncapsulation;
  if (decapsulate === undefined) return undefined;
  try {
    const { privateKey, publicKey } = generate('ml-kem-768');
    const classical = montgomery(group, 'x25519');
    return {
      group,
      publicKey: concat(rawTail(publicKey, ML_KEM_768.publicKey), classical.publicKey),
      agree(peer) {
        const ciphertext = peer.subarray(0, ML_KEM_768.ciphertext);
        const secret = classical.agree(peer.subarray(ML_KEM_768.ciphertext));
        return concat(decapsulate(privateKey, ciphertext), secret);
      },
    };
  } catch {
    // A Node that has the function may be linked to an OpenSSL without the algorithm.
    return undefined;
  }
}
