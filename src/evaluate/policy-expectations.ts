import type { ChannelId } from '../model/channel.ts';
import type { Policy, ResolvedRequirement, ServedAspect } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';
import type { Expectation } from '../model/report.ts';
import { defaultExpectation } from './policy.ts';

/**
 * What a policy asks of the channels that it says something about, where no configuration says it: the default policy's
 * expectation with what the policy has put in its place. Channels that cannot do TLS stay what they are.
 */
export function policyExpectations(
  policy: Policy | undefined,
  probes: readonly Pick<Probe, 'id' | 'protection'>[],
): readonly Expectation[] {
  if (policy === undefined) return [];
  return probes.flatMap((probe) => {
    const base = defaultExpectation(probe);
    const about = policy.requirements.filter((one) => isServed(one, probe.id));
    if (about.length === 0 || base.tls === 'impossible') return [];
    const tls = listed(about, 'tls')?.includes('on') === true ? 'required' : base.tls;
    const asksForClients = listed(about, 'client-authentication')?.includes('required') === true;
    const protocols = listed(about, 'protocol');
    const cipherSuites = listed(about, 'cipher-suite');
    return [
      {
        ...base,
        tls,
        clientAuthentication: asksForClients ? 'required' : base.clientAuthentication,
        ...(protocols === undefined ? {} : { protocols }),
        ...(cipherSuites === undefined ? {} : { cipherSuites }),
        because: about.map(({ requirement }) => ({
          key: `policy ${policy.name}`,
          value: requirement.id,
          origin: 'policy',
        })),
      },
    ];
  });
}

function isServed({ requirement, channels }: ResolvedRequirement, channel: ChannelId): boolean {
  return 'served' in requirement && channels.has(channel);
}

/** All that may be there by `one-of`, or has to be there by `required`; patterns and refusals list nothing. */
function listed(requirements: readonly ResolvedRequirement[], aspect: ServedAspect): readonly string[] | undefined {
  const isSwitch = aspect === 'tls' || aspect === 'client-authentication';
  for (const { requirement } of requirements) {
    if (!('served' in requirement) || requirement.served !== aspect) continue;
    const values = 'one-of' in requirement ? requirement['one-of'] : undefined;
    const found = values ?? (isSwitch && 'required' in requirement ? requirement.required : undefined);
    if (found !== undefined && !found.some((value) => value.includes('*'))) return found;
  }
  return undefined;
}
