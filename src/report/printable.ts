/**
 * What must not reach a terminal or a line-based format as it is: C0 and C1 controls, DEL, line and paragraph
 * separators, bidirectional controls (they reorder what follows), zero-width marks, the byte order mark, and lone
 * surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Text of the wire, safe on one line of a terminal: every unprintable character stands as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
