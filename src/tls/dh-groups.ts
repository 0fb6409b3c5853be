import { getDiffieHellman } from 'node:crypto';

/** Bits of a positive integer in big-endian octets; leading zeros do not count. */
export function bitLength(integer: Uint8Array): number {
  const first = integer.findIndex((octet) => octet !== 0);
  return first < 0 ? 0 : (integer.length - first) * 8 - (Math.clz32(integer[first]!) - 24);
}

/**
 * Name of a well-known prime: `ffdhe2048` … (RFC 7919), `modp14` … (RFC 3526, RFC 2409); `undefined` for others.
 */
export function dhGroupName(p: Uint8Array): string | undefined {
  return knownPrimes().get(digits(p));
}

/** Prime of the RFC 7919 group of this size, big-endian; `undefined` for sizes that have none. */
export function ffdhePrime(bits: number): Uint8Array | undefined {
  const entry = [...knownPrimes()].find(([, name]) => name === `ffdhe${bits}`);
  return entry === undefined ? undefined : new Uint8Array(Buffer.from(entry[0], 'hex'));
}

let primes: ReadonlyMap<string, string> | undefined;

// Made at first use: finite-field DHE is rare.
function knownPrimes(): ReadonlyMap<string, string> {
  if (primes === undefined) {
    primes = new Map([...ffdhePrimes(), ...modpPrimes()]);
  }
  return primes;
}

function digits(p: Uint8Array): string {
  return Buffer.from(p.buffer, p.byteOffset, p.length).toString('hex').replace(/^0+/, '');
}

/** RFC 7919 appendix A: p = 2^b - 2^(b-64) + (floor(2^(b-130) e) + X) 2^64 - 1. */
const FFDHE: readonly (readonly [bits: number, x: bigint])[] = [
  [2048, 560316n],
  [3072, 2625351n],
  [4096, 5736041n],
  [6144, 15705020n],
  [8192, 10965728n],
];

function* ffdhePrimes(): Generator<[string, string]> {
  const e = scaledE(8192n);
  for (const [bits, x] of FFDHE) {
    const b = BigInt(bits);
    const p = 2n ** b - 2n ** (b - 64n) + ((e >> (8192n - (b - 130n))) + x) * 2n ** 64n - 1n;
    yield [p.toString(16), `ffdhe${bits}`];
  }
}

/** floor(2^precision e), by its series with guard bits. */
function scaledE(precision: bigint): bigint {
  const guard = 64n;
  let term = 1n << (precision + guard);
  let sum = 0n;
  for (let k = 1n; term > 0n; k++) {
    sum += term;
    term /= k;
  }
  return sum >> guard;
}

function* modpPrimes(): Generator<[string, string]> {
  for (const name of ['modp1', 'modp2', 'modp5', 'modp14', 'modp15', 'modp16', 'modp17', 'modp18']) {
    try {
      yield [getDiffieHellman(name).getPrime('hex').replace(/^0+/, ''), name];
    } catch {
      // A FIPS build of OpenSSL refuses the small groups: they stay unnamed.
    }
  }
}
