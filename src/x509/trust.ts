import type { Certificate } from '../model/report.ts';
import type { CertificateParts, Verification } from './certificate.ts';
import { CertificateCache } from './certificate.ts';
import { CHAIN_VERIFIED_MAX } from './chain.ts';
import { contextConstructed, DerReader, SEQUENCE } from './der.ts';

/** Whether a chain as sent leads to one of the operator's trust anchors. Positions count from 0, the leaf. */
export interface TrustEvaluation {
  /**
   * `anchored`: by names, signatures and the right to issue, whatever the dates; `self-signed`: the leaf is signed by its
   * own key, and is no anchor; `not-anchored`: the path ends in a root that is no anchor; `incomplete`: it ends in a
   * certificate whose issuer was neither sent nor is an anchor; `none`: nothing was sent.
   */
  readonly trust: 'anchored' | 'self-signed' | 'not-anchored' | 'incomplete' | 'none';
  /** Positions from the leaf as far as the path goes, the anchor included where it was sent. */
  readonly path: readonly number[];
  /** The anchor that it leads to. */
  readonly anchor?: Certificate;
  /**
   * Of the certificates on the path at the given time. Java does not look at the dates of a certificate that stands in
   * the trust store itself, so `anchored` and `expired` may be accepted.
   */
  readonly validity: Validity;
  /** Signatures on the path that could not be verified: damaged, or of an algorithm that OpenSSL does not know. */
  readonly unverifiable: readonly number[];
}

/** The first that is not valid, from the leaf on. `unknown`: its dates cannot be read. */
export type Validity =
  | { readonly state: 'valid' }
  | { readonly state: 'expired' | 'not-yet-valid' | 'unknown'; readonly position: number };

interface Link extends CertificateParts {
  readonly der: Uint8Array;
}

/**
 * Judges a chain by trust anchors as `openssl verify -partial_chain -no_check_time` and the JDK do: an anchor may be any
 * certificate, the leaf included; the order in which certificates were sent does not matter. Never throws.
 *
 * @param chain DER, leaf first; beyond `CHAIN_VERIFIED_MAX` certificates nothing is looked at
 * @param at milliseconds since the epoch
 */
export function evaluateTrust(
  chain: readonly Uint8Array[],
  anchors: readonly Uint8Array[],
  at: number,
  cache: CertificateCache = new CertificateCache(),
): TrustEvaluation {
  const toLink = (der: Uint8Array): Link => ({ der, ...cache.parts(der) });
  const links = chain.slice(0, CHAIN_VERIFIED_MAX).map(toLink);
  if (links.length === 0) return { trust: 'none', path: [], validity: { state: 'valid' }, unverifiable: [] };
  const search = new Search(links, anchors.map(toLink), cache);
  const found = search.from(0, []);
  const path = found?.path ?? search.longest;
  return {
    trust: found === undefined ? search.unanchored() : 'anchored',
    path,
    ...(found === undefined ? {} : { anchor: found.anchor.certificate }),
    validity: validityOf(links, path, at),
    unverifiable: [...search.unverifiable],
  };
}

interface Found {
  readonly path: readonly number[];
  readonly anchor: Link;
}

/** Depth first; each certificate is entered once, so hostile chains in which all issue all cost no more than others. */
class Search {
  readonly #links: readonly Link[];
  readonly #anchors: readonly Link[];
  readonly #cache: CertificateCache;
  /** By hash: a certificate that was sent twice is one. */
  readonly #entered = new Set<string>();
  readonly unverifiable = new Set<number>();
  /** The path that went furthest. */
  longest: readonly number[] = [];

  constructor(links: readonly Link[], anchors: readonly Link[], cache: CertificateCache) {
    this.#links = links;
    this.#anchors = anchors;
    this.#cache = cache;
  }

  from(position: number, below: readonly number[]): Found | undefined {
    const link = this.#links[position]!;
    this.#entered.add(link.certificate.sha256);
    const path = [...below, position];
    if (path.length > this.longest.length) this.longest = path;
    const itself = this.#anchors.find((anchor) => anchor.certificate.sha256 === link.certificate.sha256);
    if (itself !== undefined) return { path, anchor: itself };
    const anchor = this.#anchors.find((one) => this.#issued(position, one, path, 'anchor'));
    if (anchor !== undefined) return { path, anchor };
    for (let next = 0; next < this.#links.length; next++) {
      const issuer = this.#links[next]!;
      if (this.#entered.has(issuer.certificate.sha256) || !this.#issued(position, issuer, path, 'sent')) continue;
      const found = this.from(next, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #issued(position: number, issuer: Link, path: readonly number[], kind: 'anchor' | 'sent'): boolean {
    const verification = issuance(this.#links[position]!, issuer, this.#cache);
    if (verification === 'unknown') this.unverifiable.add(position);
    return verification === 'yes' && mayIssue(issuer, this.#intermediates(path), kind);
  }

  /** Certificates between leaf and issuer that count for pathLenConstraint (RFC 5280 section 4.2.1.9). */
  #intermediates(path: readonly number[]): number {
    return path.slice(1).filter((position) => !this.#links[position]!.certificate.selfIssued).length;
  }

  unanchored(): 'self-signed' | 'not-anchored' | 'incomplete' {
    const last = this.#links[this.longest.at(-1)!]!;
    if (issuance(last, last, this.#cache) !== 'yes') return 'incomplete';
    return this.longest.length === 1 ? 'self-signed' : 'not-anchored';
  }
}

function issuance(subject: Link, issuer: Link, cache: CertificateCache): Verification {
  if (subject.issuer === undefined || issuer.subject === undefined) return 'no';
  if (Buffer.compare(subject.issuer, issuer.subject) !== 0) return 'no';
  return cache.verifies(subject.der, issuer.der);
}

/** RFC 5280 section 6.1.4 (k) to (n); version 1 certificates have no extensions, and issue as anchors only. */
function mayIssue(issuer: Link, intermediates: number, kind: 'anchor' | 'sent'): boolean {
  const { basicConstraints, keyUsage } = issuer.certificate;
  if (keyUsage !== undefined && !keyUsage.includes('keyCertSign')) return false;
  if (basicConstraints === undefined) return kind === 'anchor' && isVersion1(issuer.der);
  const { ca, pathLength } = basicConstraints;
  return ca && (pathLength === undefined || intermediates <= pathLength);
}

function isVersion1(der: Uint8Array): boolean {
  const tbs = new DerReader(der, 'x509').inside(SEQUENCE, 'certificate').inside(SEQUENCE, 'tbsCertificate');
  return !tbs.is(contextConstructed(0));
}

function validityOf(links: readonly Link[], path: readonly number[], at: number): Validity {
  for (const position of path) {
    const { notBefore, notAfter } = links[position]!.certificate;
    const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)];
    if (Number.isNaN(from) || Number.isNaN(to)) return { state: 'unknown', position };
    // RFC 5280 section 4.1.2.5: both ends are part of the period, to the second.
    if (at >= to + 1000) return { state: 'expired', position };
    if (at < from) return { state: 'not-yet-valid', position };
  }
  return { state: 'valid' };
}
