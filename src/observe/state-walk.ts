import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { type FileContent, fileContent, SAMPLE_HEAD_BYTES, SAMPLE_TAIL_BYTES } from '../protocols/state-file.ts';
import { isWithin } from './mount-table.ts';
import { type Gate, through } from './openness.ts';
import { gateAbove } from './path-steps.ts';

/** Most that one walk looks at. A report says which were hit. */
export interface WalkLimits {
  /** Files and directories whose modes are looked at. */
  readonly entries: number;
  /** Files of which the ends are read. */
  readonly files: number;
  /** Of these, in one directory: well-known names first, then evenly spread. */
  readonly filesInDirectory: number;
  readonly bytes: number;
  readonly depth: number;
  readonly milliseconds: number;
}

export const WALK_LIMITS: WalkLimits = {
  entries: 200_000,
  files: 4096,
  filesInDirectory: 64,
  bytes: 64 * 1024 * 1024,
  depth: 16,
  milliseconds: 20_000,
};

/** `sampled`: not every file was opened. The others: something was not even looked at. */
export type WalkLimit = 'sampled' | 'entries' | 'bytes' | 'depth' | 'time';

export interface Entry {
  readonly path: string;
  readonly stats: Stats;
  /** Who gets as far as this entry. */
  readonly gate: Gate;
}

/** Where a walk reports what it meets. */
export interface WalkSink {
  directory(entry: Entry): void;
  file(entry: Entry): void;
  /** A file whose ends were read; `file` was told of it before. */
  content(entry: Entry, content: FileContent): void;
  /** A link that leads out of the tree, or nowhere; it is not followed. Links within the tree are not told. */
  link(path: string, target: string | undefined): void;
  /** Sockets, pipes and devices: not opened. */
  special(path: string): void;
  unreadable(path: string, code: string): void;
  /** Another file system begins here: it is not walked into. */
  volume(path: string): void;
}

export interface WalkResult {
  readonly limits: readonly WalkLimit[];
  readonly opened: number;
  readonly bytes: number;
}

export interface WalkOptions {
  readonly limits: WalkLimits;
  /** Entries of the top that are walked into; absent: all. */
  readonly only?: RegExp;
  readonly signal?: AbortSignal;
  readonly now: () => number;
}

/** Names that say most, read first. */
const WELL_KNOWN =
  /^(?:_metadata|CURRENT|MANIFEST-\d+|OPTIONS-\d+|completedCheckpoint|submitted(?:JobGraph|ExecutionPlan))/;

/**
 * Walks a tree, nearest directories first, names in order. Never throws; what vanishes meanwhile is passed over.
 *
 * @param root absolute, without links
 */
export async function walk(root: string, sink: WalkSink, options: WalkOptions): Promise<WalkResult> {
  const walker = new Walker(root, sink, options);
  await walker.run();
  return walker.result();
}

class Walker {
  readonly #root: string;
  readonly #sink: WalkSink;
  readonly #options: WalkOptions;
  readonly #hit = new Set<WalkLimit>();
  readonly #queue: { readonly entry: Entry; readonly depth: number }[] = [];
  #device = 0;
  #entries = 0;
  #opened = 0;
  #bytes = 0;

  constructor(root: string, sink: WalkSink, options: WalkOptions) {
    this.#root = root;
    this.#sink = sink;
    this.#options = options;
  }

