import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parse, type YAMLMap } from 'yaml';
import type { TextEdit } from './text-patch.ts';
import { yamlDocuments } from './yaml-flat.ts';

/** A change of one setting, by its flat key. */
export type SettingChange =
  | { readonly change: 'set'; readonly key: string; readonly value: string }
  | { readonly change: 'remove'; readonly key: string }
  | { readonly change: 'rename'; readonly key: string; readonly to: string };

/** How one change is written; `undefined`: this file says it in a way that is not edited here. */
export type EditOf = (change: SettingChange) => readonly TextEdit[] | undefined;

export type Syntax = 'legacy' | 'standard';

/**
 * How settings of a configuration file are changed with no more than their own lines: comments, order and indentation
 * of everything else stay. Offsets are those of `text`, so that edits of several changes can be made together.
 */
export function settingEditor(text: string, syntax: Syntax): EditOf {
  return syntax === 'legacy' ? legacyEditor(text) : standardEditor(text);
}

/** Key parts that two keys have in common, from the left. */
function kinship(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  const different = left.findIndex((part, index) => part !== right[index]);
  return different < 0 ? left.length : different;
}

/** A line of its own behind the line on which `offset` stands. */
function lineAfter(text: string, offset: number, line: string): TextEdit {
  const ending = text.includes('\r\n') ? '\r\n' : '\n';
  const end = text.indexOf('\n', offset);
  if (text === '') return { start: 0, end: 0, text: `${line}${ending}` };
  return end < 0
    ? { start: text.length, end: text.length, text: `${ending}${line}` }
    : { start: end + 1, end: end + 1, text: `${line}${ending}` };
}

/** The lines from that of `start` to that of `end`, both included. */
function wholeLines(text: string, start: number, end: number): TextEdit {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', Math.max(end - 1, start));
  return { start: from, end: newline < 0 ? text.length : newline + 1, text: '' };
}

interface LegacyLine {
  readonly key: string;
  /** Of the key and of the value. */
  readonly keyAt: readonly [number, number];
  readonly valueAt: readonly [number, number];
}

/** As `parseLegacyYaml` reads it: one setting a line. */
function legacyEditor(text: string): EditOf {
  const lines: LegacyLine[] = [];
  for (const match of text.matchAll(/^([ \t]*)([^\s#:][^\n#]*?)([ \t]*: [ \t]*)([^\n#\r]*)/gm)) {
    const [, blanks, key, colon, value] = match;
    const keyStart = match.index + blanks!.length;
    const valueStart = keyStart + key!.length + colon!.length;
    lines.push({
      key: key!,
      keyAt: [keyStart, keyStart + key!.length],
      valueAt: [valueStart, valueStart + value!.trimEnd().length],
    });
  }
  return (change) => {
    const own = lines.filter(({ key }) => key === change.key);
    switch (change.change) {
      case 'remove':
        return own.length === 0 ? undefined : own.map(({ keyAt, valueAt }) => wholeLines(text, keyAt[0], valueAt[1]));
      case 'rename':
        return own.length === 0 ? undefined : own.map(({ keyAt: [start, end] }) => ({ start, end, text: change.to }));
      case 'set': {
        if (/[#\r\n]/.test(change.value)) return undefined;
        const last = own.at(-1);
        if (last !== undefined) return [{ start: last.valueAt[0], end: last.valueAt[1], text: change.value }];
        const near = nearest(lines, change.key, ({ key }) => key);
        return [lineAfter(text, near === undefined ? text.length : near.valueAt[1], `${change.key}: ${change.value}`)];
      }
    }
  };
}

/** The last of those whose keys are most akin. */
function nearest<T>(all: readonly T[], key: string, keyOf: (one: T) => string): T | undefined {
  let best: { readonly one: T; readonly kinship: number } | undefined;
  for (const one of all) {
    const own = kinship(keyOf(one), key);
    if (best === undefined || own >= best.kinship) best = { one, kinship: own };
  }
  return best?.one;
}

interface Container {
  readonly map: YAMLMap<Node, Node | null>;
  /** Empty for the document's own; else with its dot. */
  readonly prefix: string;
}

interface Leaf {
  readonly key: string;
  readonly pair: Pair<Node, Node | null>;
  readonly container: Container;
}

const MAX_DEPTH = 64;

/** Flink 1.19 and newer: nested keys, joined by dots. */
function standardEditor(text: string): EditOf {
  const [document] = yamlDocuments(text, new LineCounter());
  if (document === undefined || document.contents === null) {
    // Comments alone, or nothing.
    return (change) =>
      change.change === 'set'
        ? [lineAfter(text, text.length, `${change.key}: ${scalarText(change.value, 'block')}`)]
        : undefined;
  }
  if (document.errors.length > 0 || !isMap(document.contents)) return () => undefined;
  const leaves: Leaf[] = [];
  const containers: Container[] = [];
  collect({ map: document.contents as unknown as Container['map'], prefix: '' }, 0, leaves, containers);
  const removed = new Set<unknown>();
  return (change) => {
    const own = leaves.filter(({ key }) => key === change.key);
    const leaf = own.at(-1);
    switch (change.change) {
      case 'remove':
        return leaf === undefined ? undefined : all(own.map((one) => removal(text, one, containers, removed)));
      case 'rename': {
        const prefix = leaf?.container.prefix ?? '';
        if (leaf === undefined || own.length > 1 || !change.to.startsWith(prefix)) return undefined;
        const range = leaf.pair.key.range!;
        return [{ start: range[0], end: range[1], text: change.to.slice(prefix.length) }];
      }
      case 'set':
        return leaf === undefined ? addition(text, change, leaves, containers) : replacement(text, leaf, change.value);
    }
  };
}

function all(edits: readonly (TextEdit | undefined)[]): readonly TextEdit[] | undefined {
  return edits.every((one) => one !== undefined) ? (edits as readonly TextEdit[]) : undefined;
}

function collect(container: Container, depth: number, leaves: Leaf[], containers: Container[]): void {
  containers.push(container);
  for (const pair of container.map.items) {
    if (!isScalar(pair.key)) continue;
    const key = `${container.prefix}${String(pair.key.value)}`;
    if (isMap(pair.value) && depth < MAX_DEPTH) {
      const map = pair.value as unknown as Container['map'];
      collect({ map, prefix: `${key}.` }, depth + 1, leaves, containers);
      continue;
    }
    leaves.push({ key, pair, container });
  }
}

/** The pair's own lines, and those of the mappings that it leaves empty. */
function removal(
  text: string,
  leaf: Leaf,
  containers: readonly Container[],
  removed: Set<unknown>,
): TextEdit | undefined {
  let { pair, container } = leaf;
  removed.add(pair);
  while (container.prefix !== '' && container.map.items.every((one) => removed.has(one))) {
    const outer = containers.find(({ map }) => map.items.some((one) => one.value === container.map));
    if (outer === undefined) break;
    pair = outer.map.items.find((one) => one.value === container.map)!;
    container = outer;
    removed.add(pair);
  }
  const start = pair.key.range![0];
  if (container.map.flow === true || !startsItsLine(text, start) || hasAnchor(pair.value)) return undefined;
  return wholeLines(text, start, endOf(pair.value) ?? pair.key.range![1]);
}

function startsItsLine(text: string, offset: number): boolean {
  return /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset));
}

/** Others may mean it: aliases, merges. */
function hasAnchor(node: unknown): boolean {
  return (node as { readonly anchor?: string } | null)?.anchor !== undefined;
}

/** Behind the last character of a node's content; comments behind it are not its own. */
function endOf(node: Node | null): number | undefined {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1) as Pair<Node, Node | null> | undefined;
    return last === undefined ? node.range?.[1] : (endOf(last.value) ?? last.key.range?.[1]);
  }
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1) as Node | undefined;
    return last === undefined ? node.range?.[1] : endOf(last);
  }
  return node?.range?.[1];
}

