/** At most so many characters; what is left out leaves an ellipsis. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** What somebody else says, on one line of a log and no longer than that. */
export function oneLine(text: string, most: number): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, most);
}
