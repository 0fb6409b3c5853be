/** Characters of a text, by offset, and what stands in their place. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines of a text that give way to others; lines keep their line ends. */
interface LineEdit {
  /** From 0. */
  readonly at: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Lines around a change, as `diff -u` shows. */
const CONTEXT = 3;

/** The text after all edits. They may touch each other and stand in any order; the first of two at one place comes first. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let out = '';
  let at = 0;
  for (const edit of inOrder(edits)) {
    out += text.slice(at, Math.max(edit.start, at)) + edit.text;
    at = Math.max(edit.end, at);
  }
  return out + text.slice(at);
}

function inOrder(edits: readonly TextEdit[]): readonly TextEdit[] {
  return [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** Numbers of the lines (from 0) that an edit shows in a patch; none for lines that are only put in between. */
export function linesOf(text: string, edit: TextEdit): readonly number[] {
  const { at, removed } = lineEdits(text, [edit])[0]!;
  return removed.map((_, index) => at + index);
}

/**
 * A unified diff of these edits, without the names of the files; empty where nothing changes. Around a line that may
 * not be shown the context is cut short, on both sides alike, as `patch` wants it; `git apply` then needs
 * `--unidiff-zero`.
 *
 * @param isShowable of each line of the text, from 0; changed lines have to be
 */
export function unifiedDiff(text: string, edits: readonly TextEdit[], isShowable: (line: number) => boolean): string {
  const lines = linesIn(text);
  const hunks: LineEdit[][] = [];
  for (const edit of lineEdits(text, edits)) {
    const last = hunks.at(-1)?.at(-1);
    const gapStart = last === undefined ? 0 : last.at + last.removed.length;
    const isNear = last !== undefined && edit.at - gapStart <= 2 * CONTEXT;
    if (isNear && range(gapStart, edit.at).every(isShowable)) hunks.at(-1)!.push(edit);
    else hunks.push([edit]);
  }
  let shift = 0;
  let diff = '';
  for (const hunk of hunks) {
    diff += hunkText(lines, hunk, shift, isShowable);
    shift += hunk.reduce((sum, { added, removed }) => sum + added.length - removed.length, 0);
  }
  return diff;
}

function hunkText(
  lines: readonly string[],
  hunk: readonly LineEdit[],
  shift: number,
  isShowable: (line: number) => boolean,
): string {
  const start = hunk[0]!.at;
  const end = hunk.at(-1)!.at + hunk.at(-1)!.removed.length;
  const { before, after } = contextOf(lines.length, start, end, isShowable);
  const body: string[] = [];
  let at = start - before;
  const keep = (until: number): void => {
    for (; at < until; at++) body.push(` ${lines[at]!}`);
  };
  for (const edit of hunk) {
    keep(edit.at);
    body.push(...edit.removed.map((line) => `-${line}`), ...edit.added.map((line) => `+${line}`));
    at += edit.removed.length;
  }
  keep(end + after);
  const oldCount = end - start + before + after;
  const newCount = oldCount + hunk.reduce((sum, one) => sum + one.added.length - one.removed.length, 0);
  // Of no lines, the number is that of the line before.
  const place = (first: number, count: number): string => `${count === 0 ? first : first + 1},${count}`;
  const oldStart = start - before;
  const head = `@@ -${place(oldStart, oldCount)} +${place(oldStart + shift, newCount)} @@\n`;
  return head + body.map((line) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`)).join('');
}

/** As many lines before as after, but at the ends of the file: `patch` takes fewer on one side for an end. */
function contextOf(
  count: number,
  start: number,
  end: number,
  isShowable: (line: number) => boolean,
): { readonly before: number; readonly after: number } {
  const run = (from: number, step: 1 | -1): number => {
    let length = 0;
    for (let at = from; length < CONTEXT && at >= 0 && at < count && isShowable(at); at += step) length++;
    return length;
  };
  const before = run(start - 1, -1);
  const after = run(end, 1);
  const both = Math.min(before, after);
  return {
    before: start - before === 0 && after === CONTEXT ? before : both,
    after: end + after === count && before === CONTEXT ? after : both,
  };
}

/** Edits of the same line are one. */
function lineEdits(text: string, edits: readonly TextEdit[]): readonly LineEdit[] {
  const lines = linesIn(text);
  const starts: number[] = [];
  let offset = 0;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length;
  }
  const lineAt = (position: number): number => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const spans: { readonly from: number; to: number; readonly edits: TextEdit[] }[] = [];
  for (const edit of inOrder(edits)) {
    // What is put in between two lines touches neither.
    const isAtEnd = edit.start === text.length && (text === '' || text.endsWith('\n'));
    const startsLine = starts[lineAt(edit.start)] === edit.start;
    const isBetween = edit.start === edit.end && (isAtEnd || (startsLine && /(?:^|\n)$/.test(edit.text)));
    const from = isAtEnd ? lines.length : lineAt(edit.start);
    const to = isBetween
      ? from
      : lineAt(joinsNext(text, edit, startsLine) ? edit.end : Math.max(edit.end - 1, edit.start)) + 1;
    const last = spans.at(-1);
    if (last === undefined || from > last.to) {
      spans.push({ from, to, edits: [edit] });
      continue;
    }
    last.to = Math.max(last.to, to);
    last.edits.push(edit);
  }
  return spans.map(({ from, to, edits: own }) => {
    const begin = starts[from] ?? text.length;
    const old = lines.slice(from, to);
    const moved = own.map((edit) => ({ ...edit, start: edit.start - begin, end: edit.end - begin }));
    return { at: from, removed: old, added: linesIn(applyEdits(old.join(''), moved)) };
  });
}

/** Where a line loses its end and stays in part, the next one becomes its own. */
function joinsNext(text: string, edit: TextEdit, startsLine: boolean): boolean {
  const losesEnd = edit.end > edit.start && edit.end < text.length && text[edit.end - 1] === '\n';
  return losesEnd && !edit.text.endsWith('\n') && !(startsLine && edit.text === '');
}

function linesIn(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index);
}
