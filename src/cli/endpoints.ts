import { CHANNEL_IDS, type Channel, type ChannelId } from '../model/channel.ts';
import type { Observation } from '../model/report.ts';
import type { LostTarget, Target } from '../observe/active/types.ts';
import type { NamedTarget } from '../observe/named-target.ts';

/** Endpoints whose addresses are known, and those that have none. */
export interface Located {
  readonly targets: readonly Target[];
  readonly lost: readonly LostTarget[];
}

/** The better source of a port's meaning comes first. */
const BASES: readonly Target['channelBasis'][] = ['argument', 'configuration', 'discovery', 'port'];

/**
 * Looks every name up, once, and makes a target of each of its addresses.
 *
 * What several sources name (an argument and REST, say) is one target: the best source says which channel it is, the
 * others complete what it leaves open. `resolve` answers with no address where a name has none, and lets literals pass.
 */
export async function locate(
  named: readonly NamedTarget[],
  resolve: (name: string) => Promise<readonly string[]>,
): Promise<Located> {
  const names = [...new Set(named.map(({ name }) => name))];
  const found = new Map(await Promise.all(names.map(async (name) => [name, await resolve(name)] as const)));
  const targets = named.flatMap((one) => found.get(one.name)!.map((address) => ({ ...one, address })));
  const lost = named.filter(({ name }) => found.get(name)!.length === 0);
  return {
    targets: merged(targets, ({ address, port }) => `${address} ${port}`),
    lost: merged(lost, ({ name, port }) => `${name} ${port}`).map((one) => ({ ...one, because: 'unresolved' })),
  };
}

function merged<Kind extends NamedTarget>(targets: readonly Kind[], keyOf: (target: Kind) => string): Kind[] {
  const byPlace = new Map<string, Kind>();
  const ordered = [...targets].sort((a, b) => BASES.indexOf(a.channelBasis) - BASES.indexOf(b.channelBasis));
  for (const target of ordered) {
    const known = byPlace.get(keyOf(target));
    byPlace.set(keyOf(target), known === undefined ? target : completed(known, target));
  }
  return [...byPlace.values()].sort(byPlaceOfTarget);
}

/** A channel comes with its basis: one that an argument leaves open is taken from who knows it. */
function completed<Kind extends NamedTarget>(best: Kind, other: Kind): Kind {
  const { channel, channelBasis } = best.channel === undefined && other.channel !== undefined ? other : best;
  const component = best.component ?? other.component;
  const member = best.member ?? other.member;
  return {
    ...best,
    ...(channel === undefined ? {} : { channel, channelBasis }),
    ...(component === undefined ? {} : { component }),
    ...(member === undefined ? {} : { member }),
  };
}

/**
 * Hosts take turns, so that endpoints which are asked at the same time are different processes' as far as possible.
 */
export function inTurns(targets: readonly Target[]): Target[] {
  const byAddress = new Map<string, Target[]>();
  for (const target of targets) byAddress.set(target.address, [...(byAddress.get(target.address) ?? []), target]);
  const queues = [...byAddress.values()];
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  return Array.from({ length: longest }, (_, turn) => queues.flatMap((queue) => queue.slice(turn, turn + 1))).flat();
}

/** Channel in the contract's order, member, host, port: the same endpoints stand in the same order in every run. */
export function byPlace(a: Observation, b: Observation): number {
  return (
    channelRank(a.channel) - channelRank(b.channel) ||
    compareText(a.server.member ?? '', b.server.member ?? '') ||
    compareText(a.server.host, b.server.host) ||
    a.server.port - b.server.port
  );
}

function byPlaceOfTarget(a: NamedTarget & { readonly address?: string }, b: typeof a): number {
  return (
    channelRank(a.channel ?? 'unknown') - channelRank(b.channel ?? 'unknown') ||
    compareText(a.member ?? '', b.member ?? '') ||
    compareText(a.address ?? a.name, b.address ?? b.name) ||
    a.port - b.port
  );
}

function channelRank(channel: Channel): number {
  const at = CHANNEL_IDS.indexOf(channel as ChannelId);
  return at === -1 ? CHANNEL_IDS.length : at;
}

function compareText(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