  result(): WalkResult {
    return { limits: [...this.#hit], opened: this.#opened, bytes: this.#bytes };
  }

  async run(): Promise<void> {
    const { limits, now, signal } = this.#options;
    const until = now() + limits.milliseconds;
    const stats = this.#stat(this.#root);
    if (stats === undefined) return;
    this.#device = stats.dev;
    const entry = { path: this.#root, stats, gate: gateAbove(this.#root) };
    this.#sink.directory(entry);
    this.#queue.push({ entry, depth: 0 });
    for (let at = 0; at < this.#queue.length; at++) {
      if (signal?.aborted === true) return;
      if (now() > until) {
        this.#hit.add('time');
        return;
      }
      const { entry: directory, depth } = this.#queue[at]!;
      this.#directory(directory, depth, until);
      // Signals are heard between directories.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #directory(directory: Entry, depth: number, until: number): void {
    const names = this.#names(directory.path, depth);
    const gate = through(directory.gate, directory.stats);
    const files: Entry[] = [];
    for (const name of names) {
      if (this.#options.now() > until) {
        this.#hit.add('time');
        break;
      }
      const entry = this.#entry(path.join(directory.path, name), gate, depth);
      if (entry !== undefined) files.push(entry);
    }
    this.#read(files, until);
  }

  #names(directory: string, depth: number): readonly string[] {
    const names: string[] = [];
    try {
      const handle = opendirSync(directory);
      try {
        for (let one = handle.readSync(); one !== null; one = handle.readSync()) {
          if (depth === 0 && this.#options.only?.test(one.name) === false) continue;
          if (this.#entries + names.length >= this.#options.limits.entries) {
            this.#hit.add('entries');
            break;
          }
          names.push(one.name);
        }
      } finally {
        handle.closeSync();
      }
    } catch (error) {
      this.#fault(directory, error);
    }
    this.#entries += names.length;
    return names.sort();
  }

  /** The entry of a file; everything else is dealt with here. */
  #entry(file: string, gate: Gate, depth: number): Entry | undefined {
    const stats = this.#stat(file);
    if (stats === undefined) return undefined;
    const entry = { path: file, stats, gate };
    if (stats.isSymbolicLink()) {
      this.#link(file);
    } else if (stats.isDirectory()) {
      this.#sink.directory(entry);
      this.#enter(entry, depth + 1);
    } else if (stats.isFile()) {
      this.#sink.file(entry);
      return entry;
    } else {
      this.#sink.special(file);
    }
    return undefined;
  }

  #enter(entry: Entry, depth: number): void {
    if (entry.stats.dev !== this.#device) {
      this.#sink.volume(entry.path);
    } else if (depth > this.#options.limits.depth) {
      this.#hit.add('depth');
    } else {
      this.#queue.push({ entry, depth });
    }
  }

  #link(file: string): void {
    try {
      const target = realpathSync(file);
      if (!isWithin(target, this.#root)) this.#sink.link(file, target);
    } catch {
      this.#sink.link(file, undefined);
    }
  }

  #read(files: readonly Entry[], until: number): void {
    const { limits, now } = this.#options;
    const most = Math.min(limits.filesInDirectory, limits.files - this.#opened);
    const chosen = sampleOf(files, most);
    if (chosen.length < files.length) this.#hit.add('sampled');
    for (const entry of chosen) {
      if (this.#bytes >= limits.bytes) {
        this.#hit.add('bytes');
        return;
      }
      if (now() > until) {
        this.#hit.add('time');
        return;
      }
      const content = this.#content(entry.path);
      if (content !== undefined) this.#sink.content(entry, content);
    }
  }

  #content(file: string): FileContent | undefined {
    try {
      const { content, bytes } = readContent(file);
      this.#opened += 1;
      this.#bytes += bytes;
      return content;
    } catch (error) {
      this.#fault(file, error);
      return undefined;
    }
  }

  #stat(file: string): Stats | undefined {
    try {
      return lstatSync(file);
    } catch (error) {
      this.#fault(file, error);
      return undefined;
    }
  }

  #fault(file: string, error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    // Checkpoints come and go while we look.
    if (code !== 'ENOENT') this.#sink.unreadable(file, code);
  }
}

/** Well-known names, then evenly spread over the rest: `entries` are in the order of their names. */
function sampleOf(entries: readonly Entry[], most: number): readonly Entry[] {
  if (entries.length <= most) return entries;
  const known = entries.filter((one) => WELL_KNOWN.test(path.basename(one.path))).slice(0, Math.max(0, most));
  const rest = entries.filter((one) => !known.includes(one));
  const room = Math.max(0, most - known.length);
  const spread = Array.from({ length: room }, (_, index) => rest[Math.floor((index * rest.length) / room)]!);
  return [...known, ...spread];
}

/** Pipes that took a file's place would keep us waiting, links would lead us elsewhere. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Reads both ends of a file. Throws what the file system throws. */
function readContent(file: string): { readonly content: FileContent; readonly bytes: number } {
  const handle = openSync(file, OPEN_FLAGS);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) return { content: { kind: 'unknown' }, bytes: 0 };
    const head = readAt(handle, 0, Math.min(stats.size, SAMPLE_HEAD_BYTES));
    const tailAt = Math.max(0, stats.size - SAMPLE_TAIL_BYTES);
    const tail = readAt(handle, tailAt, stats.size - tailAt);
    return { content: fileContent({ size: stats.size, head, tail }), bytes: head.length + tail.length };
  } finally {
    closeSync(handle);
  }
}

/** Fewer bytes than asked for where the file was cut meanwhile. */
function readAt(handle: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(handle, bytes, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
