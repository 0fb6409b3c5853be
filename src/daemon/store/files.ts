import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import path from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

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

/** Bytes of the file and its log. */
export function bytesOf(file: string): number {
  return [file, `${file}-wal`].reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Tells whether a path is still the file that was opened. Undefined: there is none. */
export function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
