import { isIP, SocketAddress } from 'node:net';
import type { Address } from './wire.ts';

/** ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2): an IPv4 peer as an IPv6 socket names it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/**
 * One spelling for each address: no brackets, no zone, RFC 5952 for IPv6, IPv4-mapped addresses as IPv4.
 *
 * What is no address literal is given back as it is.
 */
export function normaliseAddress(text: string): string {
  const bare = withoutZone(withoutBrackets(text));
  if (isIP(bare) !== 6) return bare;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  return MAPPED.exec(address)?.[1] ?? address;
}

export function withoutBrackets(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
}

/** Port of an http or https URL, the scheme's own where it names none. */
export function portOf({ protocol, port }: Pick<URL, 'protocol' | 'port'>): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** Our end of a connection to that address, as long as the kernel has chosen none. */
export function unspecifiedFor(remoteHost: string): Address {
  return { host: remoteHost.includes(':') ? '::' : '0.0.0.0', port: 0 };
}

/** RFC 4007 section 11: the zone belongs to this host, not to the address. */
function withoutZone(text: string): string {
  const at = text.indexOf('%');
  return at > 0 && isIP(text) === 6 ? text.slice(0, at) : text;
}
