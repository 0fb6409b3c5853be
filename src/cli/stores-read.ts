import type { StoreSighting, StoresRead } from '../daemon/types.ts';
import type { Channel } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Endpoint } from '../model/report.ts';
import type { ClusterSubject, StoreFacts, StoreFamily, StoreRole } from '../model/rule.ts';
import { familyOf, keystoresOf, type ShownLeaf, shownLeaves } from '../rules/support/disk-leaves.ts';
import type { DiskTestimony } from './disk-witness.ts';

export type StoresSeen = Pick<ClusterSubject, 'endpoints'> & DiskTestimony;

/**
 * What key stores hold, as the endpoints have them that showed a certificate: a store of a process by its own
 * configuration, as rules take it (`keystoresOf`). A store that no such process has is told as nobody's.
 */
export function storesRead(seen: StoresSeen, probes: readonly Probe[]): StoresRead {
  const context = { probes: new Map(probes.map((probe) => [probe.id as Channel, probe])) };
  const shown = shownLeaves(seen, context);
  const owned = seen.endpoints.flatMap(({ channel, server }) => {
    const family = familyOf(channel, context);
    const isShown = shown.some((one) => one.channel === channel && one.owner === server);
    return family === undefined || !isShown ? [] : sightingsAt(seen, { channel, server, family }, shown);
  });
  const placed = new Set(owned.map(({ path }) => path));
  return {
    sightings: [...owned, ...seen.stores.flatMap((one) => unplaced(one, placed))],
    paths: [...new Set(seen.inputs.flatMap(({ kind, path }) => (kind === 'keystore' ? [path] : [])))],
  };
}

interface Place {
  readonly channel: Channel;
  readonly server: Endpoint;
  readonly family: StoreFamily;
}

function sightingsAt(
  seen: StoresSeen,
  { channel, server, family }: Place,
  shown: readonly ShownLeaf[],
): StoreSighting[] {
  const at = { channel, endpoint: server, ...(server.member === undefined ? {} : { member: server.member }) };
  const keys = keystoresOf(server, family, seen, shown).map(({ store }) => ({ ...at, ...held(store, 'keystore') }));
  const trusted = truststoresOf(seen, server, family).map((store) => ({ ...at, ...held(store, 'truststore') }));
  return merged([...keys, ...trusted]);
}

function truststoresOf({ configurations }: StoresSeen, { member: name }: Endpoint, family: StoreFamily): StoreFacts[] {
  const named = configurations.flatMap(({ member, stores }) =>
    stores
      .filter(({ use, store }) => use.family === family && use.role === 'truststore' && store.state === 'read')
      .map(({ store }) => ({ member, store })),
  );
  const own = name === undefined ? named : named.filter(({ member }) => member === name);
  return (own.length > 0 ? own : named.filter(({ member }) => member === null)).map(({ store }) => store);
}

/** One file may be keystore and truststore. */
function merged(sightings: readonly StoreSighting[]): StoreSighting[] {
  const byPath = new Map<string, StoreSighting>();
  for (const one of sightings) {
    const known = byPath.get(one.path);
    byPath.set(one.path, { ...one, certificates: [...(known?.certificates ?? []), ...one.certificates] });
  }
  return [...byPath.values()];
}

/** A store whose process was seen is told with that process; its place as nobody's is empty from then on. */
function unplaced({ store, uses }: StoresSeen['stores'][number], placed: ReadonlySet<string>): StoreSighting[] {
  if (store.state !== 'read') return [];
  const roles = new Set(uses.map(({ role }) => role));
  const isBoth = roles.has(undefined);
  const wanted = (['keystore', 'truststore'] as const).filter((role) => isBoth || roles.has(role));
  const certificates = placed.has(store.path) ? [] : wanted.flatMap((role) => held(store, role).certificates);
  return [{ path: store.path, channel: 'unknown', certificates }];
}

/** Keys with their chains, or what is trusted. */
function held(store: StoreFacts, role: StoreRole): Pick<StoreSighting, 'path' | 'certificates'> {
  const kind = role === 'keystore' ? 'key' : 'certificate';
  const certificates = store.entries
    .filter((entry) => entry.kind === kind)
    .flatMap(({ chain }) =>
      chain.map((certificate, index) => ({
        role: role === 'truststore' ? role : index === 0 ? ('keystore' as const) : ('ca' as const),
        certificate,
      })),
    );
  return { path: store.path, certificates };
}
