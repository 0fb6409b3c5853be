import { networkInterfaces } from 'node:os';
import { normaliseAddress } from './address.ts';

/** Every address of this host, loopback too. */
export function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(['127.0.0.1', '::1', ...all.map(({ address }) => normaliseAddress(address))]);
}
