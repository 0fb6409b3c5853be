import { BIT_STRING, type DerReader, INTEGER, OBJECT_IDENTIFIER, SEQUENCE } from './der.ts';
import { CURVES, FIXED_KEY_BITS, HASH_ALGORITHMS, KEY_ALGORITHMS, SIGNATURE_ALGORITHMS } from './object-identifiers.ts';

export interface PublicKey {
  /** `RSA`, `RSASSA-PSS`, `EC`, `Ed25519`, `Ed448`, `DSA`, `ML-DSA-65` …, or the dotted object identifier. */
  readonly type: string;
  readonly bits: number | null;
  /** IANA name of the group, the dotted object identifier of an unknown one, or `explicit`. */
  readonly curve: string | null;
}

/**
 * SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
 *
 * @throws DecodeError
 */
export function readPublicKey(info: DerReader): PublicKey {
  const algorithm = info.inside(SEQUENCE, 'algorithm');
  const oid = algorithm.oid('algorithm');
  const type = KEY_ALGORITHMS[oid] ?? oid;
  if (type === 'RSA' || type === 'RSASSA-PSS') return { type, bits: rsaBits(info), curve: null };
  if (type === 'EC') return { type, ...readCurve(algorithm) };
  if (type === 'DSA' || type === 'DH') return { type, bits: primeBits(algorithm), curve: null };
  return { type, bits: FIXED_KEY_BITS[type] ?? null, curve: null };
}

/** RSAPublicKey (RFC 8017 appendix A.1.1): bits of the modulus. */
function rsaBits(info: DerReader): number {
  const bitString = info.element('subjectPublicKey', BIT_STRING);
  const key = info.within(bitString, 'subjectPublicKey', 1).inside(SEQUENCE, 'rsaPublicKey');
  return bitLength(key.integer('modulus'));
}

/** ECParameters (RFC 5480 section 2.1.1). */
function readCurve(algorithm: DerReader): { bits: number | null; curve: string | null } {
  if (algorithm.is(OBJECT_IDENTIFIER)) {
    const oid = algorithm.oid('namedCurve');
    const curve = CURVES[oid];
    return { bits: curve?.bits ?? null, curve: curve?.name ?? oid };
  }
  if (!algorithm.is(SEQUENCE)) return { bits: null, curve: null };
  // SpecifiedECDomain (SEC 1 appendix C.2): version, FieldID { fieldType, prime }, ...
  const domain = algorithm.inside(SEQUENCE, 'specifiedCurve');
  domain.integer('version');
  const field = domain.inside(SEQUENCE, 'fieldID');
  field.oid('fieldType');
  return { bits: field.is(INTEGER) ? bitLength(field.integer('prime')) : null, curve: 'explicit' };
}

/** Dss-Parms and DomainParameters (RFC 3279 sections 2.3.2 and 2.3.3): the prime comes first; both may be inherited. */
function primeBits(algorithm: DerReader): number | null {
  if (!algorithm.is(SEQUENCE)) return null;
  return bitLength(algorithm.inside(SEQUENCE, 'parameters').integer('p'));
}

function bitLength(integer: Uint8Array): number {
  let at = 0;
  while (at < integer.length && integer[at] === 0) at++;
  if (at === integer.length) return 0;
  return (integer.length - at) * 8 - (Math.clz32(integer[at]!) - 24);
}

/**
 * Name of a signature's AlgorithmIdentifier as OpenSSL prints it; RSASSA-PSS with its hash, since rules judge that:
 * `rsassaPss with sha256`. Unknown algorithms are their dotted object identifier.
 *
 * @throws DecodeError
 */
export function readSignatureAlgorithm(identifier: DerReader): string {
  const oid = identifier.oid('algorithm');
  const name = SIGNATURE_ALGORITHMS[oid] ?? oid;
  return name === 'rsassaPss' ? `rsassaPss with ${pssHash(identifier)}` : name;
}

/** RSASSA-PSS-params (RFC 8017 appendix A.2.3): hashAlgorithm is `[0]`, and SHA-1 where it is left out. */
function pssHash(identifier: DerReader): string {
  if (!identifier.is(SEQUENCE)) return 'sha1';
  const parameters = identifier.inside(SEQUENCE, 'parameters');
  if (!parameters.is(0xa0)) return 'sha1';
  const oid = parameters.inside(0xa0, 'hashAlgorithm').inside(SEQUENCE, 'hashAlgorithm').oid('algorithm');
  return HASH_ALGORITHMS[oid] ?? oid;
}
