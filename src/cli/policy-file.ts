import { readFileSync, statSync } from 'node:fs';
import { loadPolicies, loadProbes } from '../evaluate/directory.ts';
import { resolvePolicy } from '../evaluate/policy-resolve.ts';
import type { Policy, PolicyDocument } from '../model/policy.ts';
import { reason, Unusable } from './failure.ts';
import { nearest } from './nearest.ts';
import type { PolicyFault } from './policy-schema.ts';

/** Bytes of a policy file; a larger one is something else. */
const MOST_BYTES = 1_048_576;
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
  return parsePolicy(readBounded(file, profiles), file, profiles);
}

function readBounded(file: string, profiles: readonly PolicyDocument[]): string {
  try {
    if (statSync(file).size > MOST_BYTES) throw new Unusable(`--policy: ${file}: larger than 1 MiB, so no policy`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new Unusable(`--policy: ${file}: ${reason(error)}`);
    const names = profiles.map(({ policy }) => policy);
    const hint = nearest(file, names)[0];
    const meant = hint === undefined ? '' : ` (${hint}?)`;
    throw new Unusable(
      `--policy: ${file}: no such file, and no shipped profile${meant}; there are ${names.join(', ')}`,
    );
  }
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
    yaml.tell(read.faults.map((fault) => ({ ...fault, message: `${fault.message}${hintOf(fault)}` }))),
  );
}

function hintOf({ known = [], word }: PolicyFault): string {
  const [found] =
    word === undefined
      ? []
      : nearest(
          word,
          known.map((one) => one.toLowerCase()),
        );
  const hint = known.find((one) => one.toLowerCase() === found);
  return hint === undefined || hint === word ? '' : ` (${hint}?)`;
}
