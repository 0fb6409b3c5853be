import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { normaliseAddress, withoutBrackets } from './address.ts';

/** Addresses of a name in the order of the system's resolver, or why there are none. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  /** `because` is the resolver's code: `ENOTFOUND`, `EAI_AGAIN`, or `timeout`. */
  | { readonly kind: 'unresolved'; readonly because: string };

export type Lookup = (name: string) => Promise<readonly LookupAddress[]>;

/** Milliseconds. The system's resolver itself may wait for minutes. */
export const RESOLVE_TIMEOUT_MS = 10_000;

/** RFC 6761 section 6.3: the name means this host, whatever a resolver thinks. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

const lookupAll = promisify(lookup);
const systemLookup: Lookup = (name) => lookupAll(name, { all: true, verbatim: true });

/**
 * All addresses of a name, each once. Literals pass: brackets are taken off, a zone (`fe80::1%eth0`) stays, since no
 * link-local address can be dialled without it.
 */
export async function resolveName(
  name: string,
  options: { readonly timeoutMs?: number; readonly lookup?: Lookup } = {},
): Promise<Resolution> {
  const bare = withoutBrackets(name.trim());
  if (isIP(bare) !== 0) return { kind: 'addresses', addresses: [spell(bare)] };
  if (bare === '') return { kind: 'unresolved', because: 'ENOTFOUND' };
  const found = await within(options.timeoutMs ?? RESOLVE_TIMEOUT_MS, (options.lookup ?? systemLookup)(bare));
  if (found.kind === 'addresses' || !isLocalhost(bare)) return found;
  return { kind: 'addresses', addresses: LOOPBACK };
}

function isLocalhost(name: string): boolean {
  const lower = name.toLowerCase().replace(/\.$/, '');
  return lower === 'localhost' || lower.endsWith('.localhost');
}

function spell(literal: string): string {
  return literal.includes('%') ? literal : normaliseAddress(literal);
}

async function within(timeoutMs: number, looking: Promise<readonly LookupAddress[]>): Promise<Resolution> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Resolution>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'unresolved', because: 'timeout' }), timeoutMs);
  });
  const found = looking.then(addressesOf, (error: NodeJS.ErrnoException): Resolution => {
    return { kind: 'unresolved', because: error.code ?? error.message };
  });
  try {
    return await Promise.race([found, late]);
  } finally {
    clearTimeout(timer);
  }
}

function addressesOf(found: readonly LookupAddress[]): Resolution {
  const addresses = [...new Set(found.map(({ address }) => spell(address)))];
  return addresses.length > 0 ? { kind: 'addresses', addresses } : { kind: 'unresolved', because: 'ENOTFOUND' };
}
