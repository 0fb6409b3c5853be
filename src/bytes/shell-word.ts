/** What no shell reads as anything but itself, wherever it stands in a word. */
const PLAIN = /^[\w./:@%+=,-]+$/;

/** Text as one word of a POSIX shell command (XCU 2.2.2): in single quotes where it needs any. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
