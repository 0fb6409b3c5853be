import type { Input } from '../model/report.ts';
import type { RestAccess, RestAuthorization, RestTls, RestTrust } from '../net/flink-rest-types.ts';
import { ofFamily } from '../observe/active/families.ts';
import { parseDuration } from './common.ts';
import { Unusable } from './failure.ts';
import type { Keys } from './keys.ts';
import { readSecret } from './secrets.ts';
import type { VerifyArguments } from './verify-options.ts';

/** What REST is spoken to with. Throws `Unusable` for a pin or an authorisation that cannot be meant. */
export function restAccess(
  args: VerifyArguments & { readonly rest: string },
  keys: Keys,
  signal: AbortSignal,
): RestAccess {
  const { restAuthorizationFile: file } = args;
  const secret = file === undefined ? args.restAuthorization : readSecret('rest-authorization', { file });
  return {
    url: args.rest,
    tls: restTls(args, keys),
    ...(secret === undefined ? {} : { authorization: parseAuthorization(secret) }),
    timeoutMs: parseDuration('timeout', args.timeout),
    signal,
  };
}

function restTls(args: VerifyArguments, keys: Keys): RestTls {
  const identity = ofFamily(keys.identities, 'rest');
  const trustAnchors = ofFamily(keys.trustAnchors, 'rest');
  const shown = identity === undefined ? {} : { identity };
  if (args.insecureRest) return { verification: 'none', ...shown };
  if (args.restPin !== undefined) return { verification: 'pinned', ...pinOf(args.restPin), ...shown };
  if (trustAnchors !== undefined) return { verification: 'trust-store', trustAnchors, ...shown };
  return { verification: 'public', ...shown };
}

const SHA1_DIGITS = 40;
const SHA256_DIGITS = 64;

function pinOf(text: string): Pick<RestTls, 'pinnedSha1' | 'pinnedSha256'> {
  const digits = text.replaceAll(/[:\s]/g, '').toLowerCase();
  if (/^[0-9a-f]+$/.test(digits)) {
    if (digits.length === SHA1_DIGITS) return { pinnedSha1: [digits] };
    if (digits.length === SHA256_DIGITS) return { pinnedSha256: [digits] };
  }
  throw new Unusable(`--rest-pin: ${JSON.stringify(text)} is neither a SHA-1 nor a SHA-256 in hexadecimal`);
}

/** `user:password`, `Basic BASE64`, `Bearer TOKEN`, or the bare token. What is said of it never holds it. */
export function parseAuthorization(secret: string): RestAuthorization {
  const [, scheme, value] = /^(basic|bearer)\s+(\S+)\s*$/i.exec(secret) ?? [];
  if (value === undefined) return { kind: secret.includes(':') ? 'basic' : 'bearer', value: secret.trim() };
  if (scheme!.toLowerCase() === 'bearer') return { kind: 'bearer', value };
  const plain = Buffer.from(value, 'base64').toString('utf8');
  if (!plain.includes(':')) throw new Unusable('--rest-authorization-file: what follows Basic is no user:password');
  return { kind: 'basic', value: plain };
}

const TRUST: Readonly<Record<RestTrust, string>> = {
  clear: 'in clear',
  'trust-store': 'verified by the trust store',
  public: 'verified by public authorities',
  pinned: 'verified by its fingerprint',
  none: 'NOT VERIFIED',
};

/** How the report lists REST: what protected its answers, and what is to be known of them. */
export function restInput(url: string, trust: RestTrust, notes: readonly string[]): Input {
  const unverified =
    trust === 'none' ? ['its certificate was not verified: the answers may be those of somebody else'] : [];
  const problems = [...unverified, ...notes].map((message) => ({ file: url, line: 1, message }));
  return { kind: 'rest', path: url, format: TRUST[trust], ...(problems.length === 0 ? {} : { problems }) };
}
