import path from 'node:path';
import type { FileSighting, Reach } from '../model/report.ts';
import type { FileContent, FileContentKind } from '../protocols/state-file.ts';
import { type Accounts, groupName, userName } from './accounts.ts';
import { octal } from './file-facts.ts';
import { isWider, readableBy, writableBy } from './openness.ts';
import type { Entry, WalkSink } from './state-walk.ts';

/** Different values of one kind that are listed: modes, owners, versions, paths. */
const MAX_LISTED = 8;

/** Windows has no permission bits; Node makes them up. */
export type Permissioning = 'modes' | 'none';

interface Open {
  readonly entry: Entry;
  readonly readable: Reach;
  readonly writable: Reach;
}

interface Group {
  widest: Open & { readonly content: FileContent };
  files: number;
  bytes: number;
  readonly modes: Map<string, number>;
  readonly owners: Set<string>;
  readonly facts: Map<string, Set<string>>;
}

/** Sums up what a walk meets in one directory: one entry a kind of content. */
export class StateTally implements WalkSink {
  readonly #root: string;
  readonly #accounts: Accounts;
  readonly #permissioning: Permissioning;
  readonly #groups = new Map<FileContentKind, Group>();
  readonly #owners = new Set<string>();
  readonly #open = { readableByOthers: 0, readableByGroup: 0, writableByOthers: 0, writableByGroup: 0 };
  #widestDirectory: Open | undefined;
  #top: Open | undefined;
  #files = 0;
  #directories = 0;
  #links = 0;
  #specials = 0;
  #unreadable = 0;
  readonly #linked: string[] = [];
  readonly #closed: string[] = [];
  readonly #volumes: string[] = [];

  constructor(root: string, accounts: Accounts, permissioning: Permissioning) {
    this.#root = root;
    this.#accounts = accounts;
    this.#permissioning = permissioning;
  }

  /** Roots of other file systems within the tree. */
  get volumes(): readonly string[] {
    return this.#volumes;
  }

  /** Directories and files that could not be looked at. */
  get unreadableCount(): number {
    return this.#unreadable;
  }

  directory(entry: Entry): void {
    const open = this.#openness(entry);
    this.#directories += 1;
    this.#top ??= open;
    if (this.#widestDirectory === undefined || isWider(open.writable, this.#widestDirectory.writable)) {
      this.#widestDirectory = open;
    }
  }

  file(entry: Entry): void {
    this.#files += 1;
    this.#openness(entry);
  }

