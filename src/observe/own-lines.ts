import type { Observation } from '../model/report.ts';

/** What is known of this host and of those that were asked from it. */
export interface Asker {
  /** Addresses of this host, as `ownAddresses` tells them. */
  readonly own: ReadonlySet<string>;
  /** Addresses of the endpoints that are asked. */
  readonly asked: readonly string[];
}

/**
 * Whether a log tells of a connection that we opened to ask: a handshake that failed because it was meant to.
 *
 * Told by the peer's address; lines of REST name no peer, and are ours wherever REST is asked. Where a process of the
 * cluster runs on this host, peers cannot be told apart, and none is taken for ours.
 */
export function ownLines({ own, asked }: Asker): (told: Pick<Observation, 'channel' | 'client' | 'log'>) => boolean {
  if (asked.some((address) => own.has(address))) return () => false;
  return ({ channel, client, log }) => {
    if (log?.failure?.side !== 'server') return false;
    return client === undefined ? channel === 'rest' : own.has(client.host);
  };
}
