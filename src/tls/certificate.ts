import { DecodeError, Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { type Extension, readExtensions, writeExtensions } from './extensions.ts';
import { interned } from './interned.ts';

/** RFC 5246 section 7.4.2. DER, leaf first; empty where a client has none to show. */
export function readCertificate12(reader: Reader): readonly Uint8Array[] {
  // Some stacks write an empty certificate as no bytes at all instead of a list of length 0.
  if (reader.remaining === 0) {
    return [];
  }
  const list = reader.vector24('certificate_list');
  const certificates: Uint8Array[] = [];
  while (list.remaining > 0) {
    certificates.push(list.vector24('certificate').rest());
  }
  reader.end();
  return certificates;
}

export function writeCertificate12(certificates: readonly Uint8Array[]): Uint8Array {
  return new Writer()
    .vector24((list) => {
      for (const certificate of certificates) {
        list.vector24((inner) => inner.bytes(certificate));
      }
    })
    .finish();
}

export interface CertificateEntry {
  readonly certificate: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** RFC 8446 section 4.4.2. */
export interface Certificate13 {
  readonly requestContext: Uint8Array;
  readonly entries: readonly CertificateEntry[];
}

export function readCertificate13(reader: Reader): Certificate13 {
  const requestContext = reader.vector8('certificate_request_context').rest();
  const list = reader.vector24('certificate_list');
  const entries: CertificateEntry[] = [];
  while (list.remaining > 0) {
    const certificate = list.vector24('cert_data').rest();
    entries.push({ certificate, extensions: readExtensions(list) });
  }
  reader.end();
  return { requestContext, entries };
}

export function writeCertificate13(message: Certificate13): Uint8Array {
  return new Writer()
    .vector8((inner) => inner.bytes(message.requestContext))
    .vector24((list) => {
      for (const entry of message.entries) {
        writeExtensions(
          list.vector24((inner) => inner.bytes(entry.certificate)),
          entry.extensions,
        );
      }
    })
    .finish();
}

export interface ScannedChain {
  /** Copies: they outlive the message. */
  readonly certificates: readonly Uint8Array[];
  readonly complete: boolean;
  readonly problem: string | undefined;
}

/** For witnesses: copies of the complete certificates before the first fault or cut. Never throws. */
export function scanCertificates(body: Uint8Array, form: 'tls12' | 'tls13'): ScannedChain {
  const certificates: Uint8Array[] = [];
  const reader = new Reader(body, 'certificate');
  try {
    if (reader.remaining > 0) {
      if (form === 'tls13') {
        reader.vector8('certificate_request_context');
      }
      let left = reader.uint24('certificate_list');
      while (left > 0) {
        const before = reader.remaining;
        certificates.push(interned(reader.vector24('certificate').rest()));
        if (form === 'tls13') {
          reader.vector16('extensions');
        }
        left -= before - reader.remaining;
      }
      reader.end();
    }
    return { certificates, complete: true, problem: undefined };
  } catch (error) {
    return { certificates, complete: false, problem: error instanceof DecodeError ? error.message : 'unreadable' };
  }
}