  content(entry: Entry, content: FileContent): void {
    const open = { ...this.#opennessOf(entry), content };
    const group = this.#groups.get(content.kind) ?? newGroup(open);
    this.#groups.set(content.kind, group);
    const { widest } = group;
    if (
      isWider(open.readable, widest.readable) ||
      (open.readable === widest.readable && isWider(open.writable, widest.writable))
    ) {
      group.widest = open;
    }
    group.files += 1;
    group.bytes += entry.stats.size;
    const mode = this.#mode(entry);
    if (group.modes.has(mode) || group.modes.size < MAX_LISTED) group.modes.set(mode, (group.modes.get(mode) ?? 0) + 1);
    keep(group.owners, this.#owner(entry));
    for (const [name, value] of factsOf(content)) {
      const values = group.facts.get(name) ?? new Set();
      group.facts.set(name, values);
      keep(values, value);
    }
  }

  link(file: string, target: string | undefined): void {
    this.#links += 1;
    if (this.#linked.length < MAX_LISTED) this.#linked.push(`${this.#name(file)} -> ${target ?? 'nowhere'}`);
  }

  special(): void {
    this.#specials += 1;
  }

  unreadable(file: string, code: string): void {
    this.#unreadable += 1;
    if (this.#closed.length < MAX_LISTED) this.#closed.push(`${this.#name(file)} (${code})`);
  }

  volume(directory: string): void {
    this.#volumes.push(directory);
  }

  /** What is told of the directory itself; undefined where it vanished. */
  sightingOfDirectory(): FileSighting | undefined {
    const top = this.#top;
    if (top === undefined) return undefined;
    const widest = this.#widestDirectory ?? top;
    const counted = Object.entries(this.#open).filter(([, count]) => count > 0);
    const counts = Object.entries({ links: this.#links, special: this.#specials, unreadable: this.#unreadable });
    const lists = { linksOut: this.#linked, notRead: this.#closed, volumes: this.#volumes.slice(0, MAX_LISTED) };
    return {
      ...this.#common(top),
      content: 'directory',
      details: {
        files: this.#files,
        directories: this.#directories,
        ...Object.fromEntries([...counted, ...counts.filter(([, count]) => count > 0)]),
        ...(this.#owners.size > 1 ? { owners: [...this.#owners] } : {}),
        ...(this.#permissioning === 'modes' ? { group: groupName(this.#accounts, top.entry.stats.gid) } : {}),
        ...(widest !== top && isWider(widest.writable, 'owner') ? { writable: this.#name(widest.entry.path) } : {}),
        ...Object.fromEntries(Object.entries(lists).filter(([, listed]) => listed.length > 0)),
      },
    };
  }

  /** One a kind, with how many files it stands for. */
  sightings(): readonly { readonly kind: FileContentKind; readonly files: number; readonly file: FileSighting }[] {
    return [...this.#groups].map(([kind, group]) => ({ kind, files: group.files, file: this.#sighting(kind, group) }));
  }

  #sighting(kind: FileContentKind, { widest, files, bytes, modes, owners, facts }: Group): FileSighting {
    const { content } = widest;
    return {
      ...this.#common(widest),
      content: kind,
      ...('proof' in content ? { offset: content.proof.offset, proof: content.proof.text } : {}),
      details: {
        files,
        bytes,
        ...(modes.size > 1 ? { modes: [...modes].map(([mode, count]) => `${mode} (${count})`) } : {}),
        ...(owners.size > 1 ? { owners: [...owners] } : {}),
        ...Object.fromEntries([...facts].map(([name, values]) => [name, [...values]])),
      },
    };
  }

  #common({ entry, readable, writable }: Open): Omit<FileSighting, 'content'> {
    return {
      path: entry.path,
      mode: this.#mode(entry),
      owner: this.#owner(entry),
      directory: this.#root,
      readableBy: readable,
      writableBy: writable,
    };
  }

  #openness(entry: Entry): Open {
    const open = this.#opennessOf(entry);
    keep(this.#owners, this.#owner(entry));
    if (open.readable === 'others') this.#open.readableByOthers += 1;
    if (open.readable === 'group') this.#open.readableByGroup += 1;
    if (open.writable === 'others') this.#open.writableByOthers += 1;
    if (open.writable === 'group') this.#open.writableByGroup += 1;
    return open;
  }

  #opennessOf(entry: Entry): Open {
    if (this.#permissioning === 'none') return { entry, readable: 'unknown', writable: 'unknown' };
    return {
      entry,
      readable: readableBy(entry.gate, entry.stats, this.#accounts),
      writable: writableBy(entry.gate, entry.stats, this.#accounts),
    };
  }

  #mode(entry: Entry): string {
    return this.#permissioning === 'none' ? 'unknown' : octal(entry.stats.mode);
  }

  #owner(entry: Entry): string {
    return this.#permissioning === 'none' ? 'unknown' : userName(this.#accounts, entry.stats.uid);
  }

  #name(file: string): string {
    return path.relative(this.#root, file) || '.';
  }
}

function newGroup(widest: Group['widest']): Group {
  return { widest, files: 0, bytes: 0, modes: new Map(), owners: new Set(), facts: new Map() };
}

function keep(values: Set<string>, value: string): void {
  if (values.size < MAX_LISTED) values.add(value);
}

/** What tells files of one kind apart. */
function factsOf(content: FileContent): readonly (readonly [string, string])[] {
  switch (content.kind) {
    case 'checkpoint-metadata':
    case 'savepoint-metadata':
      return [
        ['versions', String(content.version)],
        ['checkpoints', String(content.checkpointId)],
      ];
    case 'keyed-state':
    case 'operator-state':
      return [['compression', content.compression]];
    case 'rocksdb-sst':
    case 'compressed':
      return [['formats', content.format]];
    case 'job-graph':
    case 'completed-checkpoint':
    case 'java-serialized':
      return content.className === undefined ? [] : [['classes', content.className]];
    default:
      return [];
  }
}
