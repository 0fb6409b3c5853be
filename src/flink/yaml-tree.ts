import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node } from 'yaml';
import { type PlacedText, SourceError } from './source.ts';
import { type FlatFile, flattenNode, scalarText, yamlDocuments, yamlFault } from './yaml-flat.ts';

/** Nodes of one file that may be looked at, aliases counted as often as they are followed. */
const MAX_NODES = 500_000;
/** Levels of nesting within which anchors are known. */
const MAX_DEPTH = 256;

/** What all nodes of one file share. */
interface Shared {
  readonly file: string;
  readonly lines: LineCounter;
  readonly targets: ReadonlyMap<unknown, unknown>;
  /** Of mappings that were looked at. `<<` takes over the pairs of another: Compose and Kubernetes do that, Flink does not. */
  readonly pairs: Map<unknown, ReadonlyMap<string, Pair>>;
  left: number;
}

interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

/**
 * The documents of a YAML stream, JSON included; empty ones are left out.
 *
 * @throws SourceError that names the place of the first fault; never quotes the text, which may hold secrets
 */
export function readYaml(file: string, text: string): readonly YamlNode[] {
  const lines = new LineCounter();
  const documents = parsed(file, text, lines);
  const targets = new Map<unknown, unknown>();
  const shared: Shared = { file, lines, targets, pairs: new Map(), left: MAX_NODES };
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      throw new SourceError(file, Math.max(1, line), Math.max(1, col), yamlFault(error));
    }
    if (document.contents === null) return [];
    bindAliases(document.contents as Node, targets);
    return [new YamlNode(document.contents, shared)];
  });
}

function parsed(file: string, text: string, lines: LineCounter): readonly Document.Parsed[] {
  try {
    return yamlDocuments(text, lines);
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) throw new SourceError(file, 1, 1, 'not valid YAML: nested too deeply');
    throw error;
  }
}

/** Which node each alias means: the last one of its name before it. */
function bindAliases(contents: Node, targets: Map<unknown, unknown>): void {
  const anchors = new Map<string, unknown>();
  const visit = (node: unknown, depth: number): void => {
    if (isAlias(node)) {
      targets.set(node, anchors.get((node as Alias).source));
      return;
    }
    const { anchor } = (node ?? {}) as { readonly anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, node);
    if (depth > MAX_DEPTH) return;
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        visit(key, depth + 1);
        visit(value, depth + 1);
      }
    } else if (isSeq(node)) {
      for (const item of node.items) visit(item, depth + 1);
    }
  };
  visit(contents, 0);
}

/** A value of a YAML file with its place; aliases are followed. What is asked for and is not there is undefined. */
export class YamlNode {
  readonly #node: unknown;
  /** Where it is written: of an alias, the alias's own place. */
  readonly #written: unknown;
  readonly #shared: Shared;

  /** @throws SourceError where the file expands to more than anyone writes */
  constructor(node: unknown, shared: Shared) {
    this.#written = node;
    this.#node = isAlias(node) ? shared.targets.get(node) : node;
    this.#shared = shared;
    shared.left--;
    if (shared.left < 0) {
      throw this.fault(`more than ${MAX_NODES} values, with aliases of aliases perhaps: not read`);
    }
  }

  get file(): string {
    return this.#shared.file;
  }

  /** From 1. */
  get line(): number {
    return this.#position().line;
  }

  fault(message: string): SourceError {
    const { line, column } = this.#position();
    return new SourceError(this.#shared.file, line, column, message);
  }

  get isMap(): boolean {
    return isMap(this.#node);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  /** The value along keys. */
  at(...keys: readonly string[]): YamlNode | undefined {
    let found: YamlNode | undefined = this;
    for (const key of keys) {
      const pair: Pair | undefined = found.#pairs().get(key);
      if (pair === undefined || pair.value === null) return undefined;
      found = new YamlNode(pair.value, this.#shared);
    }
    return found;
  }

  /** Text of the scalar along keys. */
  textAt(...keys: readonly string[]): string | undefined {
    return this.at(...keys)?.text();
  }

  /** Items of the list along keys; none where there is no list. */
  itemsAt(...keys: readonly string[]): readonly YamlNode[] {
    const found = this.at(...keys);
    const list = found === undefined ? undefined : found.#node;
    return isSeq(list) ? list.items.map((item) => new YamlNode(item, this.#shared)) : [];
  }

  /** Keys and values of the mapping along keys, with the line of the key; none where there is no mapping. */
  entriesAt(...keys: readonly string[]): readonly YamlEntry[] {
    const map = this.at(...keys);
    return map === undefined
      ? []
      : [...map.#pairs()].map(([name, { key, value }]) => ({
          name,
          line: new YamlNode(key, this.#shared).line,
          value: value === null ? undefined : new YamlNode(value, this.#shared),
        }));
  }

  /** As Java would print it; undefined for null, mappings and lists. */
  text(): string | undefined {
    return isScalar(this.#node) ? scalarText(this.#node) : undefined;
  }

  /** The text with the lines of the file in which it stands. */
  placed(): PlacedText | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const { type } = this.#node as { readonly type?: string };
    const line = lineOf(this.#node, this.#shared.lines);
    return type === 'BLOCK_LITERAL'
      ? { text, firstLine: line + 1, spread: 'lines' }
      : { text, firstLine: line, spread: 'one' };
  }

  /** Keys joined with points, as Flink takes nested ones. */
  flat(): FlatFile {
    const { lines, targets } = this.#shared;
    return flattenNode(this.#node, lines, (node) => (isAlias(node) ? targets.get(node) : node));
  }

  #pairs(): ReadonlyMap<string, Pair> {
    const known = this.#shared.pairs.get(this.#node);
    if (known !== undefined) return known;
    const found = new Map<string, Pair>();
    if (!isMap(this.#node)) return found;
    // Known at once, so that a mapping that takes over itself ends.
    this.#shared.pairs.set(this.#node, found);
    const taken: YamlNode[] = [];
    for (const { key, value } of this.#node.items) {
      const name = isScalar(key) ? scalarText(key) : undefined;
      if (name === undefined) throw new YamlNode(key ?? this.#node, this.#shared).fault('a key that is no text');
      if (name === '<<') {
        taken.push(new YamlNode(value, this.#shared));
        continue;
      }
      if (found.has(name)) throw new YamlNode(key, this.#shared).fault(`duplicate key ${JSON.stringify(name)}`);
      found.set(name, { key, value });
    }
    const maps = taken.flatMap((one) => (one.isList ? one.itemsAt() : [one]));
    for (const map of maps) {
      for (const [name, pair] of map.#pairs()) {
        this.#shared.left--;
        if (!found.has(name)) found.set(name, pair);
      }
    }
    return found;
  }

  #position(): { readonly line: number; readonly column: number } {
    const range = rangeOf(this.#written) ?? rangeOf(this.#node);
    const { line, col } = this.#shared.lines.linePos(range?.[0] ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

export interface YamlEntry {
  readonly name: string;
  /** Of the key. */
  readonly line: number;
  /** Undefined for null. */
  readonly value: YamlNode | undefined;
}

function rangeOf(node: unknown): readonly number[] | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range ?? undefined;
}

function lineOf(node: unknown, lines: LineCounter): number {
  return Math.max(1, lines.linePos(rangeOf(node)?.[0] ?? 0).line);
}
