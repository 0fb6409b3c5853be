import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { isTls13 } from './code-points.ts';

/** RFC 8446 section 4: type and 24-bit length before every message. */
export const HANDSHAKE_HEADER_LENGTH = 4;

export interface HandshakeMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

/** The body is a view. */
export function readHandshake(reader: Reader): HandshakeMessage {
  const type = reader.uint8('msg_type');
  return { type, body: reader.bytes(reader.uint24('length'), 'body') };
}

export function writeHandshake(message: HandshakeMessage): Uint8Array {
  return new Writer()
    .uint8(message.type)
    .vector24((inner) => inner.bytes(message.body))
    .finish();
}

/** RFC 5246 section 7.4.8, RFC 8446 section 4.4.3. The scheme is absent before TLS 1.2. */
export interface CertificateVerify {
  readonly signatureScheme: number | undefined;
  readonly signature: Uint8Array;
}

export function readCertificateVerify(reader: Reader, version: number): CertificateVerify {
  const signatureScheme = hasSignatureScheme(version) ? reader.uint16('algorithm') : undefined;
  const signature = reader.vector16('signature').rest();
  reader.end();
  return { signatureScheme, signature };
}

export function writeCertificateVerify(message: CertificateVerify): Uint8Array {
  const writer = new Writer();
  if (message.signatureScheme !== undefined) {
    writer.uint16(message.signatureScheme);
  }
  return writer.vector16((inner) => inner.bytes(message.signature)).finish();
}

/** Signatures name their algorithm from TLS 1.2 on (RFC 5246 section 4.7). */
export function hasSignatureScheme(version: number): boolean {
  return version >= 0x0303 || isTls13(version);
}

/** RFC 5077 section 3.3; the fields after the lifetime but the ticket are of TLS 1.3 only (RFC 8446 section 4.6.1). */
export interface NewSessionTicket {
  readonly lifetime: number;
  readonly tls13: { readonly ageAdd: number; readonly nonce: Uint8Array; readonly extensions: Uint8Array } | undefined;
  readonly ticket: Uint8Array;
}

export function readNewSessionTicket(reader: Reader, version: number): NewSessionTicket {
  const lifetime = reader.uint32('ticket_lifetime');
  if (!isTls13(version)) {
    const ticket = reader.vector16('ticket').rest();
    reader.end();
    return { lifetime, tls13: undefined, ticket };
  }
  const ageAdd = reader.uint32('ticket_age_add');
  const nonce = reader.vector8('ticket_nonce').rest();
  const ticket = reader.vector16('ticket').rest();
  const extensions = reader.vector16('extensions').rest();
  reader.end();
  return { lifetime, tls13: { ageAdd, nonce, extensions }, ticket };
}

export function writeNewSessionTicket(message: NewSessionTicket): Uint8Array {
  const writer = new Writer().uint32(message.lifetime);
  const { tls13 } = message;
  if (tls13 !== undefined) {
    writer.uint32(tls13.ageAdd).vector8((inner) => inner.bytes(tls13.nonce));
  }
  writer.vector16((inner) => inner.bytes(message.ticket));
  if (tls13 !== undefined) {
    writer.vector16((inner) => inner.bytes(tls13.extensions));
  }
  return writer.finish();
}
