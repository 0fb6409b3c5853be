import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository that the tests were built from. */
export const root: string = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** What a clone does not hold: made by tools, or git's own. */
const NOT_TRACKED: ReadonlySet<string> = new Set(['node_modules', 'dist', 'bench-data', '.git', '.tap']);
const BINARY = /\.(?:gz|der|tgz|png)$/;

/** Text files that git tracks, or, without git, those that are there; relative to the root, with forward slashes. */
export function textFiles(): string[] {
  return (trackedFiles() ?? presentFiles()).filter((name) => !BINARY.test(name));
}

function trackedFiles(): string[] | undefined {
  if (!existsSync(path.join(root, '.git'))) return undefined;
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  return status === 0
    ? stdout.split('\0').filter((name) => name !== '' && existsSync(path.join(root, name)))
    : undefined;
}

function presentFiles(): string[] {
  const top = readdirSync(root, { withFileTypes: true }).filter(({ name }) => !NOT_TRACKED.has(name));
  // The entries at the top may be symbolic links: what they lead to is asked, not what they are.
  return top.flatMap(({ name }) => filesBelow(name));
}

function filesBelow(name: string): string[] {
  try {
    return readdirSync(path.join(root, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [name];
    throw error;
  }
}

export function read(name: string): string {
  return readFileSync(path.join(root, name), 'utf8');
}

/** Names in a folder, sorted. */
export function names(folder: string): string[] {
  return readdirSync(path.join(root, folder)).sort();
}
