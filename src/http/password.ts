import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Passwords of `basic_auth_users`, as `scrypt$N$r$p$salt$hash` (RFC 7914; salt and hash in base 64).
 *
 * N=2^15, r=8, p=3 is one of the settings that OWASP names as equal ("Password Storage Cheat Sheet"), and takes 32 MiB.
 */
const COST = { N: 2 ** 15, r: 8, p: 3 } as const;
const SALT_OCTETS = 16;
const HASH_OCTETS = 32;
/** A hash that asks for more is refused: it would take the daemon's memory. */
const MAX_MEMORY_OCTETS = 256 * 1024 * 1024;
const MIN_HASH_OCTETS = 16;
const MAX_PARALLEL = 64;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_OCTETS);
  const { N, r, p } = COST;
  const hash = await derive(password, { salt, hash: Buffer.alloc(HASH_OCTETS), N, r, p });
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** Takes the same time whatever is wrong with the password. Text that is no such hash matches nothing. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const parsed = parse(text);
  if (parsed === undefined) return false;
  return timingSafeEqual(await derive(password, parsed), parsed.hash);
}

/** Of a hash as {@link hashPassword} makes them; undefined: it can be used. */
export function passwordHashProblem(text: string): string | undefined {
  return parse(text) === undefined ? 'is no scrypt hash, or asks for more than 256 MiB' : undefined;
}

interface Parsed {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

function parse(text: string): Parsed | undefined {
  const match = /^scrypt\$(\d{1,9})\$(\d{1,4})\$(\d{1,4})\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)$/.exec(text);
  if (match === null) return undefined;
  const [N, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
  const [salt, hash] = match.slice(4).map((part) => Buffer.from(part, 'base64')) as [Buffer, Buffer];
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0;
  if (!isPowerOfTwo || r < 1 || p < 1 || p > MAX_PARALLEL || memory({ N, r, p }) > MAX_MEMORY_OCTETS) return undefined;
  return hash.length < MIN_HASH_OCTETS ? undefined : { N, r, p, salt, hash };
}

/** RFC 7914 section 6: V of N blocks, B of p blocks, and what mixing one takes. */
function memory({ N, r, p }: Pick<Parsed, 'N' | 'r' | 'p'>): number {
  return 128 * r * (N + p + 2);
}

function derive(password: string, { salt, hash, N, r, p }: Parsed): Promise<Buffer> {
  const options: ScryptOptions = { N, r, p, maxmem: 2 * memory({ N, r, p }) };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
