import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import {
  hanging,
  hasSignals,
  placeOf,
  QUICK,
  ran,
  silent,
  start,
  statusOf,
  summaries,
  until,
} from './daemon-process.ts';

/** The daemon as a process: reload, end, hanging runs. */

t.test(
  'SIGHUP puts new settings in force whole; wrong ones change nothing and are told with their place',
  hasSignals,
  async (t) => {
    const place = placeOf();
    place.write(QUICK);
    const one = await start(t, place);
    await ran(one, 1);
    place.write('  - { name: prod, schedule: never, targets: [a] }\n  - { name: other, targets: [b] }\n');
    one.child.kill('SIGHUP');
    const refused = await until(async () => {
      const { lastReload } = await statusOf(one);
      return lastReload.ok ? undefined : lastReload;
    }, one.log);
    t.match(refused.problem, /flinkprobe\.yaml:4:29: schedule/);
    t.match(one.log(), /flinkprobe\.yaml:4:29: schedule/);
    t.strictSame(
      (await statusOf(one)).clusters.map(({ cluster }) => cluster),
      ['prod'],
    );
    const ready = await fetch(`${one.url}/-/ready`);
    t.equal(ready.status, 200, 'it works by the old settings');
    t.match(await ready.text(), /flinkprobe\.yaml:4:29/);
    t.match(await (await fetch(`${one.url}/metrics`)).text(), /flinkprobe_config_last_reload_successful 0/);
    place.write(`${QUICK}  - { name: other, schedule: none, targets: ["rest=127.0.0.1:1"] }\n`);
    one.child.kill('SIGHUP');
    await until(async () => ((await statusOf(one)).clusters.length === 2 ? true : undefined), one.log);
    t.match(await (await fetch(`${one.url}/metrics`)).text(), /flinkprobe_config_last_reload_successful 1/);
    one.child.kill('SIGTERM');
    t.equal(await one.ended, 0);
  },
);

t.test('SIGTERM ends within 10 s while a run hangs, which is kept as incomplete', hasSignals, async (t) => {
  const place = placeOf();
  place.write(hanging(await silent(t)));
  const one = await start(t, place);
  await until(async () => ((await statusOf(one)).clusters[0]?.state === 'running' ? true : undefined), one.log);
  await sleep(300);
  const before = Date.now();
  one.child.kill('SIGTERM');
  t.equal(await one.ended, 0, one.log());
  t.ok(Date.now() - before < 10_000, `${Date.now() - before} ms`);
  t.strictSame(
    summaries(place.store).map(({ complete }) => complete),
    [false],
    one.log(),
  );
});

t.test('a run that hangs is ended at run_timeout, and kept as incomplete', hasSignals, async (t) => {
  const place = placeOf();
  place.write(hanging(await silent(t)));
  const one = await start(t, place, '--defaults.run_timeout', '1s');
  await ran(one, 1);
  t.match(await (await fetch(`${one.url}/-/ready`)).text(), /ended after 1 s/);
  one.child.kill('SIGTERM');
  await one.ended;
  t.strictSame(
    summaries(place.store).map(({ complete }) => complete),
    [false],
  );
});
