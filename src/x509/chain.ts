import type { Certificate } from '../model/report.ts';
import type { CertificateParts, Verification } from './certificate.ts';
import { CertificateCache } from './certificate.ts';
import { parseIpAddress } from './ip-address.ts';
import { commonNames } from './name.ts';

/** A chain as it was sent. Positions count from 0, the leaf. */
export interface ChainReading {
  readonly certificates: readonly Certificate[];
  /**
   * `in-order`: each certificate is issued by the next (RFC 8446 section 4.4.2); `out-of-order`: all belong to the
   * path of the first, but stand elsewhere; `unrelated`: some do not. Duplicates do not count.
   */
  readonly order: 'empty' | 'single' | 'in-order' | 'out-of-order' | 'unrelated';
  /** Of each certificate: position of its issuer, itself where self-signed; absent where it was not sent. */
  readonly issuers: readonly (number | undefined)[];
  /**
   * `self-signed`: it ends in a certificate that its own key signed; `incomplete`: it ends in one whose issuer was not
   * sent; `unverifiable`: OpenSSL cannot tell. Root certificates may be left out (RFC 8446 section 4.4.2), so
   * `incomplete` with one step missing is no fault by itself.
   */
  readonly end: 'self-signed' | 'incomplete' | 'unverifiable' | 'none';
  /** The leaf is signed by its own key. */
  readonly selfSigned: boolean;
  /** Positions of certificates that were sent before in the same chain. */
  readonly duplicates: readonly number[];
}

/** Chains of real servers have at most 5 certificates; beyond this bound nothing is verified, only read. */
export const CHAIN_VERIFIED_MAX = 20;

interface Link extends CertificateParts {
  readonly der: Uint8Array;
}

/** What a chain shows by itself, without a trust store. Never throws. */
export function readChain(
  chain: readonly Uint8Array[],
  cache: CertificateCache = new CertificateCache(),
): ChainReading {
  const links: Link[] = chain.map((der) => ({ der, ...cache.parts(der) }));
  const examined = links.slice(0, CHAIN_VERIFIED_MAX);
  const issuers = examined.map((_, i) => findIssuer(examined, i, cache));
  return {
    certificates: links.map((link) => link.certificate),
    order: orderOf(issuers, duplicatesOf(examined)),
    issuers,
    end: endOf(examined, issuers, cache),
    selfSigned: issuers[0] === 0,
    duplicates: duplicatesOf(links),
  };
}

/** By names and by signature; the next certificate is asked first, since that is where the issuer belongs. */
function findIssuer(links: readonly Link[], of: number, cache: CertificateCache): number | undefined {
  const candidates = [of, ...range(of + 1, links.length), ...range(0, of)];
  return candidates.find((by) => issued(links[of]!, links[by]!, cache) === 'yes');
}

function issued(subject: Link, issuer: Link, cache: CertificateCache): Verification {
  if (subject.issuer === undefined || issuer.subject === undefined) return 'unknown';
  if (Buffer.compare(subject.issuer, issuer.subject) !== 0) return 'no';
  return cache.verifies(subject.der, issuer.der);
}

function orderOf(issuers: readonly (number | undefined)[], duplicates: readonly number[]): ChainReading['order'] {
  if (issuers.length === 0) return 'empty';
  const sent = range(0, issuers.length).filter((i) => !duplicates.includes(i));
  if (sent.length === 1) return 'single';
  if (sent.every((at, i) => i === sent.length - 1 || issuers[at] === sent[i + 1])) return 'in-order';
  // Walk from the leaf: what the walk does not reach has nothing to do with it.
  const reached = new Set<number>();
  for (let at: number | undefined = 0; at !== undefined && !reached.has(at); at = issuers[at]) reached.add(at);
  return sent.every((at) => reached.has(at)) ? 'out-of-order' : 'unrelated';
}

function endOf(
  links: readonly Link[],
  issuers: readonly (number | undefined)[],
  cache: CertificateCache,
): ChainReading['end'] {
  if (links.length === 0) return 'none';
  const reached = new Set<number>();
  let at = 0;
  for (let next = issuers[at]; next !== undefined && !reached.has(next); next = issuers[next]) {
    reached.add(next);
    at = next;
  }
  if (issuers[at] === at) return 'self-signed';
  const unverifiable = links.some((link) => issued(links[at]!, link, cache) === 'unknown');
  return unverifiable ? 'unverifiable' : 'incomplete';
}

function duplicatesOf(links: readonly Link[]): number[] {
  const hashes = links.map((link) => link.certificate.sha256);
  return range(0, links.length).filter((i) => hashes.indexOf(hashes[i]!) < i);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/**
 * `common-name-only`: no subjectAltName matches, the subject's CN would. RFC 9525 section 2 forbids that use of the
 * CN; the JDK still falls back to it where a certificate has no DNS name at all.
 */
export type HostMatch = 'dns' | 'ip' | 'common-name-only' | 'none';

/**
 * Whether a certificate names a host (RFC 9525 section 6, RFC 6125 section 6.4).
 *
 * @param host DNS name (a trailing dot is passed over) or IP address, IPv6 with or without brackets
 */
export function matchesHost(certificate: Certificate, host: string): HostMatch {
  const address = parseIpAddress(host);
  if (address !== undefined) return matchesAddress(certificate, address);
  const name = canonicalName(host);
  if (alternativeNames(certificate, 'DNS:').some((pattern) => matchesName(pattern, name))) return 'dns';
  return commonNames(certificate.subject).some((pattern) => matchesName(pattern, name)) ? 'common-name-only' : 'none';
}

/** RFC 9525 section 6.5: octets are compared; an address in a DNS name or in the CN does not count. */
function matchesAddress(certificate: Certificate, address: Uint8Array): HostMatch {
  const equals = (text: string): boolean => {
    const octets = parseIpAddress(text);
    return octets !== undefined && Buffer.compare(octets, address) === 0;
  };
  if (alternativeNames(certificate, 'IP:').some(equals)) return 'ip';
  return commonNames(certificate.subject).some(equals) ? 'common-name-only' : 'none';
}

function alternativeNames(certificate: Certificate, prefix: string): string[] {
  return certificate.subjectAltNames.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function canonicalName(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}

/** RFC 9525 section 6.3: the wildcard is the complete left-most label, and stands for exactly one label. */
function matchesName(pattern: string, host: string): boolean {
  const name = canonicalName(pattern);
  if (name === '' || host === '') return false;
  if (!name.startsWith('*.')) return name === host && !name.includes('*');
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === name.slice(1);
}
