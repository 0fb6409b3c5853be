import type { ChannelId } from '../model/channel.ts';
import type { Policy, PolicyDocument, PolicyScope, Requirement, ResolvedRequirement } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';

type ProbeOf = Pick<Probe, 'id' | 'protection'>;

/** A policy without the profile that it extends: nobody ships one of that name. */
export class UnknownProfile extends Error {
  override readonly name = 'UnknownProfile';
}

/**
 * Puts a policy and those that it extends together, and looks up which channels each requirement is about.
 *
 * A requirement of the same id takes the place of the inherited one. Throws {@link UnknownProfile}.
 */
export function resolvePolicy(
  document: PolicyDocument,
  shipped: readonly PolicyDocument[],
  probes: readonly ProbeOf[],
): Policy {
  const requirements = new Map<string, Requirement>();
  for (const each of lineage(document, shipped)) {
    for (const requirement of each.requirements) requirements.set(requirement.id, requirement);
  }
  return {
    name: document.policy,
    title: document.title,
    requirements: [...requirements.values()].map((one) => resolveRequirement(one, probes)),
  };
}

/** Shipped profiles extend nothing, so that there is one at most. */
function lineage(document: PolicyDocument, shipped: readonly PolicyDocument[]): readonly PolicyDocument[] {
  if (document.extends === undefined) return [document];
  const parent = shipped.find((one) => one.policy === document.extends);
  if (parent === undefined) throw new UnknownProfile(document.extends);
  return [parent, document];
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
