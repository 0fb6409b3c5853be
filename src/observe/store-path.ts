import { statSync } from 'node:fs';
import path from 'node:path';

/**
 * Where a key store that a configuration names may lie: as it is named, or, where that is relative, in Flink's folder
 * (the one above `conf`), beside the configuration, and in the working directory. Never empty; the first is the likeliest.
 *
 * @param base folder or file of the configuration
 */
export function storeCandidates(base: string, name: string): readonly [string, ...string[]] {
  if (path.isAbsolute(name)) return [name];
  const folder = isFile(base) ? path.dirname(base) : base;
  return [path.join(folder, '..', name), path.join(folder, name), path.resolve(name)];
}

export function exists(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    // What cannot be looked at is there, or may be.
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
