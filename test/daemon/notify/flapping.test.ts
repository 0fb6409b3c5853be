import t from 'tap';
import { accused } from '../cluster-report.ts';
import { HOUR, rig, told } from './rig.ts';

t.test('a thousand flaps an hour make one notification, and the last state is told: open', async (t) => {
  const { bench, hook } = await rig(t);
  for (let flap = 0; flap < 1000; flap++) {
    bench.run([accused('tm-1')]);
    await bench.after(1.8);
    if (flap < 999) bench.run([]);
    await bench.after(1.8);
  }
  t.strictSame(told(hook), ['opened tm-1-strangers']);
  for (let minute = 0; minute < 30; minute++) await bench.after(60);
  t.strictSame(told(hook), ['opened tm-1-strangers'], 'it is told open, and is');
  bench.run([]);
  await bench.after(10);
  t.strictSame(told(hook), ['opened tm-1-strangers', 'resolved tm-1-strangers'], 'what is calm again ends at once');
});

t.test('flaps of that rate that end well are told as resolved, once', async (t) => {
  const { bench, hook } = await rig(t);
  for (let flap = 0; flap < 300; flap++) {
    bench.run([accused('tm-1')]);
    await bench.after(0.1);
    bench.run([]);
    await bench.after(3.5);
  }
  t.strictSame(told(hook), ['opened tm-1-strangers']);
  for (let minute = 0; minute < 16; minute++) await bench.after(60);
  t.strictSame(told(hook), ['opened tm-1-strangers', 'resolved tm-1-strangers']);
});

t.test('flaps over days: at most one opening in each repeat interval, whatever their rhythm', async (t) => {
  for (const [open, closed] of [
    [20, 40],
    [11, 300],
    [400, 12],
  ] as const) {
    const { bench, hook } = await rig(t, { repeatMs: HOUR * 1000 });
    const end = bench.now + 8 * HOUR * 1000;
    while (bench.now < end) {
      bench.run([accused('tm-1')]);
      await bench.after(open / 2);
      await bench.after(open / 2);
      bench.run([]);
      await bench.after(closed / 2);
      await bench.after(closed / 2);
    }
    const openings = told(hook).filter((one) => !one.startsWith('resolved'));
    t.ok(openings.length >= 1 && openings.length <= 9, `${open} s open, ${closed} s closed: ${openings.length}`);
    t.ok(hook.received.length <= 2 * openings.length, 'each with at most one end');
    for (let minute = 0; minute < 61; minute++) await bench.after(60);
    t.match(told(hook).at(-1), /^resolved/, 'and the end is told');
  }
});