function replacement(text: string, { pair, container }: Leaf, value: string): readonly TextEdit[] | undefined {
  const { value: node } = pair;
  const style = container.map.flow === true ? 'flow' : 'block';
  const colon = text.indexOf(':', pair.key.range![1]);
  if (colon < 0 || hasAnchor(node) || (node as { tag?: string } | null)?.tag?.startsWith('!') === true)
    return undefined;
  const isPlain =
    isScalar(node) && /^(?:PLAIN|QUOTE)/.test(node.type ?? '') && !text.slice(colon, node.range![1]).includes('\n');
  const isEmpty = node === null || (isScalar(node) && node.range![0] === node.range![1]);
  if (isEmpty) return [{ start: colon + 1, end: colon + 1, text: ` ${scalarText(value, style)}` }];
  if (isPlain) return [{ start: node.range![0], end: node.range![1], text: scalarText(value, style) }];
  if (!isScalar(node) && !isSeq(node)) return undefined;
  const end = text.slice(0, endOf(node)).trimEnd().length;
  return [{ start: colon + 1, end, text: ` ${scalarText(value, style)}` }];
}

/** In the innermost mapping that the key belongs to, behind what is most akin. */
function addition(
  text: string,
  { key, value }: Extract<SettingChange, { change: 'set' }>,
  leaves: readonly Leaf[],
  containers: readonly Container[],
): readonly TextEdit[] | undefined {
  const home = containers
    .filter(({ map, prefix }) => key.startsWith(prefix) && map.items.length > 0)
    .reduce((best, one) => (one.prefix.length > best.prefix.length ? one : best));
  if (home.map.flow === true || hasAnchor(home.map)) return undefined;
  const first = home.map.items[0]!.key.range![0];
  if (!startsItsLine(text, first)) return undefined;
  const near = nearest(home.map.items, key, (pair) => keyOfPair(pair, home, leaves))!;
  const indent = text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
  const end = endOf(near.value) ?? near.key.range![1];
  // The end of a block scalar is behind its last line.
  const at = Math.max(text.slice(0, end).trimEnd().length - 1, near.key.range![0]);
  return [lineAfter(text, at, `${indent}${key.slice(home.prefix.length)}: ${scalarText(value, 'block')}`)];
}

/** Of a mapping, the most that all its keys have in common with it is its own name. */
function keyOfPair(pair: Pair<Node, Node | null>, { prefix }: Container, leaves: readonly Leaf[]): string {
  const leaf = leaves.find((one) => one.pair === pair);
  return leaf?.key ?? `${prefix}${isScalar(pair.key) ? String(pair.key.value) : ''}`;
}

const PLAIN = /^[\w./][\w./:@+=,-]*$/;

/** The text that reads back as this value; quoted where it would not. */
function scalarText(value: string, style: 'block' | 'flow'): string {
  const isPlain = PLAIN.test(value) && !value.endsWith(':') && !(style === 'flow' && value.includes(','));
  return isPlain && String(parse(value)) === value ? value : JSON.stringify(value);
}
