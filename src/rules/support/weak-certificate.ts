import type { Certificate } from '../../model/report.ts';

export const MINIMUM_RSA_BITS = 2048;
export const MINIMUM_CURVE_BITS = 224;

/** `an RSA key of 1024 bits`; undefined where the key is long enough, or its length not known. */
export function keyWeakness({ publicKey }: Certificate): string | undefined {
  const { type, bits, curve } = publicKey;
  if (bits === null) return undefined;
  const kind = type.toUpperCase();
  if ((kind.startsWith('RSA') || kind === 'DSA' || kind === 'DH') && bits < MINIMUM_RSA_BITS) {
    return `a${kind.startsWith('RSA') ? 'n' : ''} ${type} key of ${bits} bits`;
  }
  if ((kind.startsWith('EC') || curve !== null) && bits < MINIMUM_CURVE_BITS) {
    return `a key on the curve ${curve ?? 'unnamed'} of ${bits} bits`;
  }
  return undefined;
}

/** Names as OpenSSL and Java write them: sha1WithRSAEncryption, ecdsa-with-SHA1, SHA1withRSA, md5WithRSAEncryption. */
export function hasWeakSignature({ signatureAlgorithm }: Certificate): boolean {
  return /(^|[^a-z0-9])?(sha-?1|md[245])(?![0-9])/i.test(signatureAlgorithm);
}
