/** Fewer letters are not worth cutting. */
const LEAST_CUT = 8;

/**
 * Names by what tells them apart: `…taskmanager-1` where all begin with `flink-production-eu-`. Cut behind a separator,
 * and never a name that would be empty then.
 */
export function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const distinct = [...new Set(names)].filter((name) => name !== '');
  const length = prefixOf(distinct);
  return new Map(distinct.map((name) => [name, length < LEAST_CUT ? name : `…${name.slice(length)}`]));
}

function prefixOf(names: readonly string[]): number {
  const [first = '', ...others] = names;
  if (others.length === 0) return 0;
  let length = 0;
  while (length < first.length && others.every((name) => name[length] === first[length])) length += 1;
  // Numbers stay whole, words too.
  while (length > 0 && !/[-._/]/.test(first[length - 1]!)) length -= 1;
  return names.some((name) => name.length === length) ? 0 : length;
}
