import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { Unusable } from './failure.ts';

/** Aliases that one anchor may have: a few lines of them could stand for gigabytes. */
const MOST_ALIASES = 100;
/** Faults that are told at once. */
const FAULTS_TOLD = 20;

export interface YamlFault {
  /** From the top of the file to the value, or to the key where `at` says so. */
  readonly path: readonly (string | number)[];
  readonly at?: 'key';
  readonly message: string;
}

export interface YamlSource {
  /** As it stands in messages. */
  readonly file: string;
  /** `as-written`: texts all of them, so that `1.20` is a version and no number. */
  readonly scalars: 'typed' | 'as-written';
  /** In front of every message. */
  readonly prefix?: string;
  /** How many faults are told at once. */
  readonly told?: number;
}

export interface Yaml {
  /** `null` where nothing is written. */
  readonly content: unknown;
  /** The first faults, a line each, as `file:line:column: message`. */
  readonly tell: (faults: readonly YamlFault[]) => string;
}

/** Throws `Unusable` for what is no YAML, and nothing else. */
export function readYaml(text: string, { file, scalars, prefix = '', told = FAULTS_TOLD }: YamlSource): Yaml {
  const lines = new LineCounter();
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const { document, content } = withoutBombs(`${prefix}${file}`, () => {
    const parsed = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      ...(scalars === 'as-written' ? { schema: 'failsafe' } : {}),
    });
    return { document: parsed, content: parsed.toJS({ maxAliasCount: MOST_ALIASES }) as unknown };
  });
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new Unusable(`${prefix}${place(wrong.pos[0])}: ${firstLine(wrong.message)}`);
  return {
    content: document.contents === null ? null : content,
    tell: (faults) => {
      const more = faults.length - told;
      const first = faults
        .slice(0, told)
        .map((fault) => `${place(nodeAt(document.contents, fault)?.range?.[0] ?? 0)}: ${fault.message}`);
      return `${prefix}${[...first, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')}`;
    },
  };
}

/** The library throws on what nests too deeply or has too many aliases. */
function withoutBombs<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const message = error instanceof RangeError ? 'nests too deeply' : firstLine((error as Error).message);
    throw new Unusable(`${file}:1:1: ${message}`);
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!;
}

/** The node that a fault is about; the innermost one that is there, where it is about something missing. */
function nodeAt(top: Node | null, { path: at, at: which }: YamlFault): Node | undefined {
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
