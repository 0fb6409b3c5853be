import { close, fdatasync, open } from 'node:fs';

/** Writes a file's data to the disk itself, and calls back when it has. */
export type Sync = (file: string, done: () => void) => void;

/**
 * Brings what was committed to the disk, behind the back of the event loop: waiting for it in every commit (SQLite's
 * `synchronous=FULL`) would hold up the daemon for as long as a busy disk takes. A kill needs none of this; a power cut
 * takes what was committed while the last such write went on, and leaves the file whole.
 *
 * SQLite holds no locks on its log, so that closing it here drops none.
 */
export class LogSync {
  readonly #file: string;
  readonly #sync: Sync;
  #state: 'clean' | 'syncing' | 'dirty' = 'clean';

  constructor(database: string, sync: Sync = syncFile) {
    this.#file = `${database}-wal`;
    this.#sync = sync;
  }

  /** Something was committed. */
  touch(): void {
    if (this.#state !== 'clean') {
      this.#state = 'dirty';
      return;
    }
    this.#state = 'syncing';
    this.#sync(this.#file, () => {
      const isDirty = this.#state === 'dirty';
      this.#state = 'clean';
      if (isDirty) this.touch();
    });
  }
}

/** A disk that fails here fails SQLite's own next write too, which says so. */
function syncFile(file: string, done: () => void): void {
  open(file, 'r+', (missing, descriptor) => {
    if (missing !== null) return done();
    fdatasync(descriptor, () => close(descriptor, () => done()));
  });
}
