import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** What SQLite puts beside a database; it gives them the database's mode. */
const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** Makes the folder, and all above it, for the owner alone; one that is there stays as it is. */
export function createFolder(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: FOLDER_MODE });
}

/** Makes an empty file for the owner alone; one that is there is not opened, but closed to others. */
export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', FILE_MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, FILE_MODE);
  }
}

/** Renames a file that cannot be used, with what belongs to it. Returns its new name. */
export function setAside(file: string, now: string): string {
  const stamp = now.replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  let name = `${file}.damaged-${stamp}`;
  for (let other = 2; existsSync(name); other += 1) name = `${file}.damaged-${stamp}-${other}`;
  for (const suffix of ['', ...COMPANIONS]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, name + suffix);
  }
  return name;
}

/** Bytes of the file and its log. */
export function bytesOf(file: string): number {
  return [file, `${file}-wal`].reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Tells whether a path is still the file that was opened. Undefined: there is none. */
export function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
