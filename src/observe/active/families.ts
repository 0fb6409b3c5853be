import type { Protection } from '../../model/channel.ts';

/** The two families of Flink's TLS settings, `security.ssl.internal.*` and `security.ssl.rest.*`. */
export const FAMILIES = ['internal', 'rest'] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * What the operator gave for one family or for both: the internal channels and REST have stores of their own in most
 * clusters, and what fits one is a stranger's to the other.
 */
export type ByFamily<T> = { readonly [F in Family | 'both']?: T };

/**
 * What was given for channels of this protection. One of neither family, and one that nobody has named, gets only what
 * was given for both: for a guess the wrong thing would be shown.
 */
export function ofFamily<T>(given: ByFamily<T> | undefined, protection: Protection | undefined): T | undefined {
  const own = protection === 'internal' || protection === 'rest' ? given?.[protection] : undefined;
  return own ?? given?.both;
}

export function mapFamilies<T, U>(given: ByFamily<T>, use: (one: T) => U): ByFamily<U> {
  return Object.fromEntries(Object.entries(given).map(([family, one]) => [family, use(one)]));
}
