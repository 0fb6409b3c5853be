import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

export interface WatchedFolder {
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Files that were last written before are history and are not read. */
  readonly sinceMs: number;
  /** Names that are never read. */
  readonly isOurs?: (name: string) => boolean;
}

/** A file that nobody wrote to for so long is complete, where no next one of its row says so earlier. */
const SETTLED_AFTER_MS = 5000;
/** One that grew all the same is given more time, twice as much each time. */
const MAX_SETTLED_AFTER_MS = 10 * 60_000;
/** The file header of the shortest capture. */
const SHORTEST_BYTES = 24;
/** Names that writers give to files which they have not finished. */
const UNFINISHED = /^\.|\.(tmp|part|partial|filepart|crdownload|swp)$|~$/i;

interface Known {
  readonly identity: string;
  size: number;
  modifiedMs: number;
  state: 'growing' | 'read';
  settledAfterMs: number;
}

interface Found {
  readonly file: string;
  readonly row: string;
  readonly identity: string;
  readonly size: number;
  readonly modifiedMs: number;
}

/**
 * Finds captures that other tools rotated into a folder, each once, when it is complete: the next file of its row has
 * begun (`x_00001.pcapng`, `x_00002.pcapng`), it was moved in, or nobody wrote to it for a while. One that grows after
 * that is told again.
 */
export class CaptureFolder {
  readonly #watched: WatchedFolder;
  readonly #known = new Map<string, Known>();

  constructor(watched: WatchedFolder) {
    this.#watched = watched;
  }

  /** Files that became complete since the last call, the one last written last. Throws where the folder cannot be read. */
  complete(): readonly string[] {
    const found = this.#list();
    for (const file of this.#known.keys()) if (!found.some((one) => one.file === file)) this.#known.delete(file);
    const newest = newestOfRows(found);
    const due = found.filter((one) => this.#isDue(one, newest.get(one.row) !== one.file));
    return due.map(({ file }) => file);
  }

  #isDue({ file, identity, size, modifiedMs }: Found, isFollowed: boolean): boolean {
    let known = this.#known.get(file);
    if (known === undefined || known.identity !== identity || size < known.size) {
      // Another file of the same name: rings write over their oldest one.
      known = { identity, size, modifiedMs, state: 'growing', settledAfterMs: SETTLED_AFTER_MS };
      if (modifiedMs < this.#watched.sinceMs) known.state = 'read';
      this.#known.set(file, known);
    } else if (size !== known.size || modifiedMs !== known.modifiedMs) {
      if (known.state === 'read') known.settledAfterMs = Math.min(known.settledAfterMs * 2, MAX_SETTLED_AFTER_MS);
      known.size = size;
      known.modifiedMs = modifiedMs;
      known.state = 'growing';
    }
    if (known.state === 'read' || size < SHORTEST_BYTES) return false;
    if (!isFollowed && this.#watched.clock() - modifiedMs < known.settledAfterMs) return false;
    known.state = 'read';
    return true;
  }

  #list(): readonly Found[] {
    const { folder, isOurs } = this.#watched;
    const found: Found[] = [];
    for (const name of readdirSync(folder)) {
      if (UNFINISHED.test(name) || isOurs?.(name) === true) continue;
      const file = path.join(folder, name);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() !== true) continue;
      const { dev, ino, size, mtimeMs } = stat;
      found.push({ file, row: name.replace(/\d+/g, '#'), identity: `${dev}:${ino}`, size, modifiedMs: mtimeMs });
    }
    return found.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.file < b.file ? -1 : 1));
  }
}

/** Name of the file that was written last, of each row of names that differ in digits only. */
function newestOfRows(found: readonly Found[]): ReadonlyMap<string, string> {
  return new Map(found.map(({ row, file }) => [row, file]));
}
