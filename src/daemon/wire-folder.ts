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
/**
 * In a folder of more files, those that were read are looked at so often only; new ones, those that grow and the newest of
 * each row at every call. A ring that writes over one of them is noticed that much later.
 */
const FEW_FILES = 256;
const WHOLE_EVERY_MS = 30_000;

interface Known {
  /** Names of a row differ in digits only. */
  readonly row: string;
  readonly identity: string;
  size: number;
  modifiedMs: number;
  state: 'growing' | 'read';
  settledAfterMs: number;
}

/**
 * Finds captures that other tools rotated into a folder, each once, when it is complete: the next file of its row has
 * begun (`x_00001.pcapng`, `x_00002.pcapng`), it was moved in, or nobody wrote to it for a while. One that grows after
 * that is told again.
 */
export class CaptureFolder {
  readonly #watched: WatchedFolder;
  /** By name. */
  readonly #known = new Map<string, Known>();
  #wholeAt = Number.NEGATIVE_INFINITY;

  constructor(watched: WatchedFolder) {
    this.#watched = watched;
  }

  /** Files that became complete since the last call, the one last written last. Throws where the folder cannot be read. */
  complete(): readonly string[] {
    const names = readdirSync(this.#watched.folder);
    const there = new Set(names);
    for (const name of this.#known.keys()) if (!there.has(name)) this.#known.delete(name);
    for (const name of this.#toLookAt(names)) this.#lookAt(name);
    const newest = this.#newestOfRows();
    const due = [...this.#known].filter(([name, known]) => this.#isDue(known, newest.get(known.row) !== name));
    for (const [, known] of due) known.state = 'read';
    return due
      .sort(([a, { modifiedMs: one }], [b, { modifiedMs: other }]) => one - other || (a < b ? -1 : 1))
      .map(([name]) => path.join(this.#watched.folder, name));
  }

  #toLookAt(names: readonly string[]): readonly string[] {
    const now = this.#watched.clock();
    // The clock may be set.
    if (names.length <= FEW_FILES || Math.abs(now - this.#wholeAt) >= WHOLE_EVERY_MS) {
      this.#wholeAt = now;
      return names;
    }
    const newest = new Set(this.#newestOfRows().values());
    return names.filter((name) => this.#known.get(name)?.state !== 'read' || newest.has(name));
  }

  #lookAt(name: string): void {
    const { folder, sinceMs, isOurs } = this.#watched;
    if (UNFINISHED.test(name) || isOurs?.(name) === true) return;
    const stat = statSync(path.join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile() !== true) {
      this.#known.delete(name);
      return;
    }
    const { size, mtimeMs: modifiedMs } = stat;
    const identity = `${stat.dev}:${stat.ino}`;
    const known = this.#known.get(name);
    if (known === undefined || known.identity !== identity || size < known.size) {
      // Another file of the same name: rings write over their oldest one.
      const state = modifiedMs < sinceMs ? 'read' : 'growing';
      const row = known?.row ?? name.replace(/\d+/g, '#');
      this.#known.set(name, { row, identity, size, modifiedMs, state, settledAfterMs: SETTLED_AFTER_MS });
    } else if (size !== known.size || modifiedMs !== known.modifiedMs) {
      if (known.state === 'read') known.settledAfterMs = Math.min(known.settledAfterMs * 2, MAX_SETTLED_AFTER_MS);
      known.size = size;
      known.modifiedMs = modifiedMs;
      known.state = 'growing';
    }
  }

  #isDue({ state, size, modifiedMs, settledAfterMs }: Known, isFollowed: boolean): boolean {
    if (state === 'read' || size < SHORTEST_BYTES) return false;
    return isFollowed || this.#watched.clock() - modifiedMs >= settledAfterMs;
  }

  /** Name of the file that was written last, of each row. */
  #newestOfRows(): ReadonlyMap<string, string> {
    const newest = new Map<string, { readonly name: string; readonly modifiedMs: number }>();
    for (const [name, { row, modifiedMs }] of this.#known) {
      const other = newest.get(row);
      const isNewer =
        other === undefined || modifiedMs > other.modifiedMs || (modifiedMs === other.modifiedMs && name > other.name);
      if (isNewer) newest.set(row, { name, modifiedMs });
    }
    return new Map([...newest].map(([row, { name }]) => [row, name]));
  }
}
