import type { Reach } from '../model/report.ts';
import { type Accounts, isPrivateGroup } from './accounts.ts';

/** What decides who reaches a file: `st_mode`, `st_uid`, `st_gid`. Access control lists are not looked at. */
export interface Permissions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who gets through all directories above: others, and members of which groups. */
export interface Gate {
  readonly others: boolean;
  readonly groups: 'all' | 'none' | number;
}

export const OPEN_GATE: Gate = { others: true, groups: 'all' };

const OTHERS = { read: 0o004, write: 0o002, search: 0o001 } as const;
const GROUP = { read: 0o040, write: 0o020, search: 0o010 } as const;
const STICKY = 0o1000;

/** Who is left behind one more directory. */
export function through(gate: Gate, { mode, gid }: Permissions): Gate {
  const others = gate.others && (mode & OTHERS.search) !== 0;
  if ((mode & OTHERS.search) !== 0) return { others, groups: gate.groups };
  if ((mode & GROUP.search) === 0 || gate.groups === 'none') return { others, groups: 'none' };
  return { others, groups: gate.groups === 'all' || gate.groups === gid ? gid : 'none' };
}

export function readableBy(gate: Gate, permissions: Permissions, accounts: Accounts): Reach {
  return reach(gate, permissions, accounts, 'read');
}

/** Whether entries of a directory, or the content of a file, can be replaced by whom; the sticky bit keeps others off. */
export function writableBy(gate: Gate, permissions: Permissions, accounts: Accounts): Reach {
  if ((permissions.mode & STICKY) !== 0) return 'owner';
  return reach(gate, permissions, accounts, 'write');
}

/** Who may exchange the entries of a directory for others, by renaming: who writes there, and gets in. */
export function exchangeableBy(gate: Gate, permissions: Permissions, accounts: Accounts): Reach {
  const { mode } = permissions;
  const searched = mode & (OTHERS.search | GROUP.search);
  const written = mode & ~(OTHERS.write | GROUP.write);
  // Write without search changes nothing.
  const usable =
    written |
    ((searched & OTHERS.search) !== 0 ? mode & OTHERS.write : 0) |
    ((searched & GROUP.search) !== 0 ? mode & GROUP.write : 0);
  return writableBy(gate, { ...permissions, mode: usable }, accounts);
}

function reach(gate: Gate, { mode, uid, gid }: Permissions, accounts: Accounts, right: 'read' | 'write'): Reach {
  if (gate.others && (mode & OTHERS[right]) !== 0) return 'others';
  const isInGroup = gate.groups === 'all' || gate.groups === gid;
  if (isInGroup && (mode & GROUP[right]) !== 0 && !isPrivateGroup(accounts, gid, uid)) return 'group';
  return 'owner';
}

const RANK: Readonly<Record<Reach, number>> = { unknown: 0, owner: 1, group: 2, others: 3 };

/** True where `a` is open to more than `b`. */
export function isWider(a: Reach, b: Reach): boolean {
  return RANK[a] > RANK[b];
}
