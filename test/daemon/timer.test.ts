import { mock } from 'node:test';
import t from 'tap';
import { startTimer, TIMER_MOST_MS } from '../../src/daemon/timer.ts';

const DAY_MS = 86_400_000;

t.beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});
t.teardown(() => mock.timers.reset());

t.test('a timer that is longer than Node can count goes off when its time is over, and once', async (t) => {
  t.equal(TIMER_MOST_MS, 2_147_483_647, 'the Node.js documentation of setTimeout');
  let rung = 0;
  startTimer(30 * DAY_MS, () => (rung += 1));
  // A timer that is begun within a tick begins at the end of it.
  mock.timers.tick(TIMER_MOST_MS);
  mock.timers.tick(30 * DAY_MS - TIMER_MOST_MS - 1);
  t.equal(rung, 0);
  mock.timers.tick(1);
  t.equal(rung, 1);
  for (let day = 0; day < 60; day++) mock.timers.tick(DAY_MS);
  t.equal(rung, 1);
});

t.test('short ones are as Node has them, and one that was stopped stays silent', async (t) => {
  const rung: string[] = [];
  startTimer(10, () => rung.push('timer'));
  startTimer(10, () => rung.push('stopped')).stop();
  const late = startTimer(30 * DAY_MS, () => rung.push('late'));
  mock.timers.tick(TIMER_MOST_MS);
  late.stop();
  mock.timers.tick(2 * DAY_MS);
  t.strictSame(rung, ['timer']);
});
