import type { z } from 'zod';
import { hintOf } from './nearest.ts';
import type { YamlFault } from './yaml-places.ts';

/** What a schema found wrong, in words of the file, with the key or word that was meant most likely. */
export function schemaFaults(issues: readonly z.core.$ZodIssue[], schema: unknown): readonly YamlFault[] {
  return issues.flatMap((issue) => faultsOf(issue, schema));
}

function faultsOf(
  issue: z.core.$ZodIssue,
  schema: unknown,
  above: readonly (string | number)[] = [],
): readonly YamlFault[] {
  const at = [...above, ...issue.path.filter((part): part is string | number => typeof part !== 'symbol')];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((word) => ({
        path: [...at, word],
        at: 'key',
        message: `${JSON.stringify(word)} is no key here${hintOf(word, knownAt(schema, at))}`,
      }));
    case 'invalid_union': {
      // The branch that came farthest says what was meant.
      const branches = issue.errors.map((issues) => issues.flatMap((one) => faultsOf(one, schema, at)));
      const [best] = branches.sort((a, b) => depth(b) - depth(a) || a.length - b.length);
      if (best !== undefined && depth(best) > at.length) return best;
      return [{ path: at, message: `${word(at)}${unionText(issue)}` }];
    }
    case 'invalid_value': {
      if (issue.input === undefined) return [{ path: at, message: `${word(at)}is missing` }];
      const given = typeof issue.input === 'string' ? hintOf(issue.input, issue.values.map(String)) : '';
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

/** Where the schema has no words of its own. */
const ZOD_SAYS = 'Invalid input';

/** A union told apart by a key names the words that it may have. */
function unionText(issue: z.core.$ZodIssueInvalidUnion): string {
  const { discriminator, options } = issue as {
    readonly discriminator?: string;
    readonly options?: readonly unknown[];
  };
  if (discriminator === undefined) {
    return issue.message === ZOD_SAYS ? 'is of none of the forms that it may have' : issue.message;
  }
  return `is none of ${(options ?? []).map(String).join(', ')}`;
}

function depth(faults: readonly YamlFault[]): number {
  return Math.max(0, ...faults.map((one) => one.path.length));
}

function word(at: readonly (string | number)[]): string {
  const field = at.filter((part) => typeof part === 'string').at(-1);
  return field === undefined ? '' : `${field} `;
}

function typeText(expected: string): string {
  return { array: 'list', object: 'map', record: 'map', string: 'text', int: 'whole number' }[expected] ?? expected;
}

/** Keys of the object of the schema at a path; of a union, those of all its branches. */
function knownAt(top: unknown, at: readonly (string | number)[]): readonly string[] {
  let schemas: readonly unknown[] = [top];
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
