import { createHash, X509Certificate } from 'node:crypto';
import { copyOf } from '../bytes/copy.ts';
import { toHex } from '../bytes/hex.ts';
import { DecodeError } from '../bytes/reader.ts';
import type { Certificate } from '../model/report.ts';
import { BIT_STRING, contextConstructed, contextPrimitive, DerReader, INTEGER, SEQUENCE } from './der.ts';
import type { Extensions } from './extensions.ts';
import { readExtensions } from './extensions.ts';
import { readRdnSequence } from './name.ts';
import type { PublicKey } from './public-key.ts';
import { readPublicKey, readSignatureAlgorithm } from './public-key.ts';

/** A certificate, and the encodings that chains are built from. `issuer` and `subject` are views of the DER. */
export interface CertificateParts {
  readonly certificate: Certificate;
  readonly subject: Uint8Array | undefined;
  readonly issuer: Uint8Array | undefined;
}

/**
 * What rules need of a certificate (RFC 5280 section 4.1), without OpenSSL: that costs several times as much,
 * and refuses certificates whose keys or encodings it does not know.
 *
 * Text that could not be read is empty, a key that could not be read is of type `unknown`, and `problem` says what is
 * wrong, with path and offset. Hashes are always there: they are of the octets as given. Never throws.
 */
export function readCertificate(der: Uint8Array): Certificate {
  return readCertificateParts(der).certificate;
}

/** {@link readCertificate}, and the encoded names. */
export function readCertificateParts(der: Uint8Array, sha256: string = sha256Of(der)): CertificateParts {
  const draft = new Draft();
  draft.attempt(() => readStructure(der, draft));
  const sameName = draft.subject !== undefined && draft.issuer !== undefined;
  const certificate: Certificate = {
    sha256,
    sha1: createHash('sha1').update(der).digest('hex'),
    subject: draft.subjectText,
    issuer: draft.issuerText,
    serialNumber: draft.serialNumber,
    notBefore: draft.notBefore,
    notAfter: draft.notAfter,
    publicKey: draft.publicKey,
    signatureAlgorithm: draft.signatureAlgorithm,
    selfIssued: sameName && Buffer.compare(draft.subject!, draft.issuer!) === 0,
    ...draft.extensions,
    ...(draft.problems.length === 0 ? {} : { problem: draft.problems.join('; ') }),
  };
  return { certificate, subject: draft.subject, issuer: draft.issuer };
}

