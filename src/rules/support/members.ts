import type { Channel } from '../../model/channel.ts';
import type { EndpointSubject } from '../../model/rule.ts';
import { isServedInClear, isServedInTls } from './clear.ts';
import { type TlsObservation, tlsObservations } from './handshakes.ts';
import { groupBy } from './text.ts';

/** RPC of all processes is switched by the same keys, and they call each other. */
const RPC: ReadonlySet<Channel> = new Set(['jobmanager-rpc', 'taskmanager-rpc', 'metrics-query-service']);

/** Endpoints that have to be alike: those of one channel, or of RPC altogether. `unknown` is none. */
export function families(endpoints: readonly EndpointSubject[]): readonly (readonly EndpointSubject[])[] {
  const known = endpoints.filter(({ channel }) => channel !== 'unknown');
  return [...groupBy(known, ({ channel }) => (RPC.has(channel) ? 'rpc' : channel)).values()];
}

/** What a probe found an endpoint to speak; undefined where none asked, or none was answered. */
export function askedProtection({ observations }: EndpointSubject): 'clear' | 'tls' | undefined {
  const active = observations.filter((one) => one.vantage === 'active');
  if (active.some((one) => one.kind === 'plaintext' && isServedInClear(one))) return 'clear';
  return active.some(isServedInTls) ? 'tls' : undefined;
}

/** The last answer that a probe had of an endpoint in TLS. */
export function askedTls({ observations }: EndpointSubject): TlsObservation | undefined {
  return tlsObservations(observations.filter((one) => one.vantage === 'active' && isServedInTls(one))).at(-1);
}

/** Those that differ from what most have, with what most have; where two are equally many, the first seen counts as most. */
export function oddOnes<T>(
  all: readonly T[],
  wordsOf: (one: T) => string,
): { readonly most: readonly T[]; readonly odd: readonly T[]; readonly tied: boolean } {
  const [most = [], ...others] = [...groupBy(all, wordsOf).values()].sort((a, b) => b.length - a.length);
  return { most, odd: others.flat(), tied: others[0]?.length === most.length };
}
