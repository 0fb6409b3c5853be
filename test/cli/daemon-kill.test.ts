import t from 'tap';
import { hasSignals, placeOf, QUICK, ran, start, summaries } from './daemon-process.ts';

/** The daemon as a process: runs that are asked for, kills, names that do not resolve. */

t.test('SIGUSR2 runs now; a kill loses no run that was kept, and the next start goes on', hasSignals, async (t) => {
  const place = placeOf();
  place.write(QUICK);
  const one = await start(t, place);
  await ran(one, 1);
  one.child.kill('SIGUSR2');
  await ran(one, 2);
  one.child.kill('SIGKILL');
  await one.ended;
  const two = await start(t, place);
  await ran(two, 3);
  two.child.kill('SIGINT');
  t.equal(await two.ended, 130);
  t.strictSame(
    summaries(place.store).map(({ trigger }) => trigger),
    ['start', 'signal', 'start'],
  );
});

t.test('a name that does not resolve gives a run that says so, and the daemon goes on', hasSignals, async (t) => {
  const place = placeOf();
  place.write('  - { name: prod, schedule: none, timeout: 1s, targets: ["rest=flink.invalid:8081"] }\n');
  const one = await start(t, place);
  await ran(one, 1);
  t.equal((await fetch(`${one.url}/-/ready`)).status, 200);
  one.child.kill('SIGTERM');
  await one.ended;
  t.strictSame(
    summaries(place.store).map(({ verdict, complete }) => [verdict, complete]),
    [['inconclusive', true]],
  );
});
