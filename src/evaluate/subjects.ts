import type { Channel } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Encapsulation, Expectation, Observation } from '../model/report.ts';
import type { EndpointSubject } from '../model/rule.ts';
import { expectationFor } from './policy.ts';

/** VLANs and virtual networks that hold the same addresses stay apart; the interface that saw them does not matter. */
export function encapsulationKey(encapsulation: Encapsulation | undefined): string {
  if (encapsulation === undefined) return '';
  const { vlans, tunnel, vni } = encapsulation;
  return vlans.length === 0 && tunnel === undefined && vni === undefined
    ? ''
    : `${vlans.join('.')}/${tunnel ?? ''}/${vni ?? ''}`;
}

/** Observations of connections, one subject for each listening endpoint of a channel, in order of first appearance. */
export function endpointSubjects(
  observations: readonly Observation[],
  expectations: readonly Expectation[],
  probes: ReadonlyMap<Channel, Probe>,
): readonly EndpointSubject[] {
  const connections = observations.filter(isConnection).sort(byFirstPacket);
  const owners = portOwners(connections);
  const groups = new Map<string, { channel: Channel; observations: Observation[] }>();
  for (const observation of connections) {
    const place = placeKey(observation);
    const channel = observation.channel === 'unknown' ? (owners.get(place) ?? 'unknown') : observation.channel;
    const key = `${channel} ${place}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { channel, observations: [observation] });
    else group.observations.push(observation);
  }
  return [...groups.values()].map((group) => {
    const named = group.observations.find((one) => one.server.member !== undefined) ?? group.observations[0]!;
    const probe = probes.get(group.channel);
    const expectation = expectationFor(expectations, probes, group.channel, named.server.member);
    return {
      scope: 'endpoint',
      channel: group.channel,
      server: named.server,
      observations: group.observations,
      ...(probe === undefined ? {} : { probe }),
      ...(expectation === undefined ? {} : { expectation }),
    };
  });
}

function isConnection(observation: Observation): boolean {
  return observation.kind === 'tls' || observation.kind === 'plaintext' || observation.kind === 'undecided';
}

function byFirstPacket(a: Observation, b: Observation): number {
  // Who of several that are asked at the same time answers first is chance: the report's own order stays, behind what
  // was captured.
  const [isAsked, isOtherAsked] = [a.vantage === 'active', b.vantage === 'active'];
  if (isAsked || isOtherAsked) return Number(isAsked) - Number(isOtherAsked);
  if (a.observedAt !== b.observedAt) return a.observedAt < b.observedAt ? -1 : 1;
  return (a.frames?.first ?? 0) - (b.frames?.first ?? 0);
}

function placeKey(observation: Observation): string {
  return `${observation.server.host} ${observation.server.port} ${encapsulationKey(observation.encapsulation)}`;
}

/**
 * A port has one owner: a connection that could not be told belongs to the one channel that this port was seen to serve.
 * A default port alone, with nothing on it that could be told, is nobody's.
 */
function portOwners(connections: readonly Observation[]): ReadonlyMap<string, Channel> {
  const seen = new Map<string, Set<Channel>>();
  for (const observation of connections) {
    if (observation.channel === 'unknown') continue;
    const isTold = observation.kind === 'plaintext' || observation.tls?.version !== undefined;
    if (observation.channelBasis === 'port' && !isTold) continue;
    const place = placeKey(observation);
    const channels = seen.get(place) ?? new Set();
    channels.add(observation.channel);
    seen.set(place, channels);
  }
  const owners = new Map<string, Channel>();
  for (const [place, channels] of seen) {
    if (channels.size === 1) owners.set(place, [...channels][0]!);
  }
  return owners;
}
