import type { CertificateAspect } from '../../model/policy.ts';
import type { Certificate } from '../../model/report.ts';

const DAY_MS = 86_400_000;

/**
 * What a certificate has of an aspect. `none`: nothing (an EC key has no RSA bits); `unread`: it could not be read.
 *
 * Days are whole ones: begun ones count for how long a certificate is valid, and not for how long it still is.
 */
export type CertificateValue =
  | { readonly seen: 'value'; readonly value: string }
  | { readonly seen: 'none' }
  | { readonly seen: 'unread' };

const NONE: CertificateValue = { seen: 'none' };
const UNREAD: CertificateValue = { seen: 'unread' };

/** `now`: milliseconds since the epoch. */
export function certificateValue(aspect: CertificateAspect, certificate: Certificate, now: number): CertificateValue {
  const { publicKey, notBefore, notAfter, signatureAlgorithm } = certificate;
  const type = kindOf(publicKey.type);
  switch (aspect) {
    case 'key-type':
      return publicKey.type === 'unknown' ? UNREAD : seenAs(publicKey.type);
    case 'rsa-bits':
      return bitsOf(type === 'RSA', publicKey.bits);
    case 'dsa-bits':
      return bitsOf(type === 'DSA', publicKey.bits);
    case 'ec-bits':
      return bitsOf(type === 'EC', publicKey.bits);
    case 'curve':
      if (type !== 'EC') return NONE;
      return publicKey.curve === null ? UNREAD : seenAs(publicKey.curve);
    case 'hash':
      return hashOf(signatureAlgorithm);
    case 'validity-days':
      return daysOf(Math.ceil((Date.parse(notAfter) - Date.parse(notBefore)) / DAY_MS));
    case 'remaining-days':
      return daysOf(Math.floor((Date.parse(notAfter) - now) / DAY_MS));
  }
}

function kindOf(type: string): string {
  return type.startsWith('RSA') ? 'RSA' : type;
}

function seenAs(value: string): CertificateValue {
  return { seen: 'value', value };
}

function bitsOf(isMeant: boolean, bits: number | null): CertificateValue {
  if (!isMeant) return NONE;
  return bits === null ? UNREAD : seenAs(String(bits));
}

function daysOf(days: number): CertificateValue {
  return Number.isFinite(days) ? seenAs(String(days)) : UNREAD;
}

/** `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, `rsassaPss with sha256`, `dsa_with_SHA256`, `ED25519`. */
function hashOf(algorithm: string): CertificateValue {
  const [, name, bits] = /(sha|md)-?(\d+)/i.exec(algorithm) ?? [];
  if (name !== undefined) return seenAs(`${name}${bits}`.toLowerCase());
  const [edwards] = /ed(?:25519|448)/i.exec(algorithm) ?? [];
  return edwards === undefined ? UNREAD : seenAs(edwards.toLowerCase());
}

/** Nobody relies on the signature of a root that stands in a chain: it is trusted as it is, or not at all. */
export function isJudged(aspect: CertificateAspect, certificate: Certificate, position: number): boolean {
  return aspect !== 'hash' || position === 0 || !certificate.selfIssued;
}
