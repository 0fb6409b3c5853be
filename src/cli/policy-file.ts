import { readFileSync, statSync } from 'node:fs';
import type { Document, LineCounter, Node, Pair } from 'yaml';
import { loadPolicies, loadProbes } from '../evaluate/directory.ts';
import { resolvePolicy } from '../evaluate/policy-resolve.ts';
import type { Policy, PolicyDocument } from '../model/policy.ts';
import { Unusable } from './failure.ts';
import { nearest } from './nearest.ts';
import type { PolicyFault } from './policy-schema.ts';

/** Bytes of a policy file; a larger one is something else. */
const MOST_BYTES = 1_048_576;
/** Aliases that one anchor may have: a few lines of them could stand for gigabytes. */
const MOST_ALIASES = 100;
/** Faults that are told at once. */
const FAULTS_TOLD = 10;

/**
 * The policy that `--policy` names: a shipped profile by its name, else a file.
 *
 * Throws `Unusable` with file, line and column of everything that is wrong.
 */
export async function loadPolicy(named: string): Promise<Policy> {
  const [profiles, probes] = await Promise.all([loadPolicies(), loadProbes()]);
  const document = profiles.find(({ policy }) => policy === named) ?? (await readPolicyFile(named, profiles));
  return resolvePolicy(document, probes);
}

async function readPolicyFile(file: string, profiles: readonly PolicyDocument[]): Promise<PolicyDocument> {
  return parsePolicy(readBounded(file, profiles), file, profiles);
}

function readBounded(file: string, profiles: readonly PolicyDocument[]): string {
  try {
    if (statSync(file).size > MOST_BYTES) throw new Unusable(`--policy: ${file}: larger than 1 MiB, so no policy`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = { EISDIR: 'is a folder', EACCES: 'not readable: permission denied' }[code ?? ''] ?? message;
    if (code !== 'ENOENT') throw new Unusable(`--policy: ${file}: ${reason}`);
    const names = profiles.map(({ policy }) => policy);
    const hint = nearest(file, names)[0];
    const meant = hint === undefined ? '' : ` (${hint}?)`;
    throw new Unusable(
      `--policy: ${file}: no such file, and no shipped profile${meant}; there are ${names.join(', ')}`,
    );
  }
}

/** Libraries are loaded only where there is a file to read. Throws `Unusable`, and nothing else. */
export async function parsePolicy(
  text: string,
  file: string,
  profiles: readonly PolicyDocument[],
): Promise<PolicyDocument> {
  const [{ isMap, isScalar, LineCounter, parseDocument }, { readPolicyDocument }] = await Promise.all([
    import('yaml'),
    import('./policy-schema.ts'),
  ]);
  const lines = new LineCounter();
  const { document, content } = readYaml(file, () => {
    // Scalars as they are written: `1.20` is a version and no number.
    const parsed = parseDocument(text, {
      lineCounter: lines,
      schema: 'failsafe',
      prettyErrors: false,
      logLevel: 'error',
    });
    return { document: parsed, content: parsed.toJS({ maxAliasCount: MOST_ALIASES }) as unknown };
  });
  const [wrong] = document.errors;
  if (wrong !== undefined)
    throw new Unusable(`--policy: ${placeOf(file, lines, wrong.pos[0])}: ${firstLine(wrong.message)}`);
  const read = readPolicyDocument(content, profiles);
  if ('document' in read) return read.document;
  const told = read.faults.slice(0, FAULTS_TOLD).map((fault) => {
    const node = nodeAt(document, fault, { isMap, isScalar });
    return `${placeOf(file, lines, node?.range?.[0] ?? 0)}: ${fault.message}${hintOf(fault)}`;
  });
  const more = read.faults.length - told.length;
  throw new Unusable(`--policy: ${[...told, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')}`);
}

/** The library throws on what nests too deeply or has too many aliases. */
function readYaml<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const message =
      error instanceof RangeError ? 'nests too deeply' : error instanceof Error ? error.message : String(error);
    throw new Unusable(`--policy: ${file}:1:1: ${firstLine(message)}`);
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!;
}

function placeOf(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

type Kinds = Pick<typeof import('yaml'), 'isMap' | 'isScalar'>;

/** The node that a fault is about; the innermost one that is there, where it is about something missing. */
function nodeAt(document: Document, { path, at }: PolicyFault, { isMap, isScalar }: Kinds): Node | undefined {
  for (let length = path.length; length >= 0; length--) {
    const part = path.slice(0, length);
    const key = part.at(-1);
    if (at === 'key' && length === path.length) {
      const holder = length === 1 ? document.contents : document.getIn(part.slice(0, -1), true);
      const pair = isMap(holder)
        ? holder.items.find((one: Pair) => isScalar(one.key) && one.key.value === key)
        : undefined;
      if (pair !== undefined) return pair.key as Node;
      continue;
    }
    const node = length === 0 ? document.contents : document.getIn(part, true);
    if (node !== undefined && node !== null && typeof node === 'object') return node as Node;
  }
  return undefined;
}

function hintOf({ known = [], word }: PolicyFault): string {
  const [found] =
    word === undefined
      ? []
      : nearest(
          word,
          known.map((one) => one.toLowerCase()),
        );
  const hint = known.find((one) => one.toLowerCase() === found);
  return hint === undefined || hint === word ? '' : ` (${hint}?)`;
}
