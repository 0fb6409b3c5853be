import t from 'tap';
import { Backoff } from '../../src/daemon/backoff.ts';

t.test('each pause is twice as long as the one before, up to the longest', async (t) => {
  const backoff = new Backoff();
  const pauses = Array.from({ length: 8 }, () => backoff.next());
  t.same(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

t.test('what lasted a minute begins with the first pause again', async (t) => {
  const backoff = new Backoff({ firstMs: 5, longestMs: 20 });
  t.same([backoff.next(), backoff.next(59_999), backoff.next(60_000), backoff.next()], [5, 10, 5, 10]);
});
