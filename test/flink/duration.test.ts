import t from 'tap';
import { parseFlinkDuration } from '../../src/flink/duration.ts';

t.test('durations have the units of Flink’s TimeUtils', (t) => {
  for (const [text, milliseconds] of [
    ...([
      ['50000', 50_000],
      ['50 s', 50_000],
      ['50s', 50_000],
      ['10000ms', 10_000],
      [' 1 min ', 60_000],
    ] as const),
    ...([
      ['2 hours', 7_200_000],
      ['1 d', 86_400_000],
      ['3 days', 259_200_000],
      ['90 sec', 90_000],
      ['5 m', 300_000],
    ] as const),
    ...([
      ['1 SECOND', 1000],
      ['7 milliseconds', 7],
      ['0', 0],
    ] as const),
  ]) {
    t.equal(parseFlinkDuration(text), milliseconds, text);
  }
  for (const text of ['', 's', '-1 s', '1.5 s', '1 fortnight', '1 s 2 ms', 'PT10S']) {
    t.equal(parseFlinkDuration(text), undefined, text);
  }
  t.end();
});
