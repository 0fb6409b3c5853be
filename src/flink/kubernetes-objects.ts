import type { ConfigurationFile, ConfigurationProblem } from './config.ts';
import { FLINK_FILES, type MemberSource, type PlacedText } from './source.ts';
import type { YamlNode } from './yaml-tree.ts';

type Kind = 'ConfigMap' | 'Secret';

/** A ConfigMap or Secret with a text of Flink's in it. */
interface ConfigObject {
  readonly kind: Kind;
  readonly name: string;
  readonly node: YamlNode;
  mounted: boolean;
}

/** The ConfigMaps and Secrets of a file, and which of them anybody mounts. */
export class ConfigObjects {
  readonly #objects = new Map<string, ConfigObject>();
  readonly #known = new Set<YamlNode>();

  constructor(objects: readonly YamlNode[]) {
    for (const node of objects) {
      const kind = node.textAt('kind');
      if (kind !== 'ConfigMap' && kind !== 'Secret') continue;
      const name = node.textAt('metadata', 'name') ?? '';
      this.#objects.set(`${kind} ${name}`, { kind, name, node, mounted: false });
      if (FLINK_FILES.some((file) => textOf(kind, node, file) !== undefined)) this.#known.add(node);
    }
  }

  /** Whether it holds a Flink file. */
  isKnown(node: YamlNode): boolean {
    return this.#known.has(node);
  }

  /** Flink's files in one; `items` maps keys to names, as volumes have it. Undefined: it is not in this file. */
  files(kind: Kind, name: string, items: ReadonlyMap<string, string>): readonly ConfigurationFile[] | undefined {
    const found = this.#objects.get(`${kind} ${name}`);
    if (found === undefined) return undefined;
    found.mounted = true;
    return filesOf(found, items);
  }

  /** The text under one key. */
  text(kind: Kind, name: string, key: string): PlacedText | undefined {
    const found = this.#objects.get(`${kind} ${name}`);
    return found === undefined ? undefined : textOf(kind, found.node, key);
  }

  /** Keys and texts of one, as `envFrom` takes them; undefined: it is not in this file. */
  texts(kind: Kind, name: string): readonly (readonly [string, PlacedText])[] | undefined {
    const found = this.#objects.get(`${kind} ${name}`);
    if (found === undefined) return undefined;
    const keys = ['data', 'stringData'].flatMap((part) => found.node.entriesAt(part).map((entry) => entry.name));
    return [...new Set(keys)].flatMap((key) => {
      const text = textOf(kind, found.node, key);
      return text === undefined ? [] : [[key, text] as const];
    });
  }

  /** Each that nobody mounts, as the configuration of a process that nothing names. */
  unmounted(): readonly MemberSource[] {
    const left = this.#unmounted();
    return left.map((one) => ({
      member: left.length === 1 ? null : one.name,
      files: filesOf(one, new Map()),
      layers: [],
      problems: [],
      notes: [],
      exposed: [],
    }));
  }

  notesOnUnmounted(): readonly ConfigurationProblem[] {
    return this.#unmounted().map(({ kind, node }) => ({
      file: node.file,
      line: node.line,
      message: `a ${kind} that no Flink container of this file mounts: passed over`,
    }));
  }

  #unmounted(): readonly ConfigObject[] {
    return [...this.#objects.values()].filter(({ node, mounted }) => !mounted && this.#known.has(node));
  }
}

function filesOf({ kind, node }: ConfigObject, items: ReadonlyMap<string, string>): readonly ConfigurationFile[] {
  return FLINK_FILES.flatMap((as) => {
    // `items` leaves out what it does not name.
    const key = items.size === 0 ? as : [...items].find(([, path]) => path === as)?.[0];
    const placed = key === undefined ? undefined : textOf(kind, node, key);
    if (placed === undefined) return [];
    const { text, firstLine, spread } = placed;
    const origin = kind === 'Secret' ? 'secret' : 'config-map';
    return [{ name: node.file, text, within: { as, origin, firstLine, spread } } as const];
  });
}

function textOf(kind: Kind, node: YamlNode, key: string): PlacedText | undefined {
  const plain = node.at(kind === 'Secret' ? 'stringData' : 'data', key)?.placed();
  if (plain !== undefined || kind === 'ConfigMap') return plain;
  const encoded = node.at('data', key)?.placed();
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded.text, 'base64').toString('utf8');
  return { text, firstLine: encoded.firstLine, spread: 'one' };
}
