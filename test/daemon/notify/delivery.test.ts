import t from 'tap';
import { accused } from '../cluster-report.ts';
import { alertmanager, Bench, command, pagerDuty, settingsOf, webhook } from './bench.ts';
import { receiver } from './receiver.ts';
import { HOUR, rig, told } from './rig.ts';

t.test(
  'a sink that is down for a day gets the last state of everything, in order, and nothing else waits long',
  async (t) => {
    const { bench, hook } = await rig(t, { repeatMs: HOUR * 1000 });
    const other = await receiver();
    t.teardown(() => other.close());
    bench.notifier.apply(
      settingsOf([webhook(hook.url, { repeatMs: HOUR * 1000 }), alertmanager(other.url, { name: 'am' })]),
    );
    hook.answer = { status: 503 };
    bench.run([accused('tm-1'), accused('tm-2')]);
    for (let minute = 0; minute < 24 * 60; minute++) {
      if (minute === 60) bench.run([accused('tm-2')]);
      if (minute === 120) bench.run([accused('tm-2'), accused('tm-3')]);
      await bench.after(60);
    }
    const attempts = hook.received.length;
    t.ok(attempts > 250 && attempts < 450, `${attempts} attempts: the pause grows to some minutes`);
    t.ok(bench.store.outbox.size() <= 3, 'reminders do not pile up');
    t.ok(other.received.length >= 24 * 60 - 2, 'the other sink is not held up');
    hook.received.length = 0;
    hook.answer = { status: 200 };
    for (let minute = 0; minute < 6; minute++) await bench.after(60);
    t.strictSame(told(hook), [
      'opened tm-1-strangers',
      'opened tm-2-strangers',
      'resolved tm-1-strangers',
      'opened tm-3-strangers',
    ]);
    t.equal(bench.store.outbox.size(), 0);
  },
);

t.test('a sink that does not listen is in the figures, with what waits and since when, until it listens', async (t) => {
  const { bench, hook } = await rig(t, { groupWaitMs: 0 });
  bench.run([accused('tm-1')]);
  await bench.after(1);
  t.equal(bench.notifier.figures.down, undefined, 'it listens');
  hook.answer = { status: 503 };
  bench.run([accused('tm-1'), accused('tm-2')]);
  await bench.after(1);
  const [first] = bench.notifier.figures.down ?? [];
  t.match(first, { waiting: 1, problem: /503/ });
  t.match(first?.since, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  await bench.after(60);
  t.equal(bench.notifier.figures.down?.[0]?.since, first?.since, 'the first failure, not the last one');
  hook.answer = { status: 200 };
  await bench.after(HOUR);
  t.equal(bench.notifier.figures.down, undefined);
});

t.test('the outbox stays small however long a sink is down', async (t) => {
  const { bench, hook } = await rig(t, { repeatMs: 60_000, groupWaitMs: 0 });
  hook.answer = { status: 503 };
  for (let round = 0; round < 600; round++) {
    bench.run(round % 2 === 0 ? [accused(`tm-${round % 7}`)] : [accused('tm-9')]);
    await bench.after(120);
  }
  t.ok(bench.store.outbox.size() <= 210, `${bench.store.outbox.size()} wait`);
  hook.answer = { status: 200 };
  hook.received.length = 0;
  await bench.after(600);
  await bench.after(600);
  const last = new Map(
    told(hook)
      .map((one) => one.split(' ') as [string, string])
      .map(([reason, key]) => [key, reason]),
  );
  t.ok(['opened', 'reminder'].includes(last.get('tm-9-strangers')!), 'what is open is told');
  for (const [key, reason] of last) if (key !== 'tm-9-strangers') t.equal(reason, 'resolved', key);
});

t.test('what is refused is set aside with a line in the log, and told again under other settings', async (t) => {
  const { bench, hook } = await rig(t);
  hook.answer = { status: 400, body: 'no such field: alerts' };
  bench.run([accused('tm-1')]);
  await bench.after(10);
  t.equal(hook.received.length, 1);
  for (let minute = 0; minute < 60; minute++) await bench.after(60);
  t.equal(hook.received.length, 1, 'not tried again');
  t.equal(bench.store.outbox.size(), 1, 'it is still there to be seen');
  const line = bench.logged.find(({ level }) => level === 'error');
  t.match(line, { text: /refused/, fields: { sink: 'sink', problem: 'HTTP 400: no such field: alerts' } });
  bench.run([accused('tm-1'), accused('tm-2')]);
  hook.answer = { status: 200 };
  await bench.after(10);
  t.equal(told(hook).at(-1), 'opened tm-2-strangers', 'it holds up nothing');
  bench.notifier.apply(settingsOf([webhook(hook.url, { timeoutMs: 1000 })]));
  await bench.after(10);
  t.equal(told(hook).at(-1), 'opened tm-1-strangers');
  t.equal(bench.store.outbox.size(), 0);
});

t.test('408 and 429 are tried again, the latter when it says', async (t) => {
  for (const [answer, wait] of [
    [{ status: 408 }, 1],
    [{ status: 429, headers: { 'retry-after': '120' } }, 120],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 1],
    [undefined, 1],
  ] as const) {
    const { bench, hook } = await rig(t, { timeoutMs: 200 });
    hook.answer = answer;
    bench.run([accused('tm-1')]);
    await bench.after(10);
    hook.answer = { status: 204 };
    await bench.after(wait / 2 - 0.1);
    t.equal(hook.received.length, 1, `${answer?.status}: not yet`);
    await bench.after(wait / 2 + 0.1);
    t.strictSame(told(hook), ['opened tm-1-strangers', 'opened tm-1-strangers'], `${answer?.status}`);
  }
});

