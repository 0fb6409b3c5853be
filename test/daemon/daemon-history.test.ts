import t from 'tap';
import { bench, fakeTime, loaded, pass, settled } from './scheduling.ts';

t.beforeEach(fakeTime);

t.test('an end that cannot wait closes the history all the same, once', async (t) => {
  const { daemon, going, store } = bench(loaded([{}]));
  daemon.start();
  await settled();
  const stopped = daemon.stop();
  daemon.close();
  t.equal(store.state, 'closed');
  going[0]!.end({ complete: false });
  await stopped;
  t.equal(store.happened.filter(({ kind }) => kind === 'daemon-stopped').length, 1);
});

t.test('a history that cannot be read keeps no daemon from starting', async (t) => {
  const { daemon, store, begun, lines } = bench(loaded([{}]), 'instant');
  store.remembering = 'damaged';
  daemon.start();
  await settled();
  t.equal(begun[0]?.baseline, undefined);
  t.equal(store.kept.length, 1);
  t.ok(lines.some((line) => line.includes('an earlier run cannot be read')));
  t.equal(daemon.readiness().ready, true);
});

t.test('a store that is full makes the daemon not ready until what waited is kept', async (t) => {
  const { daemon, store } = bench(loaded([{ schedule: 'none' }]), 'instant');
  daemon.start();
  await settled();
  store.writing = 'full';
  daemon.runNow('prod', 'request');
  await settled();
  t.match(daemon.readiness(), { ready: false, problems: [/the store fails: .*full/] });
  t.equal(daemon.status().store.state, 'failing');
  t.equal(daemon.cells('prod').length > 0, true, 'the page shows what was seen');
  store.writing = undefined;
  await pass(10_000);
  t.strictSame([daemon.readiness().ready, store.kept.length], [true, 2]);
  t.equal(daemon.status().store.state, 'open');
});

t.test('however many ask for the status, the store is asked once a run', async (t) => {
  const { daemon, store } = bench(
    loaded([
      { name: 'a', schedule: 'none' },
      { name: 'b', schedule: 'none' },
    ]),
    'instant',
  );
  daemon.start();
  await settled();
  daemon.status();
  const before = store.asked;
  for (let reader = 0; reader < 200; reader++) daemon.status();
  t.equal(store.asked, before);
});

t.test('retention leaves pauses, and there is one of it at a time', async (t) => {
  const { daemon, store } = bench(loaded([{ schedule: 'none' }]), 'instant');
  store.moreToRetain = true;
  daemon.start();
  await settled();
  t.equal(store.retained, 1);
  await pass(750, 75);
  t.equal(store.retained, 11);
  store.moreToRetain = false;
  await pass(150, 75);
  const before = store.retained;
  await pass(300_000, 60_000);
  t.equal(store.retained, before);
  await daemon.stop();
});

t.test('what else uses the history ends after the last run is kept, and before the history is closed', async (t) => {
  const seen: (readonly [number, string])[] = [];
  const one = bench(loaded([{}]), 'held', {
    ending: async () => void seen.push([one.store.kept.length, one.store.state]),
  });
  one.daemon.start();
  await settled();
  const stopped = one.daemon.stop();
  one.going[0]!.end({ complete: false });
  await stopped;
  t.strictSame(seen, [[1, 'open']]);
  t.equal(one.store.state, 'closed');
});

t.test('what a run shows to have happened is told to live readers when it is kept', async (t) => {
  const { daemon, store } = bench(loaded([{ schedule: 'none' }]), 'instant');
  const happening = {
    cluster: 'prod',
    kind: 'certificate-changed',
    at: '2026-11-22T12:00:00.000Z',
    text: 'x',
  } as const;
  store.shows = () => [happening];
  store.writing = 'full';
  daemon.start();
  await settled();
  const told = (): unknown[] =>
    (daemon.live.since(0) ?? []).flatMap(({ data }) => (data === happening ? [happening] : []));
  t.strictSame(told(), []);
  store.writing = undefined;
  await pass(10_000);
  t.strictSame(told(), [happening]);
});
