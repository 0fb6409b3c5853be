import { readFileSync, statSync } from 'node:fs';
import { reason, Unusable } from './failure.ts';

/** Bytes of a file that people write; a larger one is something else. */
const MOST_BYTES = 1_048_576;

/** The text of a small file. Throws `Unusable`, which begins with `prefix`; `not`: what a large one is not. */
export function readBounded(file: string, not: string, prefix = ''): string {
  try {
    if (statSync(file).size > MOST_BYTES) throw new Unusable(`${prefix}${file}: larger than 1 MiB, so ${not}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable(`${prefix}${file}: ${reason(error)}`);
  }
}
