import { type NamedStateDirectory, stateDirectoriesOf } from '../flink/state-directories.ts';
import type { StateDirectory } from '../observe/state-directory.ts';
import type { AuditRequest, Testimony } from './auditing.ts';
import { parseConfigurations } from './configurations.ts';

/** The disk's own word on state: directories that the user names and those that configurations name. */
export async function stateWitness(request: AuditRequest): Promise<Testimony | undefined> {
  const { configurations, flinkVersion, signal } = request;
  // Problems of the configurations are told where they are read for their own sake.
  const parsed = await parseConfigurations({ configurations, ...(flinkVersion === undefined ? {} : { flinkVersion }) });
  const named = parsed.flatMap((one) => stateDirectoriesOf(one).map((directory) => ownedBy(directory, one.member)));
  const directories = [...request.stateDirectories.map((path): StateDirectory => ({ path })), ...named];
  if (directories.length === 0) return undefined;
  const { observeStateDirectories } = await import('../observe/state-directory.ts');
  return observeStateDirectories(directories, signal === undefined ? {} : { signal });
}

function ownedBy(directory: NamedStateDirectory, member: string | null): StateDirectory {
  return member === null ? directory : { ...directory, member };
}
