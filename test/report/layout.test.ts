import fc from 'fast-check';
import t from 'tap';
import { type Column, displayWidth, fitTable, joinCells, labelled, shorten, wrap } from '../../src/report/layout.ts';

t.test('counts combining marks as nothing and East Asian letters and emoji as two', async (t) => {
  t.equal(displayWidth('abc'), 3);
  t.equal(displayWidth('e\u0301'), 1);
  t.equal(displayWidth('東京'), 4);
  t.equal(displayWidth('🐿'), 2);
});

t.test('shortens in the middle and keeps both ends', async (t) => {
  t.equal(shorten('51aabbccddee0c', 8), '51a..e0c');
  t.equal(shorten('short', 8), 'short');
  t.equal(shorten('東京東京東京', 7), '東..京');
  t.equal(shorten('abcdef', 2), 'ab');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(50), (text, width) => {
      return displayWidth(shorten(text, width)) <= width;
    }),
  );
});

t.test('wraps at blanks, keeps the blanks within a line, and cuts words that are longer than the line', async (t) => {
  t.same(wrap('one two  three', 9), ['one two', 'three']);
  t.same(wrap('one  two three', 9), ['one  two', 'three']);
  t.same(wrap('abcdefghij', 4), ['abcd', 'efgh', 'ij']);
  t.same(wrap('', 10), ['']);
});

t.test('loses no letter while wrapping and stays within the width', async () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z ]{0,80}$/), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const lines = wrap(text, width);
      const fits = lines.every((line) => displayWidth(line) <= width);
      return fits && lines.join('').replaceAll(' ', '') === text.replaceAll(' ', '');
    }),
  );
});

t.test('indents following lines under the text of a label', async (t) => {
  t.same(labelled('where', 'aaa bbb ccc', 7, 2, 16), ['  where  aaa bbb', '         ccc']);
});

const COLUMNS: readonly Column[] = [
  { title: 'NAME', least: 6 },
  { title: 'TEXT', comfort: 12, brief: { title: 'T', turn: 1, cell: (cell) => cell.slice(0, 2) }, least: 2 },
  { title: 'COUNT', least: 5, droppable: 1 },
];
const ROWS = [
  ['alpha-beta', 'twelve letters and more', '12'],
  ['gamma', 'xy', '3'],
];

t.test('keeps every cell whole where there is room', async (t) => {
  const table = fitTable(COLUMNS, ROWS, Number.POSITIVE_INFINITY);
  t.same(table.kept, [0, 1, 2]);
  t.same(table.rows[0], ['alpha-beta', 'twelve letters and more', '12   ']);
});

t.test('gives way in turns: comfortable widths, brief cells, least widths, columns left out', async (t) => {
  t.match(fitTable(COLUMNS, ROWS, 34).rows[0]?.[1], /^twelv.*more *$/);
  t.equal(fitTable(COLUMNS, ROWS, 22).rows[0]?.[1]?.trim(), 'tw');
  t.match(fitTable(COLUMNS, ROWS, 18).rows[0]?.[0], /^a.+\.\..+a$/);
  const narrow = fitTable(COLUMNS, ROWS, 12);
  t.same(narrow.kept, [0, 1]);
});

t.test('never writes a line wider than asked for while the columns that stay have room for their least', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.string(), fc.string())),
      fc.integer({ min: 10, max: 60 }),
      (rows, width) => {
        const { header, rows: cells } = fitTable(COLUMNS, rows, width);
        return [header, ...cells.map(joinCells)].every((line) => displayWidth(line) <= width);
      },
    ),
  );
});
