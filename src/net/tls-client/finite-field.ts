import { randomBytes } from 'node:crypto';
import { bitLength } from '../../tls/dh-groups.ts';

/** Bits of a prime that is computed with; the largest group that has a name has 8192. */
export const DH_BITS_MAX = 16_384;

/** Secret exponents: twice the strength of the largest group (RFC 7919 section 5.2). */
const EXPONENT_LENGTH = 64;

export interface DhAgreement {
  /** As long as the prime. */
  readonly publicKey: Uint8Array;
  /** Shared secret, as long as the prime. @throws RangeError where the peer's value is none of the group's */
  readonly agree: (peer: Uint8Array) => Uint8Array;
}

/**
 * Diffie-Hellman with one's own exponent, used once.
 *
 * Not `crypto.createDiffieHellman`: it proves the prime first, seconds for a large one, and refuses small ones, which
 * are just what a probe has to talk to.
 *
 * @throws RangeError for a prime that is even or no number to compute with
 */
export function dhAgreement(prime: Uint8Array, generator: Uint8Array): DhAgreement {
  const bits = bitLength(prime);
  if (bits > DH_BITS_MAX) throw new RangeError(`prime of ${bits} bits: at most ${DH_BITS_MAX} are computed with`);
  const p = integer(prime);
  const g = integer(generator);
  if (p < 5n || (p & 1n) === 0n || g < 2n || g >= p - 1n) throw new RangeError('no Diffie-Hellman group');
  const exponent = (integer(randomBytes(EXPONENT_LENGTH)) % (p - 2n)) + 1n;
  const length = Math.ceil(bits / 8);
  return {
    publicKey: octets(power(g, exponent, p), length),
    agree(peer) {
      const y = integer(peer);
      if (y < 2n || y > p - 2n) throw new RangeError('public value outside the group');
      return octets(power(y, exponent, p), length);
    },
  };
}

function integer(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function octets(value: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
