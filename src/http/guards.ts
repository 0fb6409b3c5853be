import { HttpFault } from './fault.ts';
import { isLoopbackAuthority } from './loopback.ts';

/** Of every answer. Nothing is fetched from elsewhere, framed, sniffed or told to other sites; there are no cookies. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What a request tells of where it came from. */
export interface Origins {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` (Fetch Metadata): only browsers send it, and pages cannot forge it. */
  readonly site: string | undefined;
}

/**
 * On loopback, another site's name that its owner points at 127.0.0.1 (DNS rebinding) must not reach the API.
 *
 * @throws HttpFault 403
 */
export function checkHost({ host }: Pick<Origins, 'host'>, listens: 'loopback' | 'elsewhere'): void {
  if (listens === 'elsewhere' || (host !== undefined && isLoopbackAuthority(host))) return;
  throw new HttpFault(403, 'the Host header names another machine than this one');
}

/**
 * What changes something, opens a connection or listens must not be asked for by a page of another site.
 *
 * @throws HttpFault 403
 */
export function checkSameOrigin({ host, origin, site }: Origins): void {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new HttpFault(403, 'requests from other sites are refused');
  }
  if (origin === undefined || isSame(origin, host)) return;
  throw new HttpFault(403, 'requests from other origins are refused');
}

/**
 * The host decides, not the scheme: a proxy before us may end TLS. `null` is the origin of sandboxed pages and files:
 * nobody's.
 */
function isSame(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  try {
    const told = new URL(origin);
    return told.origin !== 'null' && told.origin === new URL(`${told.protocol}//${host}`).origin;
  } catch {
    return false;
  }
}
