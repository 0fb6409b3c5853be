import { statSync } from 'node:fs';
import type { FileFacts } from '../model/rule.ts';
import { type Accounts, readAccounts, userName } from './accounts.ts';

let accounts: Accounts | undefined;

/** Mode and owner as the disk has them, symbolic links followed; only the path where nothing can be asked. */
export function fileFacts(path: string): FileFacts {
  try {
    const { mode, uid } = statSync(path);
    if (process.platform === 'win32') return { path };
    accounts ??= readAccounts('/');
    return { path, mode: octal(mode), owner: userName(accounts, uid) };
  } catch {
    return { path };
  }
}

/** `0640` */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
