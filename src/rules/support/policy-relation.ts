import type { Relation, Requirement } from '../../model/policy.ts';

/** What has many values at a time; of all else there is one. */
const MANY: ReadonlySet<string> = new Set(['protocol', 'cipher-suite', 'named-group']);

/** What a relation says of some values. `lacking`: none of the required ones is among them. */
export type Comparison =
  | { readonly verdict: 'met' }
  | { readonly verdict: 'not-met'; readonly offending: readonly string[] }
  | { readonly verdict: 'lacking' };

/** Holds values against a requirement. Text that is no number meets no `at-least` and no `at-most`. */
export function compare(requirement: Requirement, values: readonly string[]): Comparison {
  if ('required' in requirement && isOfMany(requirement)) {
    return values.some((value) => matchesAny(value, requirement.required))
      ? { verdict: 'met' }
      : { verdict: 'lacking' };
  }
  if ('required' in requirement && values.length === 0) return { verdict: 'lacking' };
  const offending = values.filter((value) => !isAllowed(requirement, value));
  return offending.length === 0 ? { verdict: 'met' } : { verdict: 'not-met', offending };
}

function isOfMany(requirement: Requirement): boolean {
  return 'key' in requirement || ('served' in requirement && MANY.has(requirement.served));
}

function isAllowed(relation: Relation, value: string): boolean {
  if ('required' in relation) return matchesAny(value, relation.required);
  if ('one-of' in relation) return matchesAny(value, relation['one-of']);
  if ('forbidden' in relation) return !matchesAny(value, relation.forbidden);
  return 'at-least' in relation ? Number(value) >= relation['at-least'] : Number(value) <= relation['at-most'];
}

function matchesAny(value: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(value, pattern));
}

/** `*` stands for any text, none included. Without regard to case, as Flink reads its switches. */
export function matches(value: string, pattern: string): boolean {
  const text = value.toLowerCase();
  const parts = pattern.toLowerCase().split('*');
  if (parts.length === 1) return text === parts[0];
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

/** A finding names so many values; `flinkprobe explain POLICY` has all of them. */
const VALUES_SHOWN = 3;

/** What is asked for: `one of a, b`, `at least 3000`, `none of a`, with so many values at most. */
export function relationText(relation: Relation, most: number = VALUES_SHOWN): string {
  if ('required' in relation) return anyText(relation.required, 'one of ', most);
  if ('one-of' in relation) return anyText(relation['one-of'], 'nothing but ', most);
  if ('forbidden' in relation) {
    return relation.forbidden.includes('*') ? 'not set' : `none of ${listText(relation.forbidden, most)}`;
  }
  return 'at-least' in relation ? `at least ${relation['at-least']}` : `at most ${relation['at-most']}`;
}

function anyText(values: readonly string[], before: string, most: number): string {
  if (values.includes('*')) return 'any value';
  return values.length === 1 ? values[0]! : `${before}${listText(values, most)}`;
}

function listText(values: readonly string[], most: number): string {
  const more = values.length - most;
  return more <= 1 ? values.join(', ') : `${values.slice(0, most).join(', ')} and ${more} more`;
}
