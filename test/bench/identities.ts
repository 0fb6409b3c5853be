import { mintLeaf } from '../support/pki.ts';
import type { Identity } from './handshakes.ts';

/** Self-signed RSA identities, as Flink's documentation makes them for internal channels. */
export function identities(count: number): Identity[] {
  return Array.from({ length: count }, (_, index) => mintLeaf(`bench-${index}`));
}
