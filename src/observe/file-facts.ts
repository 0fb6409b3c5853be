import { statSync } from 'node:fs';
import type { FileFacts } from '../model/rule.ts';
import { type Accounts, readAccounts, userName } from './accounts.ts';
import { exchangeableBy, isWider } from './openness.ts';
import { type DirectoryStep, gateAbove, stepsOf } from './path-steps.ts';

let accounts: Accounts | undefined;

/** Mode and owner as the disk has them, symbolic links followed and told; only the path where nothing can be asked. */
export function fileFacts(path: string): FileFacts {
  if (process.platform === 'win32') return { path };
  try {
    const { mode, uid } = statSync(path);
    accounts ??= readAccounts('/');
    return { path, mode: octal(mode), owner: userName(accounts, uid), ...wayFacts(path, accounts) };
  } catch {
    return { path };
  }
}

type Way = Pick<FileFacts, 'links' | 'target' | 'exchangeableIn'>;

/** What the directories and links on the way to a file say. */
function wayFacts(path: string, known: Accounts): Way {
  const steps = stepsOf(path);
  if (steps === undefined) return {};
  const exchangeableIn = widest(steps.directories, known);
  return {
    ...(steps.links.length === 0 ? {} : { links: steps.links, target: steps.target }),
    ...(exchangeableIn === undefined ? {} : { exchangeableIn }),
  };
}

/** The directory that is open to most; of equal ones that next to the root. */
function widest(directories: readonly DirectoryStep[], known: Accounts): FileFacts['exchangeableIn'] {
  let found: FileFacts['exchangeableIn'];
  for (const { path, stats } of directories) {
    const by = exchangeableBy(gateAbove(path), stats, known);
    if ((by === 'group' || by === 'others') && isWider(by, found?.by ?? 'owner')) {
      found = { path, by, mode: octal(stats.mode), owner: userName(known, stats.uid) };
    }
  }
  return found;
}

/** `0640` */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
