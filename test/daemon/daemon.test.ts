import fc from 'fast-check';
import t from 'tap';
import { BrokenRun } from '../../src/daemon/broken-run.ts';
import type { RunRequest } from '../../src/daemon/cluster.ts';
import { TRIGGERS } from '../../src/daemon/types.ts';
import { bench, fakeTime, loaded, namesOf, pass, reportNow, setClock, settled } from './scheduling.ts';

t.beforeEach(fakeTime);

t.test('the first run is made at once, the next when its interval has passed', async (t) => {
  const { daemon, begun, store } = bench(loaded([{ schedule: { every: '1m' } }]), 'instant');
  daemon.start();
  await settled();
  t.strictSame(
    begun.map(({ trigger }) => trigger),
    ['start'],
  );
  await pass(59_000);
  t.equal(begun.length, 1);
  await pass(1000);
  await pass(60_000);
  t.strictSame(
    begun.map(({ trigger }) => trigger),
    ['start', 'schedule', 'schedule'],
  );
  t.equal(store.kept.length, 3);
  await daemon.stop();
  t.equal(store.state, 'closed');
});

t.test('a run that takes longer than the interval costs the one that was due, which is counted', async (t) => {
  const { daemon, begun, going } = bench(loaded([{ schedule: { every: '10s' } }]));
  daemon.start();
  await pass(25_000);
  t.equal(begun.length, 1);
  t.equal(daemon.status().clusters[0]?.missedRuns, 2);
  going[0]!.end();
  await pass(10_000);
  t.equal(begun.length, 2);
});

t.test('a run that is asked for joins the one that goes on; a restart is looked at again afterwards', async (t) => {
  const { daemon, begun, going } = bench(loaded([{ schedule: 'none' }]));
  daemon.start();
  await settled();
  const first = daemon.runNow('prod', 'request');
  t.strictSame(daemon.runNow('prod', 'signal'), first);
  daemon.runNow('prod', 'restart');
  going[0]!.end();
  await settled();
  t.strictSame(
    begun.map(({ trigger }) => trigger),
    ['start', 'restart'],
  );
  going[0]!.end();
  await settled();
  t.equal(begun.length, 2);
  t.equal(daemon.runNow('other', 'request'), undefined);
});

t.test('a run gets no more connections than there are', async (t) => {
  const { daemon, begun } = bench(loaded([{ parallel: 64 }], { connections: 10 }));
  daemon.start();
  await settled();
  t.equal(begun[0]?.settings.parallel, 10);
});

t.test('a run that hangs is ended at its limit, kept as incomplete, and told', async (t) => {
  const { daemon, going, store } = bench(loaded([{ schedule: 'none', run_timeout: '30s' }]));
  daemon.start();
  await settled();
  const [run] = going;
  run!.request.signal.addEventListener('abort', () => run!.end({ complete: false }));
  await pass(29_000);
  t.equal(store.kept.length, 0);
  await pass(1000);
  t.strictSame(
    store.kept.map(({ report }) => report.complete),
    [false],
  );
  t.match(daemon.readiness().problems.join(), /prod.*ended after 30 s/);
  t.equal(daemon.readiness().ready, true, 'the daemon does its work');
  daemon.runNow('prod', 'request');
  await settled();
  going[0]!.end();
  await settled();
  t.strictSame(daemon.readiness().problems, []);
});

t.test('a run that broke off is kept as incomplete, and told like one that failed', async (t) => {
  const failed: string[] = [];
  const { daemon, going, store } = bench(loaded([{ captures: ['a.pcap'] }]), 'held', {
    failed: (cluster, problem) => void failed.push(`${cluster}: ${problem}`),
  });
  daemon.start();
  await settled();
  going[0]!.fail(new BrokenRun('the analysis broke off', reportNow({ complete: false, verdict: 'inconclusive' })));
  await settled();
  t.match(
    store.kept.map(({ trigger, report }) => [trigger, report.complete, report.verdict]),
    [['start', false, 'inconclusive']],
  );
  t.strictSame(failed, ['prod: the analysis broke off']);
  t.match(daemon.readiness().problems, ['prod: the last run failed: the analysis broke off']);
  await pass(60_000);
  t.equal(going.length, 1, 'the schedule goes on');
});

t.test('captures are analysed one cluster after the other, and wait for no connection', async (t) => {
  const clusters = [{ name: 'a' }, { name: 'b', captures: ['b.pcap'] }, { name: 'c', captures: ['c.pcap'] }];
  const { daemon, going } = bench(loaded(clusters, { connections: 1 }));
  daemon.start();
  await settled();
  t.strictSame(namesOf(going.map(({ request }) => request)), ['a', 'b']);
  going[1]!.end();
  await settled();
  t.strictSame(namesOf(going.map(({ request }) => request)), ['a', 'c']);
  going[0]!.end();
  going[0]!.end();
  await daemon.stop();
});

