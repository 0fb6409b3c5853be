import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Users and groups of a machine, by number. A directory service has others that no file names. */
export interface Accounts {
  readonly users: ReadonlyMap<number, { readonly name: string; readonly group: number }>;
  readonly groups: ReadonlyMap<number, { readonly name: string; readonly members: readonly string[] }>;
}

/** Those that the files below `root` name, `/` but in tests; a file that cannot be read names none. */
export function readAccounts(root: string): Accounts {
  const read = (file: string): string => {
    try {
      return readFileSync(path.join(root, file), 'utf8');
    } catch {
      return '';
    }
  };
  return parseAccounts(read('etc/passwd'), read('etc/group'));
}

/** `/etc/passwd` and `/etc/group` (passwd(5), group(5)) as text; lines that are none are passed over. */
export function parseAccounts(passwd: string, group: string): Accounts {
  const users = new Map<number, { name: string; group: number }>();
  for (const [name, , id, groupId] of fieldsOf(passwd)) {
    if (name !== undefined && isNumber(id) && isNumber(groupId) && !users.has(Number(id))) {
      users.set(Number(id), { name, group: Number(groupId) });
    }
  }
  const groups = new Map<number, { name: string; members: readonly string[] }>();
  for (const [name, , id, members] of fieldsOf(group)) {
    if (name !== undefined && isNumber(id) && !groups.has(Number(id))) {
      groups.set(Number(id), { name, members: (members ?? '').split(',').filter((one) => one !== '') });
    }
  }
  return { users, groups };
}

function fieldsOf(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.trim().split(':'));
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text);
}

export function userName({ users }: Accounts, uid: number): string {
  return users.get(uid)?.name ?? String(uid);
}

export function groupName({ groups }: Accounts, gid: number): string {
  return groups.get(gid)?.name ?? String(gid);
}

/** A user's own group, as most Linux distributions give one to each: what it may read, nobody else does. */
export function isPrivateGroup({ users, groups }: Accounts, gid: number, uid: number): boolean {
  const group = groups.get(gid);
  const owner = users.get(uid);
  if (group === undefined || owner === undefined) return false;
  const named = group.members.every((member) => member === owner.name);
  const primary = [...users].every(([other, user]) => other === uid || user.group !== gid);
  return named && primary;
}
