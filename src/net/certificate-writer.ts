import type { KeyObject } from 'node:crypto';
import { createPublicKey, sign } from 'node:crypto';
import { fromHex } from '../bytes/hex.ts';

/**
 * DER (ITU-T X.690) of the few types that a certificate is built of. Only values of our own are written here, so lengths
 * are small.
 */
export function der(identifier: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return new Uint8Array(Buffer.concat([Buffer.of(identifier), lengthOctets(content.length), content]));
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  if (length < 0x1_0000) return Uint8Array.of(0x82, length >> 8, length & 0xff);
  throw new RangeError(`${length} bytes are too many for a certificate`);
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
const octetString = (...parts: readonly Uint8Array[]): Uint8Array => der(0x04, ...parts);
const bitString = (octets: Uint8Array, unused = 0): Uint8Array => der(0x03, Uint8Array.of(unused), octets);

/** Object identifiers as they stand encoded, by the names that RFC 5280 and RFC 5758 give them. */
const OIDS = {
  commonName: fromHex('0603550403'),
  basicConstraints: fromHex('0603551d13'),
  keyUsage: fromHex('0603551d0f'),
  extendedKeyUsage: fromHex('0603551d25'),
  serverAuth: fromHex('06082b06010505070301'),
  clientAuth: fromHex('06082b06010505070302'),
  sha256WithRsa: fromHex('06092a864886f70d01010b'),
  ecdsaWithSha256: fromHex('06082a8648ce3d040302'),
} as const;

/** `Name` with one CN. */
export function commonName(text: string): Uint8Array {
  return sequence(der(0x31, sequence(OIDS.commonName, der(0x0c, Buffer.from(text)))));
}

/** Before 2050 and not before 1950: UTCTime (RFC 5280 section 4.1.2.5), GeneralizedTime else. */
function time(at: Date): Uint8Array {
  const digits = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const year = at.getUTCFullYear();
  return year >= 1950 && year < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** `end-entity`: for TLS, client and server; `authority`: may issue, and do nothing else. */
export type Purpose = 'end-entity' | 'authority';

function extensions(purpose: Purpose): Uint8Array {
  const critical = Uint8Array.of(0x01, 0x01, 0xff);
  if (purpose === 'authority') {
    return sequence(
      sequence(OIDS.basicConstraints, critical, octetString(sequence(critical))),
      // keyCertSign and cRLSign.
      sequence(OIDS.keyUsage, critical, octetString(bitString(Uint8Array.of(0x06), 1))),
    );
  }
  return sequence(
    // digitalSignature and keyEncipherment.
    sequence(OIDS.keyUsage, critical, octetString(bitString(Uint8Array.of(0xa0), 5))),
    sequence(OIDS.extendedKeyUsage, octetString(sequence(OIDS.clientAuth, OIDS.serverAuth))),
  );
}

export interface CertificateFields {
  readonly serialNumber: Uint8Array;
  /** DER `Name`. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The public half of it is certified. */
  readonly key: KeyObject;
  readonly purpose: Purpose;
}

/** A version 3 certificate (RFC 5280 section 4.1), signed with SHA-256 by an RSA or elliptic-curve key. */
export function writeCertificate(fields: CertificateFields, signer: KeyObject): Uint8Array {
  const algorithm =
    signer.asymmetricKeyType === 'rsa' ? sequence(OIDS.sha256WithRsa, der(0x05)) : sequence(OIDS.ecdsaWithSha256);
  const tbs = sequence(
    der(0xa0, Uint8Array.of(0x02, 0x01, 0x02)),
    der(0x02, fields.serialNumber),
    algorithm,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    createPublicKey(fields.key).export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions(fields.purpose)),
  );
  return sequence(tbs, algorithm, bitString(sign('sha256', tbs, signer)));
}
