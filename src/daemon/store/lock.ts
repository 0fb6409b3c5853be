import { readFileSync, statSync } from 'node:fs';
import { connect, type Database } from './database.ts';
import { StoreFailure } from './failure.ts';
import { createPrivate } from './files.ts';

/**
 * Takes the store for this process, until `close` or the end of the process, however it comes.
 *
 * It is a lock of the kernel (POSIX, as SQLite takes them) on `PATH.lock`, so that no stale one is left by a kill; on a
 * file of its own, so that other programs may read the store meanwhile, and so that the lock falls with `close`. Nothing
 * in this process may open that file otherwise: closing it would drop the lock.
 *
 * @throws StoreFailure `locked`
 */
export function takeLock(path: string): Pick<Database, 'close'> {
  const file = `${path}.lock`;
  createPrivate(file);
  const connection = connect(file);
  try {
    // In this mode the lock stays when the transaction ends. A journal in memory leaves no file behind.
    connection.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    return connection;
  } catch (error) {
    connection.close();
    if (!(error instanceof StoreFailure) || error.fault !== 'locked') throw error;
    const holder = holderOf(file);
    const who = holder === undefined ? 'another flinkprobe daemon' : `another flinkprobe daemon (process ${holder})`;
    throw new StoreFailure('locked', `${path}: ${who} uses it; stop that one, or give this one another state file`);
  }
}

/** `1: POSIX  ADVISORY  WRITE 22660 fe:00:10776470 …` (proc_locks(5)); Linux only. */
function holderOf(file: string): number | undefined {
  try {
    const { ino } = statSync(file);
    const lines = readFileSync('/proc/locks', 'utf8').split('\n');
    const fields = lines.map((line) => line.trim().split(/\s+/)).find((one) => one[5]?.endsWith(`:${ino}`));
    const process = Number(fields?.[4]);
    return process > 0 ? process : undefined;
  } catch {
    return undefined;
  }
}
