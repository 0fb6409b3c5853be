import { normaliseAddress, unspecifiedFor } from './address.ts';
import { now } from './clock.ts';
import { ConnectionLimiter, type DialLimits } from './limits.ts';
import { SocketWire } from './socket-wire.ts';
import type { Address, Dialer, Dialled } from './wire.ts';

/**
 * Opens TCP connections within limits.
 *
 * `dial` wants an address literal (IPv6 may carry a zone) and first waits for leave; `timeoutMs` counts from the SYN.
 * Once `signal` is given, waiting dials end with `connection-limit`, connecting ones with `timeout`, and every
 * `receive` of an open wire answers `timeout` at once: what was seen until then stands in the transcripts.
 */
export function createDialer(limits: DialLimits, signal?: AbortSignal): Dialer {
  const limiter = new ConnectionLimiter(limits, signal);
  const interrupts = new Set<() => void>();
  signal?.addEventListener(
    'abort',
    () => {
      for (const interrupt of interrupts) interrupt();
    },
    { once: true },
  );
  return {
    async dial(remote: Address, timeoutMs: number): Promise<Dialled> {
      const permit = await limiter.acquire(remote);
      if (permit === undefined) return { kind: 'fault', transcript: neverOpened(remote) };
      return SocketWire.attempt({ ...remote, timeoutMs, interrupts, closed: () => permit.release() });
    },
  };
}

function neverOpened(remote: Address): Extract<Dialled, { kind: 'fault' }>['transcript'] {
  const host = normaliseAddress(remote.host);
  const at = now();
  return {
    local: unspecifiedFor(host),
    remote: { host, port: remote.port },
    startedAt: at,
    fault: 'connection-limit',
    events: [],
    endedAt: at,
    secrets: [],
  };
}