t.test('secrets are read when they are used, and stand in no log and not in the store', async (t) => {
  const [bench, hook] = [new Bench(), await receiver()];
  t.teardown(async () => {
    await bench.end();
    await hook.close();
  });
  const secret = { kind: 'environment', name: 'HOOK' } as const;
  bench.notifier.apply(settingsOf([webhook('', { url: secret, bearer: { kind: 'environment', name: 'BEARER' } })]));
  bench.run([accused('tm-1')]);
  await bench.after(10);
  t.match(bench.logged.at(-1), { level: 'warn', fields: { problem: 'no such secret' } });
  bench.secrets.set('HOOK', `${hook.url}/s3cr3t-path`);
  bench.secrets.set('BEARER', 's3cr3t-token');
  hook.answer = { status: 500, body: `bad token s3cr3t-token at ${hook.url}/s3cr3t-path` };
  await bench.after(60);
  t.equal(hook.received[0]!.path, '/s3cr3t-path');
  t.equal(hook.received[0]!.headers.authorization, 'Bearer s3cr3t-token');
  bench.secrets.set('BEARER', 's3cr3t-rotated');
  hook.answer = { status: 200 };
  await bench.after(60);
  t.equal(hook.received[1]!.headers.authorization, 'Bearer s3cr3t-rotated');
  bench.secrets.set('HOOK', 'http://[s3cr3t-path');
  bench.run([]);
  await bench.after(10);
  t.match(bench.logged.at(-1), { level: 'warn' });
  t.notMatch(JSON.stringify(bench.logged), /s3cr3t/);
  t.notMatch(JSON.stringify(bench.store.outbox.due('9999-12-31T23:59:59.999Z', 100)), /s3cr3t/);
});

t.test('five sinks, one of them slow: the others are told at once', async (t) => {
  const [bench, slow, quick] = [new Bench(), await receiver(), await receiver()];
  t.teardown(async () => {
    await bench.end();
    await slow.close();
    await quick.close();
  });
  slow.answer = undefined;
  bench.secrets.set('PD_KEY', 'k');
  bench.notifier.apply(
    settingsOf([
      webhook(slow.url, { name: 'slow', timeoutMs: 60_000 }),
      webhook(quick.url, { name: 'hook' }),
      alertmanager(quick.url, { name: 'am' }),
      pagerDuty(quick.url, { name: 'pd' }),
      command(['true'], { name: 'exec' }),
    ]),
  );
  const heard = (): readonly string[] => [...new Set(quick.received.map((one) => one.path))].sort();
  // Ticks come again and again: what was under way at one of them is looked at by the next.
  const untilAllHeard = async (): Promise<void> => {
    for (let wait = 0; wait < 1000 && heard().length < 3; wait++) {
      void bench.notifier.tick();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  bench.run([accused('tm-1')]);
  bench.now += 10_000;
  await untilAllHeard();
  t.strictSame(heard(), ['/', '/api/v2/alerts', '/hook']);
  quick.received.length = 0;
  bench.run([accused('tm-1'), accused('tm-2')]);
  bench.now += 10_000;
  await untilAllHeard();
  t.strictSame(heard(), ['/', '/api/v2/alerts', '/hook']);
  const began = Date.now();
  await bench.notifier.stop();
  t.ok(Date.now() - began < 5000, 'and the slow one does not hold up the end');
});