t.test('a run that cannot be made is told, and the schedule goes on', async (t) => {
  const failed: string[] = [];
  const { daemon, begun, going, store } = bench(loaded([{ schedule: { every: '10s' } }]), 'held', {
    failed: (cluster, problem) => void failed.push(`${cluster}: ${problem}`),
  });
  daemon.start();
  await settled();
  going[0]!.fail(new Error('getaddrinfo ENOTFOUND jm'));
  await settled();
  t.strictSame(failed, ['prod: getaddrinfo ENOTFOUND jm']);
  t.match(daemon.readiness().problems, ['prod: the last run failed: getaddrinfo ENOTFOUND jm']);
  t.equal(daemon.status().clusters[0]?.problem, 'getaddrinfo ENOTFOUND jm');
  await pass(10_000);
  t.equal(begun.length, 2);
  t.equal(store.kept.length, 0);
});

t.test('the end waits for the run that goes on, and keeps it as incomplete', async (t) => {
  const { daemon, going, store } = bench(loaded([{}]));
  daemon.start();
  await settled();
  const [run] = going;
  run!.request.signal.addEventListener('abort', () => run!.end({ complete: false }));
  await daemon.stop();
  t.strictSame(
    store.kept.map(({ report }) => report.complete),
    [false],
  );
  t.strictSame(
    store.happened.map(({ kind }) => kind),
    ['daemon-started', 'daemon-stopped'],
  );
  t.strictSame(daemon.runNow('prod', 'request'), { refused: 'not-now', problem: 'the daemon stops' });
});

t.test('a reload changes what is other, and leaves what is the same alone', async (t) => {
  const { daemon, begun, going, next, store } = bench(loaded([{ name: 'same' }, { name: 'other' }, { name: 'gone' }]));
  daemon.start();
  await settled();
  next.load = async () => loaded([{ name: 'same' }, { name: 'other', profile: 'quick' }, { name: 'new' }]);
  t.strictSame(await daemon.reload(), { ok: true });
  t.strictSame(daemon.clusters(), ['same', 'other', 'new']);
  await settled();
  t.strictSame(namesOf(begun), ['same', 'other', 'gone', 'new'], 'the old run of other has not ended yet');
  const aborted = going.filter(({ request }) => request.signal.aborted);
  t.strictSame(namesOf(aborted.map(({ request }) => request)), ['other', 'gone']);
  for (const one of aborted) one.end({ complete: false });
  await settled();
  t.strictSame(namesOf(begun).slice(4), ['other']);
  t.equal(begun.at(-1)?.settings.profile, 'quick');
  t.strictSame(store.stayed.at(-1), ['same', 'other', 'new'], 'also after the last word of those that went');
  t.match(
    store.happened.filter(({ kind }) => kind === 'cluster-left'),
    [{ cluster: 'gone', text: /^left the settings: 1 finding that was open counts as resolved/ }],
  );
});

t.test('settings that are wrong change nothing, and the next ones count', async (t) => {
  const { daemon, begun, next, lines } = bench(loaded([{}]), 'instant');
  daemon.start();
  await settled();
  next.load = async () => {
    throw new Error('/etc/f.yaml:4:3: "profil" is no key here (profile?)');
  };
  t.match(await daemon.reload(), { ok: false, problem: /f\.yaml:4:3/ });
  t.match(daemon.status().lastReload, { ok: false, problem: /f\.yaml:4:3/ });
  t.match(daemon.readiness(), { ready: true, problems: [/not reloaded: .*f\.yaml:4:3/] });
  t.ok(lines.some((line) => line.includes('f.yaml:4:3')));
  await pass(60_000);
  t.equal(begun.length, 2, 'the old ones stay in force');
  next.load = async () => loaded([{ name: 'b' }]);
  t.match(await daemon.reload(), { ok: true });
  t.strictSame(daemon.clusters(), ['b']);
  t.strictSame(daemon.readiness().problems, []);
});

t.test('settings that the listener refuses, and a history elsewhere, change nothing either', async (t) => {
  const { daemon, next } = bench(loaded([{}]), 'instant', {
    accept: async ({ settings }) => {
      if (settings.web.port === 1) throw new Error('listen EACCES 127.0.0.1:1');
    },
  });
  daemon.start();
  next.load = async () => loaded([{ name: 'b' }], { web: { listen: '127.0.0.1:1' } });
  t.match(await daemon.reload(), { ok: false, problem: /EACCES/ });
  next.load = async () => loaded([{ name: 'b' }], { state: { path: 'elsewhere.db' } });
  t.match(await daemon.reload(), { ok: false, problem: /state\.path is \/state\/history\.db until/ });
  t.strictSame(daemon.clusters(), ['prod']);
});