function sha256Of(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** RFC 5280 section 4.1.2.2 allows 20 octets; some authorities use more. The bound keeps hostile ones short. */
const SERIAL_OCTETS_MAX = 128;
/** The first faults say what is wrong; the rest follow from them. */
const PROBLEMS_MAX = 3;

/** What has been read so far: a fault in one field leaves the others readable. */
class Draft {
  subject: Uint8Array | undefined;
  issuer: Uint8Array | undefined;
  subjectText = '';
  issuerText = '';
  serialNumber = '';
  notBefore = '';
  notAfter = '';
  publicKey: PublicKey = { type: 'unknown', bits: null, curve: null };
  signatureAlgorithm = '';
  readonly extensions: Extensions = { subjectAltNames: [] };
  readonly problems: string[] = [];

  readonly report = (fault: unknown): void => {
    if (!(fault instanceof DecodeError)) throw fault;
    this.note(fault.message);
  };

  note(problem: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }

  attempt(read: () => void): void {
    try {
      read();
    } catch (fault) {
      this.report(fault);
    }
  }
}

function readStructure(der: Uint8Array, draft: Draft): void {
  const outer = new DerReader(der, 'x509');
  const certificate = outer.inside(SEQUENCE, 'certificate', draft.report);
  draft.attempt(() => outer.end());
  const tbs = certificate.inside(SEQUENCE, 'tbsCertificate', draft.report);
  readToBeSigned(tbs, draft);
  if (certificate.remaining === 0 && draft.problems.length > 0) return;
  const algorithm = certificate.inside(SEQUENCE, 'signatureAlgorithm');
  const signed = draft.signatureAlgorithm;
  draft.signatureAlgorithm = readSignatureAlgorithm(algorithm);
  if (signed !== draft.signatureAlgorithm) {
    // RFC 5280 section 4.1.1.2: this field MUST contain the same algorithm identifier as the signature field.
    draft.note(`${certificate.path}.signatureAlgorithm: not that of tbsCertificate.signature (${signed})`);
  }
  certificate.element('signatureValue', BIT_STRING);
  certificate.end();
}

/** TBSCertificate: each field is taken whole, then read, so that a damaged one does not hide its successors. */
function readToBeSigned(tbs: DerReader, draft: Draft): void {
  if (tbs.is(contextConstructed(0))) tbs.element('version');
  const serial = tbs.integer('serialNumber', INTEGER);
  if (serial.length <= SERIAL_OCTETS_MAX) draft.serialNumber = formatSerial(serial);
  else draft.note(`${tbs.path}.serialNumber: ${serial.length} octets`);
  const signature = tbs.inside(SEQUENCE, 'signature');
  draft.attempt(() => {
    draft.signatureAlgorithm = readSignatureAlgorithm(signature);
  });
  const issuer = tbs.element('issuer', SEQUENCE);
  draft.issuer = issuer.encoding;
  draft.attempt(() => {
    draft.issuerText = readRdnSequence(tbs.within(issuer, 'issuer'));
  });
  const validity = tbs.inside(SEQUENCE, 'validity');
  draft.attempt(() => {
    draft.notBefore = validity.time('notBefore');
    draft.notAfter = validity.time('notAfter');
    validity.end();
  });
  const subject = tbs.element('subject', SEQUENCE);
  draft.subject = subject.encoding;
  draft.attempt(() => {
    draft.subjectText = readRdnSequence(tbs.within(subject, 'subject'));
  });
  const key = tbs.inside(SEQUENCE, 'subjectPublicKeyInfo');
  draft.attempt(() => {
    draft.publicKey = readPublicKey(key);
  });
  if (tbs.is(contextPrimitive(1))) tbs.element('issuerUniqueID');
  if (tbs.is(contextPrimitive(2))) tbs.element('subjectUniqueID');
  if (tbs.is(contextConstructed(3))) {
    const explicit = tbs.inside(contextConstructed(3), 'extensions', draft.report);
    const list = explicit.inside(SEQUENCE, 'extensions', draft.report);
    draft.attempt(() => readExtensions(list, draft.extensions, draft.report));
  }
  tbs.end();
}

/** Hex of an INTEGER without the zero octets that only carry its sign; negative ones with `-`, as OpenSSL prints them. */
function formatSerial(octets: Uint8Array): string {
  if (octets[0]! >= 0x80) {
    const magnitude = (1n << BigInt(octets.length * 8)) - BigInt(`0x${toHex(octets)}`);
    const hex = magnitude.toString(16);
    return `-${hex.length % 2 === 0 ? hex : `0${hex}`}`;
  }
  let at = 0;
  while (at < octets.length - 1 && octets[at] === 0) at++;
  return toHex(octets.subarray(at));
}

/** Certificates that one process keeps: a cluster has tens; a scanned network thousands. About 2 kB each. */
export const CERTIFICATES_MAX = 4096;
/** Signature checks that one process keeps. */
export const ISSUANCES_MAX = 16_384;

/** `unknown`: OpenSSL cannot read one of the two, or does not know the algorithm. */
export type Verification = 'yes' | 'no' | 'unknown';

/**
 * Certificates by the SHA-256 of their encoding, each read once; the least recently used leave first.
 *
 * Signatures are checked by OpenSSL when asked for, once for each pair. Nothing here throws.
 */
export class CertificateCache {
  readonly #parts = new Map<string, CertificateParts>();
  readonly #issuances = new Map<string, Verification>();

  read(der: Uint8Array): Certificate {
    return this.parts(der).certificate;
  }

  /** Also the encoded names, which are copies here: the octets given may change after the call. */
  parts(der: Uint8Array): CertificateParts {
    const hash = sha256Of(der);
    const known = this.#parts.get(hash);
    if (known !== undefined) {
      this.#parts.delete(hash);
      this.#parts.set(hash, known);
      return known;
    }
    const { certificate, subject, issuer } = readCertificateParts(der, hash);
    const parts = { certificate, subject: subject && copyOf(subject), issuer: issuer && copyOf(issuer) };
    remember(this.#parts, hash, parts, CERTIFICATES_MAX);
    return parts;
  }

  /** Whether the signature verifies with the certificate's own key. */
  verifiesSelf(der: Uint8Array): Verification {
    return this.verifies(der, der);
  }

  /** Whether the signature of `der` verifies with the key of `issuer`, whatever their names. */
  verifies(der: Uint8Array, issuer: Uint8Array): Verification {
    const key = this.read(der).sha256 + this.read(issuer).sha256;
    const known = this.#issuances.get(key);
    if (known !== undefined) return known;
    const verification = verify(der, issuer);
    remember(this.#issuances, key, verification, ISSUANCES_MAX);
    return verification;
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  if (map.size >= max) map.delete(map.keys().next().value!);
  map.set(key, value);
}

function verify(der: Uint8Array, issuer: Uint8Array): Verification {
  try {
    const { publicKey } = new X509Certificate(issuer);
    return new X509Certificate(der).verify(publicKey) ? 'yes' : 'no';
  } catch {
    return 'unknown';
  }
}
