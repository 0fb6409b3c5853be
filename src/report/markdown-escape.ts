import { printable } from './printable.ts';

/**
 * Characters that mean something to GitHub Flavored Markdown wherever they stand in a line (CommonMark 2.4: each can be
 * escaped), `$` of GitHub's formulas among them.
 */
const ACTIVE = /[\\`*_[\]<>|~&$]/g;
/** What begins a heading, a list or a rule at the head of a block (CommonMark 4.1 to 4.3, 5.2). */
const AT_HEAD = /^(?:#(?=#{0,5}(?:\s|$))|[+-](?=\s|$)|[=-](?=[=-]*\s*$))/;
const NUMBER_AT_HEAD = /^(\d{1,9})([.)])(?=\s|$)/;

/** Longer texts are no names and no sentences of ours; a comment has room for others, too. */
const MAX_TEXT = 2000;
const MAX_CODE = 500;

function clipped(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 2).replace(/[\ud800-\udbff]$/, '')}..`;
}

/** Text on one line or in a cell of a table, read as what it is: no markup, no HTML, no link, nobody mentioned. */
export function inText(text: string): string {
  return (
    clipped(printable(text).trimStart(), MAX_TEXT)
      .replace(ACTIVE, '\\$&')
      .replace(AT_HEAD, '\\$&')
      .replace(NUMBER_AT_HEAD, '$1\\$2')
      .replace(/:(?=\/\/|mailto|xmpp)/g, '\\:')
      .replace(/\b(www)\./gi, '$1\\.')
      // People, teams, numbers of issues, addresses of mail: an empty comment parts them, also after escapes are read.
      .replace(/@/g, '@<!-- -->')
      .replace(/(#|\bgh-)(?=\d)/gi, '$1<!-- -->')
  );
}

/** Code within a line. A delimiter is longer than every row of backticks in it. */
export function inCode(text: string): string {
  const shown = clipped(printable(text), MAX_CODE);
  if (shown === '') return '';
  const fence = '`'.repeat(longestRun(shown) + 1);
  const padded = /^[`\s]|[`\s]$/.test(shown) ? ` ${shown} ` : shown;
  return `${fence}${padded}${fence}`;
}

/** A fenced block that nothing in it ends; tabs of a patch stay, or nothing could apply it. */
export function codeBlock(lines: readonly string[], language: 'text' | 'yaml' | 'sh' | 'diff'): string {
  const shown = lines.map((line) =>
    language === 'diff' ? line.split('\t').map(printable).join('\t') : printable(line),
  );
  const fence = '`'.repeat(Math.max(3, ...shown.map((line) => longestRun(line) + 1)));
  return [`${fence}${language}`, ...shown, fence].join('\n');
}

/** A link that shows its own address; what is no plain address of the web stays text. */
export function inLink(address: string): string {
  return /^https:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+$/.test(address) ? `<${address}>` : inText(address);
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
