import { distance } from '../rules/support/distance.ts';

const SUGGESTED_MOST = 3;
/** Wrong letters that still look like a slip: one in three of what was asked for. */
const SLIPS = 1 / 3;
/** Shorter parts stand in too many names. */
const PART_LEAST = 4;

/**
 * Names that were meant, most likely, as they are written: those that hold what was asked for, then those that are a few
 * letters away. Upper and lower case are the same.
 */
export function nearest(asked: string, names: readonly string[]): readonly string[] {
  const text = asked.trim().toLowerCase();
  if (text === '') return [];
  const most = Math.max(2, Math.floor(text.length * SLIPS));
  return names
    .map((name) => ({ name, away: isPart(text, name.toLowerCase()) ? 0 : distance(text, name.toLowerCase()) }))
    .filter(({ away }) => away <= most)
    .sort((a, b) => a.away - b.away || Math.abs(a.name.length - text.length) - Math.abs(b.name.length - text.length))
    .slice(0, SUGGESTED_MOST)
    .map(({ name }) => name);
}

/** ` (NAME?)` with the one that was meant most likely; nothing where none is near. `before`: of the name. */
export function hintOf(asked: string, known: readonly string[], before = ''): string {
  const [best] = nearest(asked, known);
  return best === undefined || best === asked ? '' : ` (${before}${best}?)`;
}

/** All words of the one in the other, in any order: `certificate expired` is `expired-certificate`. */
function isPart(text: string, name: string): boolean {
  const words = text.split(/[^a-z0-9]+/).filter((word) => word.length > 2);
  return text.length >= PART_LEAST && words.length > 0 && words.every((word) => name.includes(word));
}
