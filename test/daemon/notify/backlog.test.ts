import t from 'tap';
import { BACKLOG_CHARACTERS_MOST, BACKLOG_MOST, Backlog } from '../../../src/daemon/notify/backlog.ts';
import { accused } from '../cluster-report.ts';
import { settingsOf, webhook } from './bench.ts';
import { rig, told } from './rig.ts';

t.setTimeout(60_000);

const clusters = Array.from({ length: 700 }, (_, index) => `c${index + 1}`);
const broken = { status: 503 };

t.test(
  'a sink that is down has a bounded outbox; what has no room is held, and told when it listens again',
  async (t) => {
    const { bench, hook } = await rig(t);
    bench.notifier.apply(settingsOf([webhook(hook.url)], clusters));
    hook.answer = broken;
    for (const cluster of clusters) bench.run([accused('tm-1')], cluster);
    await bench.after(10);
    t.equal(bench.store.outbox.size(), BACKLOG_MOST);
    t.equal(bench.notifier.figures.held, clusters.length - BACKLOG_MOST);
    t.match(
      bench.logged.filter(({ text }) => text.startsWith('the outbox is full')),
      [{ level: 'warn', fields: { sink: 'sink', waiting: BACKLOG_MOST, held: 200 } }],
      'it is said once',
    );
    // A change of what has room and one of what has none.
    bench.run([], 'c1');
    bench.run([], 'c700');
    for (let minute = 0; minute < 3; minute++) await bench.after(60);
    t.ok(bench.store.outbox.size() <= BACKLOG_MOST);
    await bench.restarted();
    bench.notifier.apply(settingsOf([webhook(hook.url)], clusters));
    await bench.after(300);
    t.ok(bench.store.outbox.size() <= BACKLOG_MOST);
    hook.received.splice(0);
    hook.answer = { status: 200 };
    for (let minute = 0; minute < 12; minute++) await bench.after(60);
    const heard = hook.received.flatMap(({ body }) =>
      body.alerts.map(
        ({ status, labels }: { status: string; labels: { flink_cluster: string } }) =>
          `${status} ${labels.flink_cluster}`,
      ),
    );
    t.strictSame(
      clusters.slice(1, -1).filter((one) => !heard.includes(`firing ${one}`)),
      [],
      'all that is open is told',
    );
    t.equal(heard.filter((one) => one === 'resolved c1').length, 1, 'and the end of what was queued');
    t.notOk(heard.includes('firing c700'), 'what came and went while nobody listened is not');
    t.strictSame([bench.store.outbox.size(), bench.notifier.figures.held], [0, 0]);
  },
);

t.test(
  'of what waits, the last word of each finding stays; what it took the place of is counted and said',
  async (t) => {
    const { bench, hook } = await rig(t, { groupWaitMs: 0, repeatMs: 60_000 });
    bench.run([accused('tm-2')]);
    await bench.after(1);
    t.strictSame(told(hook), ['opened tm-2-strangers']);
    hook.answer = broken;
    let flaps = 0;
    while (bench.notifier.figures.superseded === 0 && flaps < 1000) {
      flaps += 1;
      bench.run([accused('tm-1')]);
      await bench.after(120);
      bench.run([]);
      await bench.after(120);
    }
    const { superseded } = bench.notifier.figures;
    t.ok(superseded > 100, `${superseded} after ${flaps} flaps`);
    t.match(
      bench.logged.filter(({ text }) => text.includes('the last word alone')),
      [{ level: 'warn', fields: { sink: 'sink', superseded } }],
    );
    hook.received.splice(0);
    hook.answer = { status: 200 };
    for (let minute = 0; minute < 10; minute++) await bench.after(60);
    const ends = told(hook).filter((one) => one.startsWith('resolved tm-2'));
    t.strictSame(ends, ['resolved tm-2-strangers'], 'an end of what the sink heard of is never lost');
    t.equal(new Set(told(hook)).size, told(hook).length, 'and nothing comes twice');
  },
);

t.test('room counts messages, and characters however few they are', (t) => {
  const backlog = new Backlog();
  t.equal(backlog.room, BACKLOG_MOST * 100);
  backlog.set(Array.from({ length: BACKLOG_MOST - 1 }, () => ({ body: '{}' })));
  t.equal(backlog.room, 100);
  backlog.added({ body: '{}' });
  t.equal(backlog.room, 0);
  backlog.left({ body: '{}' });
  t.equal(backlog.room, 100);
  const long = { body: 'x'.repeat(BACKLOG_CHARACTERS_MOST) };
  backlog.set([long]);
  t.equal(backlog.room, 0);
  backlog.left(long);
  t.equal(backlog.room, BACKLOG_MOST * 100);
  t.end();
});
