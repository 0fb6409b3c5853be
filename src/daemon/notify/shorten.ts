/** At most so many characters; what is left out leaves an ellipsis. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

const HIDDEN = '******';
/** A shorter beginning of a secret tells nothing of it. */
const TOLD_LETTERS = 4;

/**
 * Without these texts, for logs. To be used before anything is cut: a part of a secret is not found any more. `cut`: the
 * text may end within one, and what it ends with goes, too.
 */
export function hidden(text: string, secrets: readonly string[], is: 'whole' | 'cut' = 'whole'): string {
  const known = secrets.filter((one) => one !== '').sort((a, b) => b.length - a.length);
  const shown = known.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
  if (is === 'whole') return shown;
  const partial = Math.max(0, ...known.map((secret) => overlap(shown, secret)));
  return partial < TOLD_LETTERS ? shown : `${shown.slice(0, -partial)}${HIDDEN}`;
}

/** Letters at the end of a text with which a secret begins. */
function overlap(text: string, secret: string): number {
  let length = Math.min(text.length, secret.length - 1);
  while (length > 0 && !text.endsWith(secret.slice(0, length))) length -= 1;
  return length;
}

/** What somebody else says, on one line of a log and no longer than that. */
export function oneLine(text: string, most: number): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, most);
}
