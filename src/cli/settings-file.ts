import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { LoadedSettings } from '../daemon/daemon.ts';
import { settingsSchema } from '../daemon/settings-schema.ts';
import { settingsOf } from '../daemon/settings-values.ts';
import type { WrittenSettings } from '../daemon/settings-written.ts';
import { reason } from './configuration-sources.ts';
import { Unusable } from './failure.ts';
import { nearest } from './nearest.ts';

/** Bytes of a settings file; a larger one is something else. */
const MOST_BYTES = 1_048_576;
/** Aliases that one anchor may have: a few lines of them could stand for gigabytes. */
const MOST_ALIASES = 100;
/** Faults that are told at once. */
const FAULTS_TOLD = 20;

/**
 * Reads `flinkprobe.yaml`.
 *
 * @throws Unusable with file, line and column of everything that is wrong
 */
export function readSettings(file: string, stateFolder: string): LoadedSettings & { readonly path: string } {
  const text = readBounded(file);
  const settings = settingsOf(parseSettings(text, file), { folder: path.dirname(path.resolve(file)), stateFolder });
  return { settings, path: file, sha256: createHash('sha256').update(text).digest('hex') };
}

function readBounded(file: string): string {
  try {
    if (statSync(file).size > MOST_BYTES)
      throw new Unusable(`${file}: larger than 1 MiB, so no settings of flinkprobe`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable(`${file}: ${reason(error)}`);
  }
}

/** The settings as they are written. Throws `Unusable`, and nothing else. */
export function parseSettings(text: string, file: string): WrittenSettings {
  const lines = new LineCounter();
  const { document, content } = withoutBombs(file, () => {
    const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    return { document: parsed, content: parsed.toJS({ maxAliasCount: MOST_ALIASES }) as unknown };
  });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new Unusable(`${place(wrong.pos[0])}: ${wrong.message.split('\n', 1)[0]}`);
  if (document.contents === null) throw new Unusable(`${file}:1:1: is empty; it needs version and clusters`);
  const read = settingsSchema.safeParse(content, { reportInput: true });
  const faults = read.success ? duplicates(read.data) : read.error.issues.flatMap((issue) => faultsOf(issue));
  if (read.success && faults.length === 0) return read.data;
  const told = faults.slice(0, FAULTS_TOLD).map((fault) => {
    const node = nodeAt(document.contents, fault);
    return `${place(node?.range?.[0] ?? 0)}: ${fault.message}`;
  });
  const more = faults.length - told.length;
  throw new Unusable([...told, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

/** The library throws on what nests too deeply or has too many aliases. */
function withoutBombs<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const message = error instanceof RangeError ? 'nests too deeply' : (error as Error).message.split('\n', 1)[0];
    throw new Unusable(`${file}:1:1: ${message}`);
  }
}

interface Fault {
  /** From the top of the file to the value, or to the key where `at` says so. */
  readonly path: readonly (string | number)[];
  readonly at?: 'key';
  readonly message: string;
}

/** Names key the history and the outbox: two of one name would mix. */
function duplicates({ clusters, notify = [] }: WrittenSettings): readonly Fault[] {
  const twice = (names: readonly (string | undefined)[], list: string): readonly Fault[] =>
    names.flatMap((name, index) =>
      name === undefined || names.indexOf(name) === index
        ? []
        : [{ path: [list, index, 'name'], message: `${JSON.stringify(name)} is the name of an earlier one` }],
    );
  return [
    ...twice(
      clusters.map(({ name }) => name),
      'clusters',
    ),
    ...twice(
      notify.map(({ name }) => name),
      'notify',
    ),
    ...clusters.flatMap((one, index) =>
      isAskable(one) ? [] : [{ path: ['clusters', index], message: NOTHING_TO_ASK }],
    ),
  ];
}

const NOTHING_TO_ASK = 'names nothing to look at: give rest, targets, configurations, captures or capture';

function isAskable(cluster: WrittenSettings['clusters'][number]): boolean {
  const { rest, targets = [], configurations = [], captures = [], capture, logs = [] } = cluster;
  if (capture !== undefined || captures.length > 0 || logs.length > 0) return true;
  return rest !== undefined || targets.length > 0 || configurations.length > 0;
}

function faultsOf(issue: z.core.$ZodIssue, above: readonly (string | number)[] = []): readonly Fault[] {
  const at = [...above, ...issue.path.filter((part): part is string | number => typeof part !== 'symbol')];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((word) => ({
        path: [...at, word],
        at: 'key',
        message: `${JSON.stringify(word)} is no key here${hint(word, knownAt(at))}`,
      }));
    case 'invalid_union': {
      // The branch that came farthest says what was meant.
      const branches = issue.errors.map((issues) => issues.flatMap((one) => faultsOf(one, at)));
      const [best] = branches.sort((a, b) => depth(b) - depth(a) || a.length - b.length);
      if (best !== undefined && depth(best) > at.length) return best;
      return [{ path: at, message: `${word(at)}${unionText(issue)}` }];
    }
    case 'invalid_value': {
      const given = typeof issue.input === 'string' ? hint(issue.input, issue.values.map(String)) : '';
      return [{ path: at, message: `${word(at)}is none of ${issue.values.map(String).join(', ')}${given}` }];
    }
    case 'invalid_type': {
      const isMissing = issue.input === undefined;
      return [{ path: at, message: `${word(at)}${isMissing ? 'is missing' : `is no ${typeText(issue.expected)}`}` }];
    }
    default:
      return [{ path: at, message: `${word(at)}${issue.message}` }];
  }
}

/** A union told apart by a key names the words that it may have. */
function unionText(issue: z.core.$ZodIssueInvalidUnion): string {
  const { discriminator, options } = issue as {
    readonly discriminator?: string;
    readonly options?: readonly unknown[];
  };
  if (discriminator === undefined) return 'is of none of the forms that it may have';
  return `is none of ${(options ?? []).map(String).join(', ')}`;
}

function depth(faults: readonly Fault[]): number {
  return Math.max(0, ...faults.map((one) => one.path.length));
}

function word(at: readonly (string | number)[]): string {
  const field = at.filter((part) => typeof part === 'string').at(-1);
  return field === undefined ? '' : `${field} `;
}

function typeText(expected: string): string {
  return { array: 'list', object: 'map', record: 'map', string: 'text', int: 'whole number' }[expected] ?? expected;
}

function hint(asked: string, names: readonly string[]): string {
  const [best] = nearest(asked, names);
  return best === undefined || best === asked ? '' : ` (${best}?)`;
}

/** Keys of the object of the schema at a path; of a union, those of all its branches. */
function knownAt(at: readonly (string | number)[]): readonly string[] {
  let schemas: readonly unknown[] = [settingsSchema];
  for (const part of at) schemas = schemas.flatMap((one) => inside(one, part));
  return [...new Set(schemas.flatMap(branchesOf).flatMap((one) => Object.keys((one as Shaped).shape ?? {})))];
}

interface Shaped {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly options?: readonly unknown[];
  readonly valueType?: unknown;
  readonly unwrap?: () => unknown;
}

function branchesOf(schema: unknown): readonly unknown[] {
  const one = schema as Shaped;
  if (one.options !== undefined) return one.options.flatMap(branchesOf);
  if (one.shape === undefined && one.element === undefined && one.unwrap !== undefined) return branchesOf(one.unwrap());
  return [schema];
}

function inside(schema: unknown, part: string | number): readonly unknown[] {
  return branchesOf(schema).flatMap((branch) => {
    const { shape, element, valueType } = branch as Shaped;
    if (typeof part === 'number') return element === undefined ? [] : [element];
    const found = shape?.[part] ?? valueType;
    return found === undefined ? [] : [found];
  });
}

/** The node that a fault is about; the innermost one that is there, where it is about something missing. */
function nodeAt(top: Node | null, { path: at, at: which }: Fault): Node | undefined {
  let node: unknown = top;
  for (const [index, part] of at.entries()) {
    const isLast = index === at.length - 1;
    const pair = isMap(node) ? node.items.find((one: Pair) => isScalar(one.key) && one.key.value === part) : undefined;
    if (isLast && which === 'key' && pair !== undefined) return pair.key as Node;
    const next: unknown = pair === undefined ? itemAt(node, part) : pair.value;
    if (next === undefined || next === null) break;
    node = next;
  }
  return (node as Node | null) ?? undefined;
}

function itemAt(node: unknown, part: string | number): unknown {
  const items = (node as { readonly items?: readonly unknown[] } | null)?.items;
  return typeof part === 'number' ? items?.[part] : undefined;
}
