import { existsSync } from 'node:fs';
import { loadPolicies, loadProbes } from '../evaluate/directory.ts';
import { resolvePolicy } from '../evaluate/policy-resolve.ts';
import type { Policy, PolicyDocument } from '../model/policy.ts';
import { readBounded } from './bounded-file.ts';
import { Unusable } from './failure.ts';
import { hintOf } from './nearest.ts';

/** Faults that are told at once. */
const FAULTS_TOLD = 10;

/**
 * The policy that `--policy` names: a shipped profile by its name, else a file.
 *
 * Throws `Unusable` with file, line and column of everything that is wrong.
 */
export async function loadPolicy(named: string): Promise<Policy> {
  const [profiles, probes] = await Promise.all([loadPolicies(), loadProbes()]);
  const document = profiles.find(({ policy }) => policy === named) ?? (await readPolicyFile(named, profiles));
  return resolvePolicy(document, probes);
}

async function readPolicyFile(file: string, profiles: readonly PolicyDocument[]): Promise<PolicyDocument> {
  return parsePolicy(policyText(file, profiles), file, profiles);
}

/** The text of the file; what is no file may be the name of a profile that is spelt otherwise. */
function policyText(file: string, profiles: readonly PolicyDocument[]): string {
  if (existsSync(file)) return readBounded(file, 'no policy', '--policy: ');
  const names = profiles.map(({ policy }) => policy);
  throw new Unusable(
    `--policy: ${file}: no such file, and no shipped profile${hintOf(file, names)}; there are ${names.join(', ')}`,
  );
}

/** Libraries are loaded only where there is a file to read. Throws `Unusable`, and nothing else. */
export async function parsePolicy(
  text: string,
  file: string,
  profiles: readonly PolicyDocument[],
): Promise<PolicyDocument> {
  const [{ readYaml }, { readPolicyDocument }] = await Promise.all([
    import('./yaml-places.ts'),
    import('./policy-schema.ts'),
  ]);
  const yaml = readYaml(text, { file, scalars: 'as-written', prefix: '--policy: ', told: FAULTS_TOLD });
  const read = readPolicyDocument(yaml.content, profiles);
  if ('document' in read) return read.document;
  throw new Unusable(
    yaml.tell(
      read.faults.map((fault) => ({
        ...fault,
        message: `${fault.message}${hintOf(fault.word ?? '', fault.known ?? [])}`,
      })),
    ),
  );
}
