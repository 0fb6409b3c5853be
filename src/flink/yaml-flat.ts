import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLError,
} from 'yaml';

/** One setting as a file has it; `line` counts from 1. */
export interface FlatEntry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface FileProblem {
  readonly line: number;
  readonly message: string;
}

export interface FlatFile {
  /** In the order of the file; a key that stands twice is there twice. */
  readonly entries: readonly FlatEntry[];
  readonly problems: readonly FileProblem[];
}

/** Nodes that one file may expand to: protects against aliases of aliases. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/**
 * Flink's legacy parser for `flink-conf.yaml` (`GlobalConfiguration.loadYAMLResource` up to 1.18,
 * `loadLegacyYAMLResource` in 1.19 and 1.20): line by line, `#` anywhere starts a comment, key and value are what stands
 * before and after the first colon with a space, quotes belong to the value, later lines win.
 */
export function parseLegacyYaml(text: string): FlatFile {
  const entries: FlatEntry[] = [];
  const problems: FileProblem[] = [];
  text.split(/\r\n|\n|\r/).forEach((raw, index) => {
    const line = index + 1;
    const content = javaTrim(raw.split('#', 1)[0]!);
    if (content === '') {
      return;
    }
    const separator = content.indexOf(': ');
    const key = separator < 0 ? '' : javaTrim(content.slice(0, separator));
    const value = separator < 0 ? '' : javaTrim(content.slice(separator + 2));
    if (key === '' || value === '') {
      problems.push({ line, message: 'not a line of the form "key: value", which Flink skips with a warning' });
      return;
    }
    entries.push({ key, value, line });
  });
  return { entries, problems };
}

/** `String.trim`: everything up to U+0020. */
function javaTrim(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: String.trim of Java takes control characters away
  return text.replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, '');
}

/**
 * Flink's parser for `config.yaml` (1.19+): YAML 1.2 core schema, nested keys joined with `.`, lists as YAML flow text
 * (`GlobalConfiguration.flatten`, `YamlParserUtils`). A file that is no YAML gives problems and no
 * entry; where Flink would refuse it for another reason, a problem says so and what can be read is read.
 */
export function parseStandardYaml(text: string): FlatFile {
  const lines = new LineCounter();
  const problems: FileProblem[] = [];
  const documents = yamlDocuments(text, lines);
  const first = documents[0];
  if (first === undefined) {
    return { entries: [], problems };
  }
  for (const error of first.errors) {
    problems.push({ line: lineOf(lines, error.pos[0]), message: yamlFault(error) });
  }
  if (problems.length > 0) {
    // Half a file would promise what nobody wrote.
    return { entries: [], problems };
  }
  if (documents.length > 1) {
    problems.push({
      line: lineOf(lines, documents[1]!.range[0]),
      message: 'a second YAML document, which Flink does not read',
    });
  }
  const flattener = new Flattener(lines, (node) => (isAlias(node) ? node.resolve(first) : node), problems);
  if (first.contents !== null) {
    flattener.flatten(first.contents as Node, '', 0);
  }
  return { entries: flattener.entries, problems };
}

/** The documents of a stream. Keys that stand twice are no fault here: who reads them says what becomes of them. */
export function yamlDocuments(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const parsed = parseAllDocuments(text, { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  return 'empty' in parsed ? [] : parsed;
}

/** Only the kind of fault: the parser's message may quote a password. */
export function yamlFault({ code }: YAMLError): string {
  return `not valid YAML: ${code.toLowerCase().replaceAll('_', ' ')}`;
}

/** Flattens a mapping of another file, as Flink's nested keys: `resolve` follows aliases. */
export function flattenNode(node: unknown, lines: LineCounter, resolve: (node: unknown) => unknown): FlatFile {
  const problems: FileProblem[] = [];
  const flattener = new Flattener(lines, resolve, problems);
  flattener.flatten(node, '', 0);
  return { entries: flattener.entries, problems };
}

function lineOf(lines: LineCounter, offset: number): number {
  return Math.max(1, lines.linePos(offset).line);
}

class Flattener {
  readonly entries: FlatEntry[] = [];
  readonly #lines: LineCounter;
  readonly #resolve: (node: unknown) => unknown;
  readonly #problems: FileProblem[];
  #nodes = 0;
  #isTold = false;

  constructor(lines: LineCounter, resolve: (node: unknown) => unknown, problems: FileProblem[]) {
    this.#lines = lines;
    this.#resolve = resolve;
    this.#problems = problems;
  }

  flatten(node: unknown, prefix: string, depth: number): void {
    const content = this.#resolve(node);
    if (!isMap(content)) {
      this.#problems.push({ line: this.#lineOf(content, 1), message: 'no mapping of keys to values' });
      return;
    }
    const seen = new Set<string>();
    for (const pair of content.items) {
      const line = this.#lineOf(pair.key, 1);
      const name = isScalar(pair.key) ? scalarText(pair.key) : undefined;
      if (name === undefined || name === '') {
        this.#problems.push({ line, message: 'a key that is no text' });
        continue;
      }
      if (seen.has(name)) {
        this.#problems.push({ line, message: `duplicate key ${prefix}${name}, with which Flink does not start` });
      }
      seen.add(name);
      this.#value(`${prefix}${name}`, pair.value, line, depth);
    }
  }

  #value(key: string, node: unknown, line: number, depth: number): void {
    const content = this.#resolve(node);
    this.#nodes++;
    if (depth > MAX_DEPTH || this.#isFull(line)) {
      return;
    }
    if (isMap(content)) {
      this.flatten(content, `${key}.`, depth + 1);
      return;
    }
    const value = isSeq(content)
      ? this.#list(content.items, depth)
      : isScalar(content)
        ? scalarText(content)
        : undefined;
    if (this.#isFull(line)) {
      return;
    }
    if (value === undefined) {
      this.#problems.push({ line, message: `${key} has no value` });
      return;
    }
    this.entries.push({ key, value, line: this.#lineOf(node, line) });
  }

  #isFull(line: number): boolean {
    if (this.#nodes > MAX_NODES && !this.#isTold) {
      this.#isTold = true;
      this.#problems.push({ line, message: `more than ${MAX_NODES} values: the rest is not read` });
    }
    return this.#nodes > MAX_NODES;
  }

  /** As `YamlParserUtils.toYAMLString` writes a list: `[a, b]`. */
  #list(items: readonly unknown[], depth: number): string {
    const texts = items.map((item) => {
      this.#nodes++;
      const content = this.#resolve(item);
      if (isSeq(content) && depth < MAX_DEPTH && this.#nodes <= MAX_NODES) {
        return this.#list(content.items, depth + 1);
      }
      return isScalar(content) ? (scalarText(content) ?? 'null') : '{…}';
    });
    return `[${texts.join(', ')}]`;
  }

  #lineOf(node: unknown, otherwise: number): number {
    const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
    return range?.[0] === undefined ? otherwise : lineOf(this.#lines, range[0]);
  }
}

/** Text of a scalar as Java would print the value: `TRUE` is `true`, `0x1F` is `31`; undefined for null. */
export function scalarText(scalar: { readonly value: unknown; readonly source?: string }): string | undefined {
  const { value } = scalar;
  if (value === null || value === undefined) {
    return undefined;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return scalar.source ?? String(value);
  }
  return String(value);
}
