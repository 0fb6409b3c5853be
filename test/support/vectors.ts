import { readFileSync } from 'node:fs';

/** Bytes of a file below `test/vectors`. */
export function readVector(path: string): Uint8Array {
  // Compiled tests run in dist/test/support.
  return new Uint8Array(readFileSync(new URL(`../../../test/vectors/${path}`, import.meta.url)));
}
