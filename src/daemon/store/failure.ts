/**
 * What keeps a store from being used.
 *
 * `full`: no space on the disk. `damaged`: no SQLite file, or one whose pages contradict each other. `locked`: another
 * daemon has it, or another program writes into it. `read-only`, `gone`: as they say. `newer`: written by a later
 * version. `foreign`: a SQLite file of another program. `failed`: anything else that the system told.
 */
export type StoreFault = 'full' | 'damaged' | 'locked' | 'read-only' | 'gone' | 'newer' | 'foreign' | 'failed';

/** One operation on the store failed, and changed nothing. The store may be used on: the next one is tried afresh. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly fault: StoreFault;

  constructor(fault: StoreFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

/** Primary result codes (https://www.sqlite.org/rescode.html); the low eight bits of every extended one. */
const BY_CODE: Readonly<Record<number, StoreFault>> = {
  5: 'locked',
  6: 'locked',
  8: 'read-only',
  11: 'damaged',
  13: 'full',
  26: 'damaged',
};
/** The file that SQLite maps into memory beside the database could not grow. */
const SHARED_MEMORY_SIZE = 4874;

/** What SQLite or the file system threw, as a {@link StoreFailure} that names the file and what to do. */
export function storeFailure(error: unknown, path: string): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { code, rawCode, message } = error as { code?: unknown; rawCode?: unknown; message?: unknown };
  const said = typeof message === 'string' ? message : String(error);
  const fault = faultOf(code, rawCode);
  return new StoreFailure(fault, `${path}: ${said}${ADVICE[fault]}`, error);
}

function faultOf(code: unknown, rawCode: unknown): StoreFault {
  if (code === 'ENOSPC' || code === 'EDQUOT' || rawCode === SHARED_MEMORY_SIZE) return 'full';
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'read-only';
  if (code === 'ENOENT') return 'gone';
  return typeof rawCode === 'number' ? (BY_CODE[rawCode & 0xff] ?? 'failed') : 'failed';
}

const ADVICE: Readonly<Record<StoreFault, string>> = {
  full: '; nothing was kept of this; free some space, or lower how much history is kept',
  damaged: '; stop the daemon, then put a copy back or move the file away: it begins anew with an empty one',
  locked: '; another program has the file open for writing',
  'read-only': '; the daemon must be able to write the file and its folder',
  gone: '',
  newer: '',
  foreign: '',
  failed: '',
};
