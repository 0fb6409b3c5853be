import { copyOf } from '../bytes/copy.ts';

/** Certificates of which one copy serves all connections; a cluster has a handful. Beyond it each has its own. */
const INTERNED_MAX = 1024;
const INTERNED_BYTES_MAX = 16 * 1024;

const copies = new Map<string, Uint8Array>();

/**
 * A copy of a certificate's bytes that outlives the buffer they stand in; equal certificates share one copy.
 *
 * Looked up by content: thousands of handshakes show the same few certificates.
 */
export function interned(bytes: Uint8Array): Uint8Array {
  if (bytes.length > INTERNED_BYTES_MAX) return copyOf(bytes);
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const known = copies.get(key);
  if (known !== undefined) return known;
  const copy = copyOf(bytes);
  if (copies.size >= INTERNED_MAX) copies.clear();
  copies.set(key, copy);
  return copy;
}
