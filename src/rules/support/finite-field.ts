import { isAnonymous, suiteProperties } from '../../tls/cipher-suites.ts';

/** Ephemeral or static Diffie-Hellman over a finite field, by the suite's name: TLS 1.2 and older only. */
export function isFiniteField(suite: string): boolean {
  return ['DHE', 'DH'].includes(suiteProperties(suite).keyExchange) && !isAnonymous(suite);
}
