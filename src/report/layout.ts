/** How a table column gives way when the line is too short. */
export interface Column {
  readonly title: string;
  /** Width that it is cut to first; absent: it is not cut while others can still give way. */
  readonly comfort?: number;
  /** Says the same in fewer words, with a title of its own; lower `turn` goes first. */
  readonly brief?: { readonly title: string; readonly turn: number; readonly cell: (cell: string) => string };
  /** Fewest columns of the terminal that its cells still say something in. */
  readonly least: number;
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

/**
 * Words on lines of at most `width` columns; a longer word is cut where the line ends. Blanks between words of one
 * line stay as they are. Never empty.
 */
export function wrap(text: string, width: number): string[] {
  const limit = Math.max(width, 1);
  const lines: string[] = [];
  let line = '';
  for (const [, blanks, word] of text.matchAll(/( *)([^ ]+)/g)) {
    if (line !== '' && displayWidth(line) + blanks!.length + displayWidth(word!) <= limit) {
      line += blanks! + word!;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = cut(word!, limit);
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

/**
 * Fits rows into `width` columns; `Infinity` keeps every cell whole. In turn: comfortable widths, brief cells, least
 * widths, columns left out. Cells have to be printable text.
 */
export function fitTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): Table {
  let fitted = columns.map((column, index) => ({
    column,
    index,
    cells: [column.title, ...rows.map((row) => row[index] ?? '')],
  }));
  const floors = {
    comfort: (f: Fitted): number => f.column.comfort ?? naturalWidth(f),
    least: (f: Fitted): number => f.column.least,
  };
  const turns = columns.flatMap((column, index) => (column.brief === undefined ? [] : [{ ...column.brief, index }]));
  for (const { title, cell, index } of turns.sort((a, b) => a.turn - b.turn)) {
    if (total(narrowed(fitted, floors.comfort, width)) <= width) break;
    fitted = fitted.map((f) => (f.index === index ? { ...f, cells: [title, ...f.cells.slice(1).map(cell)] } : f));
  }
  let widths = narrowed(fitted, floors.comfort, width);
  if (total(widths) > width) widths = narrowed(fitted, floors.least, width);
  while (total(widths) > width) {
    const first = fitted.reduce((a, b) => (dropTurn(b) < dropTurn(a) ? b : a));
    if (dropTurn(first) === Number.POSITIVE_INFINITY) break;
    fitted = fitted.filter((f) => f !== first);
    widths = narrowed(fitted, floors.least, width);
  }
  const line = (at: number): string[] => fitted.map((f, i) => pad(shorten(f.cells[at]!, widths[i]!), widths[i]!));
  return {
    kept: fitted.map(({ index }) => index),
    header: joinCells(line(0)),
    rows: rows.map((_, at) => line(at + 1)),
  };
}

export function joinCells(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

interface Fitted {
  readonly column: Column;
  /** Place among all columns. */
  readonly index: number;
  /** Title first. */
  readonly cells: readonly string[];
}

function naturalWidth(fitted: Fitted): number {
  return Math.max(...fitted.cells.map(displayWidth));
}

function dropTurn(fitted: Fitted): number {
  return fitted.column.droppable ?? Number.POSITIVE_INFINITY;
}

/** Natural widths, taken down to the floor one column after the other, widest excess first, until the line fits. */
function narrowed(fitted: readonly Fitted[], floor: (fitted: Fitted) => number, width: number): number[] {
  const widths = fitted.map(naturalWidth);
  const room = fitted.map((f, at) => Math.max(widths[at]! - floor(f), 0));
  const order = fitted.map((_, at) => at).sort((a, b) => room[b]! - room[a]!);
  for (const at of order) {
    const excess = total(widths) - width;
    if (excess <= 0) break;
    widths[at] = widths[at]! - Math.min(excess, room[at]!);
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, value) => sum + value, 0) + GAP.length * Math.max(widths.length - 1, 0);
}
