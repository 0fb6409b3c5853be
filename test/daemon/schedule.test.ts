import fc from 'fast-check';
import t from 'tap';
import { nextRun, startsAfter, wake } from '../../src/daemon/schedule.ts';
import type { Schedule } from '../../src/daemon/settings.ts';

const at = (text: string): number => Date.parse(text);
const told = (milliseconds: number | undefined): string | undefined =>
  milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
const never = (): number => {
  throw new Error('nothing is left to chance here');
};
const every = (everyMs: number, jitterMs = 0): Schedule => ({ kind: 'every', everyMs, jitterMs });
const berlin = (expression: string): Schedule => ({ kind: 'cron', expression, timeZone: 'Europe/Berlin' });

t.test('an interval counts from slot to slot, and jitter adds to each without moving the next', async (t) => {
  const schedule = every(60_000, 20_000);
  const first = nextRun(schedule, undefined, 1000, () => 0.5);
  t.strictSame(first, { slot: 61_000, dueAt: 71_000 });
  const second = wake(schedule, first!, 71_000, () => 0);
  t.strictSame(second, { isDue: true, missed: 0, next: { slot: 121_000, dueAt: 121_000 } });
});

t.test('runs of an interval stay on their grid and within their jitter, however late each look is', async () => {
  const plan = fc.record({
    everyMs: fc.integer({ min: 1000, max: 1e6 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    lates: fc.array(fc.integer({ min: 0, max: 900_000 }), { maxLength: 30 }),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(plan, ({ everyMs, jitter, lates, random }) => {
      const jitterMs = Math.floor(everyMs * jitter);
      const schedule = every(everyMs, jitterMs);
      let planned = nextRun(schedule, undefined, 0, () => random)!;
      let [runs, missed] = [0, 0];
      for (const late of lates) {
        const now = planned.dueAt + late;
        const woken = wake(schedule, planned, now, () => random);
        runs += 1;
        missed += woken.missed;
        planned = woken.next!;
        const offset = planned.dueAt - planned.slot;
        if (!woken.isDue || planned.slot % everyMs !== 0 || planned.slot <= now - jitterMs) return false;
        // Every slot was a run, or is counted as missed.
        if (offset < 0 || offset > jitterMs || planned.slot / everyMs !== runs + missed + 1) return false;
      }
      return true;
    }),
  );
});

t.test('after a long sleep one run is made, and the others are counted as missed', async (t) => {
  const woken = wake(every(60_000), { slot: 60_000, dueAt: 60_000 }, 3_600_000, () => 0);
  t.strictSame(woken, { isDue: true, missed: 59, next: { slot: 3_660_000, dueAt: 3_660_000 } });
});

t.test('a run that its jitter moved to the end of its interval costs the next one nothing', async (t) => {
  const woken = wake(every(60_000, 60_000), { slot: 0, dueAt: 59_990 }, 60_005, () => 0.5);
  t.strictSame(woken, { isDue: true, missed: 0, next: { slot: 60_000, dueAt: 90_000 } });
});

t.test('a clock that is set back makes nobody wait until it is where it was', async (t) => {
  const planned = { slot: at('2026-11-22T12:01:00Z'), dueAt: at('2026-11-22T12:01:00Z') };
  const interval = wake(every(60_000), planned, at('2026-11-22T06:00:00Z'), () => 0);
  t.equal(interval.isDue, false);
  t.equal(told(interval.next?.dueAt), '2026-11-22T06:01:00.000Z');
  const daily = { slot: at('2026-11-23T02:00:00Z'), dueAt: at('2026-11-23T02:00:00Z') };
  const cron = wake(berlin('0 3 * * *'), daily, at('2026-11-20T12:00:00Z'), () => 0);
  t.equal(told(cron.next?.dueAt), '2026-11-21T02:00:00.000Z');
});

t.test('a clock that is right leaves what is planned as it is', async (t) => {
  const planned = { slot: 60_000, dueAt: 75_000 };
  t.equal(wake(every(60_000, 20_000), planned, 70_000, never).next, planned);
});

t.test('03:00 in Berlin is 02:00 UTC in winter and 01:00 UTC in summer', async (t) => {
  const schedule = berlin('0 3 * * *');
  t.equal(told(nextRun(schedule, undefined, at('2026-01-10T12:00:00Z'), () => 0)?.dueAt), '2026-01-11T02:00:00.000Z');
  t.equal(told(nextRun(schedule, undefined, at('2026-07-10T12:00:00Z'), () => 0)?.dueAt), '2026-07-11T01:00:00.000Z');
});

/** 2026: forward on 29 March (02:00 is 03:00), back on 25 October (03:00 is 02:00); EU directive 2000/84/EC. */
t.test('the day on which the clock goes forward has its run, though its hour does not exist', async (t) => {
  const schedule = berlin('30 2 * * *');
  const runs: (string | undefined)[] = [];
  for (let now = at('2026-03-27T12:00:00Z'); runs.length < 4; ) {
    const next = nextRun(schedule, undefined, now, () => 0)!;
    runs.push(told(next.dueAt));
    now = next.dueAt;
  }
  t.strictSame(
    runs.map((one) => one!.slice(0, 10)),
    ['2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31'],
  );
  t.equal(runs[0], '2026-03-28T01:30:00.000Z', 'the day before: 02:30 in winter');
  t.equal(runs[2], '2026-03-30T00:30:00.000Z', 'the day after: 02:30 in summer');
});

t.test('the day on which the clock goes back has its run once', async (t) => {
  const schedule = berlin('30 2 * * *');
  const runs: string[] = [];
  for (let now = at('2026-10-23T12:00:00Z'); runs.length < 4; ) {
    const next = nextRun(schedule, undefined, now, () => 0)!;
    runs.push(told(next.dueAt)!);
    now = next.dueAt;
  }
  t.strictSame(
    runs.map((one) => one.slice(0, 10)),
    ['2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27'],
  );
});

t.test('runs of a cron expression that were slept through are counted, the due one not', async (t) => {
  const planned = { slot: at('2026-11-22T12:00:00Z'), dueAt: at('2026-11-22T12:00:00Z') };
  const schedule: Schedule = { kind: 'cron', expression: '*/10 * * * *', timeZone: 'UTC' };
  const { isDue, missed, next } = wake(schedule, planned, at('2026-11-22T12:35:00Z'), () => 0);
  t.strictSame([isDue, missed, told(next?.dueAt)], [true, 3, '2026-11-22T12:40:00.000Z']);
});

t.test('without a schedule nothing is planned', async (t) => {
  t.equal(nextRun({ kind: 'none' }, undefined, 0, never), undefined);
});

t.test('first runs of a few clusters begin at once, of many one after the other within half a minute', async (t) => {
  const begun = (count: number): number[] => Array.from({ length: count }, (_, place) => startsAfter(place, count));
  t.strictSame(begun(8), [0, 0, 0, 0, 0, 0, 0, 0]);
  t.strictSame(begun(10).slice(7), [0, 200, 400]);
  for (const count of [100, 5000]) {
    const [first, ...others] = begun(count).slice(7);
    t.equal(first, 0);
    t.ok(others.at(-1)! < 30_000);
    t.ok(others.every((one, at) => one > (others[at - 1] ?? 0)));
  }
});
