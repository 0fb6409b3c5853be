import { readFileSync, statSync } from 'node:fs';
import type { FileFacts } from '../model/rule.ts';

/** Accounts of the machine that are looked at; a directory service has none in this file. */
const ACCOUNTS = '/etc/passwd';

/** Mode and owner as the disk has them, symbolic links followed; only the path where nothing can be asked. */
export function fileFacts(path: string): FileFacts {
  try {
    const { mode, uid } = statSync(path);
    if (process.platform === 'win32') return { path };
    return { path, mode: octal(mode), owner: ownerName(uid) };
  } catch {
    return { path };
  }
}

/** `0640` */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

let accounts: ReadonlyMap<string, string> | undefined;

/** Name of an account, else its number. */
export function ownerName(uid: number): string {
  accounts ??= readAccounts();
  return accounts.get(String(uid)) ?? String(uid);
}

function readAccounts(): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(ACCOUNTS, 'utf8').split('\n');
    return new Map(
      lines.map((line) => line.split(':')).flatMap(([name, , uid]) => (uid === undefined ? [] : [[uid, name!]])),
    );
  } catch {
    return new Map();
  }
}
