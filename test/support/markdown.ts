/** One table: cells by column title, without the marks of code and links. */
export type Row = Readonly<Record<string, string>>;

export interface CodeBlock {
  readonly language: string;
  readonly lines: readonly string[];
}

/** The text as people read it: `` `x` `` and `[x](y)` become `x`. */
export function plain(cell: string): string {
  return cell
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')
    .trim();
}

function cells(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map(plain);
}

/** All tables of a page. */
export function tables(page: string): Row[][] {
  const found: Row[][] = [];
  const lines = page.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    if (!lines[at]!.startsWith('|') || !/^\|(?:\s*:?-+:?\s*\|)+$/.test(lines[at + 1] ?? '')) continue;
    const titles = cells(lines[at]!);
    const rows: Row[] = [];
    for (at += 2; lines[at]?.startsWith('|'); at += 1) {
      const row = cells(lines[at]!);
      rows.push(Object.fromEntries(titles.map((title, column) => [title, row[column] ?? ''])));
    }
    found.push(rows);
  }
  return found;
}

/** The only table whose first columns have these titles. Throws where there is none or more than one. */
export function tableOf(page: string, ...titles: readonly string[]): Row[] {
  const found = tables(page).filter((rows) => {
    const first = Object.keys(rows[0] ?? {}).slice(0, titles.length);
    return first.join('|') === titles.join('|');
  });
  if (found.length !== 1) throw new Error(`${found.length} tables with the columns ${titles.join(', ')}`);
  return found[0]!;
}

export function codeBlocks(page: string): CodeBlock[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    lines: text!.split('\n').slice(0, -1),
  }));
}

/** The text below a heading, up to the next one of the same depth. */
export function section(page: string, heading: string): string {
  const start = page.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`no section ${heading}`);
  const end = page.indexOf('\n## ', start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}

/** Targets of links outside code. */
export function links(page: string): string[] {
  const text = page.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
}

/** Anchors of headings, as GitHub makes them. */
export function anchors(page: string): string[] {
  return [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    plain(heading!)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
