import type { ParsedConfiguration } from '../flink/config.ts';
import { type NamedStateDirectory, stateDirectoriesOf } from '../flink/state-directories.ts';
import type { StateDirectory } from '../observe/state-directory.ts';
import type { AuditRequest, Testimony } from './auditing.ts';

/** The disk's own word on state: directories that the user names and those that configurations name. */
export async function stateWitness(
  { stateDirectories, signal }: AuditRequest,
  configurations: readonly ParsedConfiguration[],
): Promise<Testimony | undefined> {
  const named = configurations.flatMap((one) =>
    stateDirectoriesOf(one).map((directory) => ownedBy(directory, one.member)),
  );
  const directories = [...stateDirectories.map((path): StateDirectory => ({ path })), ...named];
  if (directories.length === 0) return undefined;
  const { observeStateDirectories } = await import('../observe/state-directory.ts');
  return observeStateDirectories(directories, signal === undefined ? {} : { signal });
}

function ownedBy(directory: NamedStateDirectory, member: string | null): StateDirectory {
  return member === null ? directory : { ...directory, member };
}
