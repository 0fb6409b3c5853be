import t from 'tap';
import { byteCount, daysUntil, duration, shortTime } from '../../src/report/time.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

t.test('counts whole days until a time, downwards past it', async (t) => {
  t.equal(daysUntil('2026-11-29T12:00:00Z', NOW), 7);
  t.equal(daysUntil('2026-11-29T11:59:59Z', NOW), 6);
  t.equal(daysUntil('2026-11-22T12:00:00Z', NOW), 0);
  t.equal(daysUntil('2026-11-22T11:59:59Z', NOW), -1);
  t.equal(daysUntil('2026-11-10T12:00:00+00:00', NOW), -12);
  t.equal(daysUntil('no time', NOW), undefined);
});

t.test('writes times to the second and leaves what is no time alone', async (t) => {
  t.equal(shortTime('2026-11-22T13:56:13.637313Z'), '2026-11-22 13:56:13Z');
  t.equal(shortTime('2026-11-22T13:56:13+02:00'), '2026-11-22 13:56:13+02:00');
  t.equal(shortTime('yesterday'), 'yesterday');
});

t.test('picks units that people read', async (t) => {
  t.equal(duration('2026-11-22T13:56:13.637313Z', '2026-11-22T13:56:28.036413Z'), '14.4 s');
  t.equal(duration('2026-11-22T00:00:00Z', '2026-11-22T00:30:00Z'), '30 min');
  t.equal(duration('2026-11-22T00:00:00Z', '2026-11-24T12:00:00Z'), '2.5 d');
  t.equal(duration('2026-11-22T00:00:01Z', '2026-11-22T00:00:00Z'), undefined);
  t.equal(byteCount(812), '812 B');
  t.equal(byteCount(1536), '1.5 KiB');
  t.equal(byteCount(1_610_612_736), '1.5 GiB');
});
