import type { ChannelId } from '../model/channel.ts';
import type { Policy, PolicyDocument, PolicyScope, Requirement, ResolvedRequirement } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';

type ProbeOf = Pick<Probe, 'id' | 'protection'>;

/** Looks up which channels and key stores each requirement is about. */
export function resolvePolicy(document: PolicyDocument, probes: readonly ProbeOf[]): Policy {
  return {
    name: document.policy,
    title: document.title,
    requirements: document.requirements.map((one) => resolveRequirement(one, probes)),
  };
}

function resolveRequirement(requirement: Requirement, probes: readonly ProbeOf[]): ResolvedRequirement {
  if ('key' in requirement) return { requirement, channels: new Set(), families: new Set() };
  const about = probes.filter((probe) => isMeant(probe, requirement.on ?? 'all'));
  const families = about.flatMap(({ protection }) =>
    protection === 'internal' || protection === 'rest' ? [protection] : [],
  );
  return { requirement, channels: new Set<ChannelId>(about.map(({ id }) => id)), families: new Set(families) };
}

function isMeant({ id, protection }: ProbeOf, scope: PolicyScope): boolean {
  if (typeof scope !== 'string') return scope.includes(id);
  return scope === 'all' ? protection === 'internal' || protection === 'rest' : protection === scope;
}
