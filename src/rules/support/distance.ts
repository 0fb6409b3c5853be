/** Levenshtein; keys and ids are short, and longer ones are no misspelling of any. */
export function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > LENGTH_DIFFERENCE_MOST) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

const LENGTH_DIFFERENCE_MOST = 20;
