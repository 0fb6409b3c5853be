/** How a table column gives way when the line is too short. */
export interface Column {
  readonly title: string;
  /** Fewest columns of the terminal that its cells still say something in. */
  readonly least: number;
  /** Lower gives way first. */
  readonly weight: number;
  /** Left out altogether when even the least widths do not fit; lower goes first. Absent: never left out. */
  readonly droppable?: number;
}

const GAP = '  ';
const COMBINING = /^\p{M}$/u;

/**
 * Columns of a terminal that a printable text takes: combining marks none, East Asian wide and emoji two
 * (blocks of Unicode TR 11 that are wide as a whole; single odd ones are taken for one).
 */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (COMBINING.test(character)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

/** Shortens in the middle with `..`, so that beginning and end stay: `TLS_ECDHE..GCM_SHA256`. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 2) return take([...text], Math.max(width, 0)).join('');
  const room = width - 2;
  const characters = [...text];
  const head = take(characters, Math.ceil(room / 2));
  const tail = take(characters.reverse(), room - displayWidth(head.join(''))).reverse();
  return `${head.join('')}..${tail.join('')}`;
}

function take(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const character of characters) {
    used += characterWidth(character);
    if (used > width) break;
    taken.push(character);
  }
  return taken;
}

/** Words on lines of at most `width` columns; a longer word is cut where the line ends. Never empty. */
export function wrap(text: string, width: number): string[] {
  const limit = Math.max(width, 1);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) <= limit) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = cut(word, limit);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1)!;
  }
  lines.push(line);
  return lines;
}

function cut(word: string, width: number): string[] {
  if (displayWidth(word) <= width) return [word];
  const pieces: string[] = [];
  let rest = [...word];
  while (rest.length > 0) {
    const piece = take(rest, width);
    // A single wide character on a line of one column still has to go somewhere.
    const length = Math.max(piece.length, 1);
    pieces.push(rest.slice(0, length).join(''));
    rest = rest.slice(length);
  }
  return pieces;
}

/** A label and wrapped text beside it; following lines are indented under the text. */
export function labelled(label: string, text: string, labelWidth: number, indent: number, width: number): string[] {
  const before = indent + labelWidth;
  return wrap(text, width - before).map((line, index) => {
    const start = index === 0 ? `${' '.repeat(indent)}${pad(label, labelWidth)}` : ' '.repeat(before);
    return `${start}${line}`.trimEnd();
  });
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(width - displayWidth(text), 0));
}

export interface Table {
  /** Indices of the columns that were kept. */
  readonly kept: readonly number[];
  readonly header: string;
  /** Cells of each row, shortened and padded, in the order of `kept`. */
  readonly rows: readonly (readonly string[])[];
}

/** Fits rows into `width` columns; `Infinity` keeps every cell whole. Cells have to be printable text. */
export function fitTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): Table {
  const natural = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  );
  const kept = keepColumns(columns, natural, width);
  const widths = shrink(columns, natural, kept, width);
  const cells = (row: readonly string[]): string[] =>
    kept.map((index, at) => pad(shorten(row[index] ?? '', widths[at]!), widths[at]!));
  return { kept, header: joinCells(cells(columns.map((column) => column.title))), rows: rows.map(cells) };
}

export function joinCells(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

function keepColumns(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  let kept = columns.map((_, index) => index);
  const least = (index: number): number => Math.min(columns[index]!.least, natural[index]!);
  while (total(kept.map(least)) > width) {
    const candidates = kept.filter((index) => columns[index]!.droppable !== undefined);
    if (candidates.length === 0) break;
    const first = candidates.reduce((a, b) => (columns[a]!.droppable! <= columns[b]!.droppable! ? a : b));
    kept = kept.filter((index) => index !== first);
  }
  return kept;
}

function shrink(
  columns: readonly Column[],
  natural: readonly number[],
  kept: readonly number[],
  width: number,
): number[] {
  const widths = kept.map((index) => natural[index]!);
  const order = kept.map((_, at) => at).sort((a, b) => columns[kept[a]!]!.weight - columns[kept[b]!]!.weight);
  for (const at of order) {
    const excess = total(widths) - width;
    if (excess <= 0) break;
    widths[at] = Math.max(widths[at]! - excess, Math.min(columns[kept[at]!]!.least, widths[at]!));
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, value) => sum + value, 0) + GAP.length * Math.max(widths.length - 1, 0);
}
