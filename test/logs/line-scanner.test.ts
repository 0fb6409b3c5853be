import fc from 'fast-check';
import t from 'tap';
import { automatonOf } from '../../src/logs/automaton.ts';
import { LINE_LIMIT_BYTES, LineScanner, type RawEntry, TRACE_LIMIT } from '../../src/logs/line-scanner.ts';

const AUTOMATON = automatonOf(['needle', 'pin']);

function scan(pieces: readonly (string | Uint8Array)[]): {
  readonly entries: readonly RawEntry[];
  readonly lines: number;
  readonly cut: number;
} {
  const entries: RawEntry[] = [];
  const scanner = new LineScanner(AUTOMATON, (entry) => entries.push(entry));
  for (const piece of pieces) scanner.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
  const { lines } = scanner;
  scanner.finish();
  return { entries, lines, cut: scanner.cutLines };
}

t.test('hands over lines that hold a literal, with their numbers', (t) => {
  const { entries, lines } = scan(['2026-01-01 one\n2026-01-01 a needle\n\nINFO nothing\nWARN the pin']);
  t.strictSame(entries, [
    { line: 2, head: '2026-01-01 a needle', trace: [] },
    { line: 5, head: 'WARN the pin', trace: [] },
  ]);
  t.equal(lines, 5);
  t.end();
});

t.test('attaches lines of a stack trace to the entry that they belong to', (t) => {
  const text = [
    '2026-01-01 ERROR first',
    'java.io.IOException: needle',
    '\tat java.base/a.b(C.java:1)',
    'Caused by: pin',
    '2026-01-01 INFO second',
    'java.lang.Exception: nothing',
  ].join('\n');
  t.strictSame(scan([text]).entries, [
    {
      line: 1,
      head: '2026-01-01 ERROR first',
      trace: [
        { line: 2, text: 'java.io.IOException: needle' },
        { line: 4, text: 'Caused by: pin' },
      ],
    },
  ]);
  t.end();
});

t.test('takes a trace without its entry, at the begin of a rotated file', (t) => {
  t.strictSame(scan(['\tat x\nCaused by: needle\n']).entries, [
    { line: 2, head: '', trace: [{ line: 2, text: 'Caused by: needle' }] },
  ]);
  t.end();
});

t.test('knows the begin of an entry behind what container tools put before a line', (t) => {
  for (const prefix of [
    'jobmanager-1  | ',
    '[pod/jm-0/flink-main] ',
    '2026-11-22T13:56:31.592103571Z ',
    '2026-11-22T13:56:31.592103571Z stdout F ',
    '2026-11-22T13:56:31.592103571+01:00 stderr F ',
  ]) {
    const text = `${prefix}2026-11-22 13:56:31,592 ERROR head\n${prefix}java.io.IOException: needle\n${prefix}\tat y\n`;
    const [entry, ...more] = scan([text]).entries;
    t.equal(entry?.line, 1, prefix);
    t.equal(entry?.trace.length, 1, prefix);
    t.strictSame(more, [], prefix);
  }
  t.end();
});

t.test('drops the carriage return of a line end', (t) => {
  t.strictSame(
    scan(['INFO needle\r\n\r\nINFO b\r\n']).entries.map((one) => one.head),
    ['INFO needle'],
  );
  t.end();
});

t.test('replaces what is no UTF-8 and goes on', (t) => {
  const bytes = Buffer.concat([Buffer.from('INFO needle '), Buffer.of(0xff, 0xfe), Buffer.from('\nINFO pin\n')]);
  t.strictSame(
    scan([bytes]).entries.map((one) => one.head),
    ['INFO needle ��', 'INFO pin'],
  );
  t.end();
});

t.test('cuts giant lines, counts them, and finds the next line', (t) => {
  const giant = `INFO needle ${'x'.repeat(3 * LINE_LIMIT_BYTES)}`;
  for (const pieces of [[`${giant}\nINFO pin\n`], [giant.slice(0, 70_000), giant.slice(70_000), '\nINFO pin\n']]) {
    const { entries, cut } = scan(pieces);
    t.equal(cut, 1);
    t.strictSame(
      entries.map((one) => [one.line, one.head.length]),
      [
        [1, LINE_LIMIT_BYTES],
        [2, 'INFO pin'.length],
      ],
    );
  }
  t.end();
});

t.test('keeps a bounded part of an endless trace', (t) => {
  const { entries } = scan([`ERROR x\n${'Caused by: needle\n'.repeat(10 * TRACE_LIMIT)}`]);
  t.equal(entries[0]?.trace.length, TRACE_LIMIT);
  t.end();
});

t.test('gives the same whatever pieces the bytes come in', (t) => {
  const line = fc.constantFrom(
    '2026-01-01 INFO a needle',
    '2026-01-01 INFO nothing',
    'java.lang.X: pin',
    '\tat needles',
    '',
    'Caused by: nee',
    '{"message":"needle"}',
    'INFO ünï pin',
  );
  const input = fc.tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'));
  fc.assert(
    fc.property(input, fc.array(fc.nat(300), { maxLength: 8 }), ([lines, end], cuts) => {
      const bytes = Buffer.from(lines.join(end));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      t.strictSame(scan(pieces).entries, scan([bytes]).entries);
    }),
    { numRuns: 200 },
  );
  const bytes = Buffer.from('2026-01-01 ERROR a needle\nCaused by: pin\r\nINFO x\njava.b: needle');
  for (let at = 0; at <= bytes.length; at++) {
    t.strictSame(scan([bytes.subarray(0, at), bytes.subarray(at)]).entries, scan([bytes]).entries, `cut at ${at}`);
  }
  t.end();
});
