import type { Policy } from '../model/policy.ts';

/** The policy that `--policy` names. What reads it is loaded only where there is one. Throws `Unusable`. */
export async function readPolicy(named: string | undefined): Promise<Policy | undefined> {
  if (named === undefined) return undefined;
  const { loadPolicy } = await import('./policy-file.ts');
  return loadPolicy(named);
}
