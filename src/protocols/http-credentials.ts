import type { Side } from '../bytes/stream.ts';
import type { HttpHeader, HttpMessageHead } from './http-message.ts';
import { parseTarget, queryParameters } from './http-path.ts';
import type { Sightings } from './http-sightings.ts';

/** A signature proves a secret without sending it. */
export type SignatureScheme = 'aws-signature' | 'azure-signature';

const SIGNATURES: readonly (readonly [RegExp, SignatureScheme])[] = [
  [/^AWS4-(?:HMAC-SHA256|ECDSA-P256-SHA256)\b/i, 'aws-signature'],
  [/^AWS [^:]+:/, 'aws-signature'],
  [/^SharedKey(?:Lite)? /i, 'azure-signature'],
];

/** Headers whose value is a secret by itself. */
const TOKEN_HEADERS: ReadonlySet<string> = new Set([
  'x-api-key',
  'x-auth-token',
  'x-access-token',
  'x-vault-token',
  'api-key',
  'apikey',
]);
/** Query parameters whose value is a secret by itself; `delegation` is WebHDFS's token. */
const TOKEN_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'api_key',
  'apikey',
  'auth_token',
  'delegation',
  'password',
  'passwd',
  'secret',
  'token',
]);
/** Cookies that stand for a log-in; others (a theme, say) are no credential. */
/** Most of a cookie header that is looked at; browsers keep 4 KiB a cookie. */
const MAX_COOKIE = 8192;
const SESSION_COOKIE = /^[^=]{0,64}?(?:sess|sid|auth|token|jwt|sso|login|remember)[^=]{0,64}=./i;

/** Canonical writing, since header names come in any case. */
const HEADER_NAMES: Readonly<Record<string, string>> = {
  authorization: 'Authorization',
  'proxy-authorization': 'Proxy-Authorization',
  cookie: 'Cookie',
  'set-cookie': 'Set-Cookie',
};

/**
 * Notes which credentials a message carries, by kind and place, and never a value. Answers with the signature scheme
 * where the message is signed instead.
 */
export function noteCredentials(head: HttpMessageHead, side: Side, sightings: Sightings): SignatureScheme | undefined {
  let signature: SignatureScheme | undefined;
  for (const header of head.headers) {
    signature ??= noteHeader(header, side, sightings);
  }
  if (head.start.kind === 'request') {
    signature ??= noteTarget(head, head.start.target, side, sightings);
  }
  return signature;
}

function noteHeader(header: HttpHeader, side: Side, sightings: Sightings): SignatureScheme | undefined {
  const name = HEADER_NAMES[header.name];
  if (header.name === 'authorization' || header.name === 'proxy-authorization') {
    const signature = SIGNATURES.find(([pattern]) => pattern.test(header.value))?.[1];
    if (signature === undefined && header.value !== '') {
      sightings.credential(authorizationKind(header.value), side, header, name!);
    }
    return signature;
  }
  if ((header.name === 'cookie' || header.name === 'set-cookie') && isSessionCookie(header.value)) {
    sightings.credential('cookie', side, header, name!);
  }
  if (TOKEN_HEADERS.has(header.name) && header.value !== '') {
    sightings.credential('other-authorization', side, header, header.name);
  }
  return undefined;
}

/** Looks at the names before the equals signs alone. */
function isSessionCookie(value: string): boolean {
  return value
    .slice(0, MAX_COOKIE)
    .split(';')
    .some((cookie) => SESSION_COOKIE.test(cookie));
}

function authorizationKind(value: string): 'basic-authorization' | 'bearer-authorization' | 'other-authorization' {
  if (/^basic /i.test(value)) {
    return 'basic-authorization';
  }
  return /^bearer /i.test(value) ? 'bearer-authorization' : 'other-authorization';
}

function noteTarget(
  head: HttpMessageHead,
  target: string,
  side: Side,
  sightings: Sightings,
): SignatureScheme | undefined {
  const { query, userInformation } = parseTarget(target);
  if (userInformation) {
    sightings.credential('basic-authorization', side, head, 'user information of the request target');
  }
  const parameters = queryParameters(query);
  for (const [name, value] of parameters) {
    if (value !== '' && TOKEN_PARAMETERS.has(name.toLowerCase())) {
      sightings.credential('other-authorization', side, head, `query parameter ${name.toLowerCase()}`);
    }
  }
  // A presigned address: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  return parameters.some(([name]) => name === 'X-Amz-Signature') ? 'aws-signature' : undefined;
}
