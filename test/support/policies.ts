import { loadPolicies, loadProbes } from '../../src/evaluate/directory.ts';
import { resolvePolicy } from '../../src/evaluate/policy-resolve.ts';
import type { Policy, PolicyDocument, Requirement } from '../../src/model/policy.ts';

const [documents, probes] = await Promise.all([loadPolicies(), loadProbes()]);

/** The profiles that are shipped. */
export const PROFILES: readonly PolicyDocument[] = documents;

/** A shipped profile, ready to judge by. */
export function profile(name: string): Policy {
  const found = documents.find(({ policy }) => policy === name);
  if (found === undefined) throw new Error(`no profile ${name}`);
  return resolvePolicy(found, probes);
}

type Asked = Partial<Requirement> & Pick<Requirement, 'id'>;

/** A policy of these requirements, high and of a source of their own where nothing else is said. */
export function asking(...requirements: readonly Asked[]): Policy {
  const whole = requirements.map((one) => ({ severity: 'high', source: ['handbook 1'], reason: 'So it is.', ...one }));
  return resolvePolicy(
    { policy: 'house', title: 'House', about: '', requirements: whole as unknown as readonly Requirement[] },
    probes,
  );
}
