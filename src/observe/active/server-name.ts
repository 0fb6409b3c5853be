import { isIP } from 'node:net';

/**
 * A name that every TLS stack accepts as server_name: letters, digits and inner hyphens, labels of 1 to 63 octets, at most
 * 253 in all, no IP literal, no trailing dot. JSSE refuses others with alert 47 or 112 (`SNIHostName`, RFC 6066 section 3).
 */
export function isServerName(name: string): boolean {
  if (isIP(name) !== 0 || name.length > 253) return false;
  return name.split('.').every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
}

/** Could be written into the extension at all: a host name of whatever spelling. */
export function isWritableName(name: string): boolean {
  return isIP(name) === 0 && name.length > 0 && name.length <= 253 && /^[\x21-\x7e]+$/.test(name);
}
