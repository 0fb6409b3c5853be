import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import {
  certificateAuthorities,
  readCodes16,
  readNames,
  signatureAlgorithms,
  writeCodes16,
  writeNames,
} from './extension-values.ts';
import { type Extension, extensionValue, readExtensions, writeExtensions } from './extensions.ts';
import { hasSignatureScheme } from './handshake.ts';

/** RFC 5246 section 7.4.4; before TLS 1.2 without signature schemes (RFC 4346 section 7.4.4). */
export interface CertificateRequest12 {
  readonly certificateTypes: readonly number[];
  readonly signatureSchemes: readonly number[] | undefined;
  /** DER names. */
  readonly authorities: readonly Uint8Array[];
}

export function readCertificateRequest12(reader: Reader, version: number): CertificateRequest12 {
  const certificateTypes = [...reader.vector8('certificate_types').rest()];
  const signatureSchemes = hasSignatureScheme(version)
    ? readCodes16(reader.vector16('supported_signature_algorithms'))
    : undefined;
  const authorities = readNames(reader.vector16('certificate_authorities'));
  reader.end();
  return { certificateTypes, signatureSchemes, authorities };
}

export function writeCertificateRequest12(message: CertificateRequest12): Uint8Array {
  const writer = new Writer().vector8((inner) => inner.bytes(Uint8Array.from(message.certificateTypes)));
  const schemes = message.signatureSchemes;
  if (schemes !== undefined) {
    writer.vector16((inner) => writeCodes16(inner, schemes));
  }
  return writer.vector16((inner) => writeNames(inner, message.authorities)).finish();
}

/** RFC 8446 section 4.3.2. */
export interface CertificateRequest13 {
  readonly requestContext: Uint8Array;
  readonly extensions: readonly Extension[];
}

export function readCertificateRequest13(reader: Reader): CertificateRequest13 {
  const requestContext = reader.vector8('certificate_request_context').rest();
  const extensions = readExtensions(reader);
  reader.end();
  return { requestContext, extensions };
}

export function writeCertificateRequest13(message: CertificateRequest13): Uint8Array {
  return writeExtensions(
    new Writer().vector8((inner) => inner.bytes(message.requestContext)),
    message.extensions,
  ).finish();
}

/** What both forms say to a client; TLS 1.3 has no certificate types. */
export function requestedByTls13(message: CertificateRequest13): CertificateRequest12 {
  return {
    certificateTypes: [],
    signatureSchemes: extensionValue(message.extensions, signatureAlgorithms),
    authorities: extensionValue(message.extensions, certificateAuthorities) ?? [],
  };
}
