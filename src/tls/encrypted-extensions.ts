import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { type Extension, readExtensions, writeExtensions } from './extensions.ts';

/** RFC 8446 section 4.3.1: the ALPN choice of TLS 1.3 is here. */
export function readEncryptedExtensions(reader: Reader): readonly Extension[] {
  const extensions = readExtensions(reader);
  reader.end();
  return extensions;
}

export function writeEncryptedExtensions(extensions: readonly Extension[]): Uint8Array {
  return writeExtensions(new Writer(), extensions).finish();
}
