import type { Channel, Protection } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { Expectation } from '../model/report.ts';

/**
 * What holds where no configuration and no policy file says otherwise: internal channels mutual TLS, REST, history
 * server and SQL gateway TLS; channels that cannot do TLS cannot be asked for it; what another system protects
 * (object store, ZooKeeper) is asked for nothing, since rules for state and credentials judge what crosses there.
 */
const DEFAULTS: Readonly<Record<Protection, Pick<Expectation, 'tls' | 'clientAuthentication' | 'protocols'>>> = {
  internal: { tls: 'required', clientAuthentication: 'required', protocols: ['TLSv1.2', 'TLSv1.3'] },
  rest: { tls: 'required', clientAuthentication: 'none', protocols: ['TLSv1.2', 'TLSv1.3'] },
  never: { tls: 'impossible', clientAuthentication: 'none' },
  outside: { tls: 'optional', clientAuthentication: 'none' },
};

/** The default policy's expectation for a channel. */
export function defaultExpectation(probe: Pick<Probe, 'id' | 'protection'>): Expectation {
  return { channel: probe.id, member: null, ...DEFAULTS[probe.protection], basis: 'policy', because: [] };
}

/**
 * The member's own expectation, else the one for all members, else the default policy's. Undefined for `unknown`.
 *
 * A configuration goes before a policy that was handed in. A process of unknown name has what all configurations agree
 * on; where they differ, nobody knows which is its own, and the policy holds.
 */
export function expectationFor(
  expectations: readonly Expectation[],
  probes: ReadonlyMap<Channel, Probe>,
  channel: Channel,
  member: string | undefined,
): Expectation | undefined {
  if (channel === 'unknown') return undefined;
  const ofChannel = expectations.filter((one) => one.channel === channel);
  const configured = ofChannel.filter((one) => one.basis === 'configuration');
  const found =
    (member === undefined ? undefined : ofChannel.find((one) => one.member === member)) ??
    configured.find((one) => one.member === null) ??
    (member === undefined ? agreement(configured) : undefined) ??
    ofChannel.find((one) => one.member === null);
  if (found !== undefined) return found;
  const probe = probes.get(channel);
  return probe === undefined ? undefined : defaultExpectation(probe);
}

function agreement(expectations: readonly Expectation[]): Expectation | undefined {
  const [first, ...rest] = expectations;
  if (first === undefined) return undefined;
  const same = rest.every(
    (one) =>
      one.tls === first.tls && one.clientAuthentication === first.clientAuthentication && one.basis === first.basis,
  );
  return same ? first : undefined;
}