t.test('never two runs of one cluster at once, whatever is asked and reloaded meanwhile', async () => {
  const names = ['a', 'b', 'c'] as const;
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        what: fc.constant('run' as const),
        name: fc.constantFrom(...names),
        trigger: fc.constantFrom(...TRIGGERS),
      }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('end' as const), index: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('fail' as const), index: fc.nat(5) }) },
    {
      weight: 2,
      arbitrary: fc.record({ what: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 50 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constant('clock' as const), seconds: fc.integer({ min: -7200, max: 7200 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        what: fc.constant('reload' as const),
        clusters: fc.subarray([...names], { minLength: 1 }),
        profile: fc.constantFrom('quick' as const, 'standard' as const),
        connections: fc.integer({ min: 1, max: 130 }),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      fakeTime();
      const { daemon, going, next, begun, store } = bench(
        loaded(names.map((name) => ({ name, schedule: { every: '20s', jitter: '5s' } }))),
      );
      daemon.start();
      await settled();
      for (const one of steps) {
        if (one.what === 'run') daemon.runNow(one.name, one.trigger);
        if (one.what === 'end') going[one.index % Math.max(1, going.length)]?.end();
        if (one.what === 'fail') going[one.index % Math.max(1, going.length)]?.fail(new Error('no'));
        if (one.what === 'pass') await pass(one.seconds * 1000, 5000);
        if (one.what === 'clock') setClock(one.seconds * 1000);
        if (one.what === 'reload') {
          next.load = async () =>
            loaded(
              one.clusters.map((name) => ({ name, profile: one.profile, schedule: { every: '20s' } })),
              { connections: one.connections },
            );
          void daemon.reload();
        }
        await settled();
        const now = namesOf(going.map(({ request }) => request));
        if (new Set(now).size < now.length) throw new Error(`two at once: ${now.join()}`);
      }
      const stopped = daemon.stop();
      while (going.length > 0) {
        going[0]!.end({ complete: false });
        await settled();
      }
      await stopped;
      const count = begun.length;
      await pass(100_000, 20_000);
      if (begun.length !== count) throw new Error('a run after the end');
      const ids = store.kept.map(({ id }) => id);
      if (new Set(ids).size < ids.length) throw new Error('kept twice');
    }),
    { numRuns: 60 },
  );
});

t.test('a clock that is set is told, and runs go on in both directions', async (t) => {
  const { daemon, begun, store } = bench(loaded([{ schedule: { every: '1m' } }]), 'instant');
  daemon.start();
  await settled();
  setClock(-6 * 3_600_000);
  await pass(95_000);
  t.equal(begun.length, 2, 'set back by six hours: it does not wait for them');
  setClock(24 * 3_600_000);
  await pass(95_000);
  t.ok(begun.length >= 3);
  t.ok((daemon.status().clusters[0]?.missedRuns ?? 0) > 1000 - 1, 'a day of minutes, as far as they are counted');
  t.ok(
    store.kept.every(({ id }, index) => index === 0 || id > store.kept[index - 1]!.id),
    'ids sort as runs were made',
  );
});

t.test('a run that waits for connections is late, and after a minute the daemon says so', async (t) => {
  const { daemon } = bench(
    loaded(
      [
        { name: 'a', schedule: 'none' },
        { name: 'b', schedule: 'none' },
      ],
      { connections: 1 },
    ),
  );
  daemon.start();
  await pass(61_000);
  t.match(daemon.status().clusters, [
    { state: 'running', lateMs: 0 },
    { state: 'waiting', lateMs: 61_000 },
  ]);
  t.match(daemon.readiness(), { ready: false, lateMs: 61_000, problems: [/b: its run is 61 s late/] });
});

t.test('cells are published when they change, and only then', async (t) => {
  const told: string[] = [];
  const { daemon } = bench(loaded([{ schedule: { every: '10s' } }]), 'instant');
  daemon.live.subscribe(({ event }) => void told.push(event));
  daemon.start();
  await settled();
  t.equal(told.filter((one) => one === 'channel').length, 1);
  await pass(20_000);
  t.equal(told.filter((one) => one === 'run-finished').length, 3);
  t.equal(told.filter((one) => one === 'channel').length, 1);
});

t.test('a watch that cannot begin or end costs that watch only', async (t) => {
  const { daemon, begun, next } = bench(loaded([{ schedule: 'none' }]), 'instant', {
    companions: [
      () => {
        throw new Error('no dumpcap');
      },
      () => ({ stop: () => Promise.reject(new Error('it hangs')) }),
    ],
  });
  daemon.start();
  await settled();
  next.load = async () => loaded([{ schedule: 'none', profile: 'quick' }]);
  await daemon.reload();
  await settled();
  t.strictSame(
    begun.map(({ settings }: RunRequest) => settings.profile),
    ['standard', 'quick'],
  );
});

t.test('a run that was told to end has not failed', async (t) => {
  const failed: string[] = [];
  const { daemon, going } = bench(loaded([{}]), 'held', { failed: (cluster) => void failed.push(cluster) });
  daemon.start();
  await settled();
  const stopped = daemon.stop();
  going[0]!.fail(new Error('aborted'));
  await stopped;
  t.strictSame(failed, []);
});
