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
 * What was given for channels of this protection. A channel that nobody has named gets only what was given for both,
 * since a guess would show it the wrong thing; one that Flink's settings do not protect gets nothing.
 */
export function ofFamily<T>(given: ByFamily<T> | undefined, protection: Protection | undefined): T | undefined {
  switch (protection) {
    case 'internal':
    case 'rest':
      return given?.[protection] ?? given?.both;
    case undefined:
      return given?.both;
    default:
      return undefined;
  }
}

export function mapFamilies<T, U>(given: ByFamily<T>, use: (one: T) => U): ByFamily<U> {
  return Object.fromEntries(Object.entries(given).map(([family, one]) => [family, use(one)]));
}
