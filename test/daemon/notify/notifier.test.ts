import t from 'tap';
import { findingAlert, type Told } from '../../../src/daemon/notify/alert.ts';
import { collapsed, encode } from '../../../src/daemon/notify/message.ts';
import type { Message } from '../../../src/daemon/types.ts';
import { accused } from '../cluster-report.ts';
import { settingsOf, webhook } from './bench.ts';
import { HOUR, rig, told } from './rig.ts';

t.test('what opens is told once, when its group was collected, and what resolves likewise', async (t) => {
  const { bench, hook } = await rig(t);
  bench.run([accused('tm-1')]);
  await bench.after(9);
  t.strictSame(told(hook), []);
  bench.run([accused('tm-1'), accused('tm-2')]);
  await bench.after(1);
  t.strictSame(told(hook), ['opened tm-1-strangers', 'opened tm-2-strangers']);
  t.equal(hook.received.length, 1, 'one notification for the group');
  for (let minute = 0; minute < 60; minute++) {
    bench.run([accused('tm-1'), accused('tm-2')]);
    await bench.after(60);
  }
  t.equal(hook.received.length, 1, 'what stays is not told again');
  bench.run([accused('tm-2')]);
  await bench.after(10);
  t.strictSame(told(hook).slice(2), ['resolved tm-1-strangers']);
  t.equal(bench.store.outbox.size(), 0);
});

t.test('what stays open is repeated after the repeat interval', async (t) => {
  const { bench, hook } = await rig(t);
  bench.run([accused('tm-1')]);
  await bench.after(10);
  await bench.after(4 * HOUR - 1);
  t.equal(hook.received.length, 1);
  await bench.after(1);
  t.strictSame(told(hook), ['opened tm-1-strangers', 'reminder tm-1-strangers']);
});

t.test('what comes back soon after its end is told when it stays, and later ones at once', async (t) => {
  const { bench, hook } = await rig(t);
  bench.run([accused('tm-1')]);
  await bench.after(10);
  bench.run([]);
  await bench.after(10);
  bench.run([accused('tm-1')]);
  await bench.after(60);
  t.equal(hook.received.length, 2, 'held: it may be flapping');
  for (let minute = 0; minute < 15; minute++) await bench.after(60);
  t.equal(hook.received.length, 3, 'not forgotten');
  bench.run([]);
  await bench.after(10);
  await bench.after(16 * 60);
  bench.run([accused('tm-1')]);
  await bench.after(10);
  t.strictSame(
    told(hook).map((one) => one.split(' ')[0]),
    ['opened', 'resolved', 'opened', 'resolved', 'opened'],
  );
});

t.test('severity: below the least nothing; worse is told at once, better is not', async (t) => {
  const { bench, hook } = await rig(t);
  bench.run([accused('tm-1', { severity: 'low' })]);
  await bench.after(60);
  t.equal(hook.received.length, 0);
  for (const severity of ['medium', 'high', 'medium', 'high', 'critical', 'medium'] as const) {
    bench.run([accused('tm-1', { severity })]);
    await bench.after(60);
  }
  t.strictSame(
    hook.received.map(({ body }) => [body.alerts[0].annotations.reason, body.alerts[0].labels.severity]),
    [
      ['opened', 'medium'],
      ['worsened', 'high'],
      ['worsened', 'critical'],
    ],
  );
  bench.run([accused('tm-1', { severity: 'low' })]);
  await bench.after(10);
  t.equal(told(hook).at(-1), 'resolved tm-1-strangers', 'what is below the least is no matter of this sink');
});

t.test('what is waived is told as waived, and comes back when the waiver is over', async (t) => {
  const { bench, hook } = await rig(t);
  const waived = { id: 'w', until: '2026-12-31', owner: 'sec', reason: 'known' };
  bench.run([accused('tm-1')]);
  await bench.after(10);
  bench.run([accused('tm-1', { waived })]);
  await bench.after(10);
  t.strictSame(told(hook), ['opened tm-1-strangers', 'waived tm-1-strangers']);
  t.equal(hook.received[1]!.body.status, 'resolved');
  await bench.after(HOUR);
  bench.run([accused('tm-1')]);
  await bench.after(10);
  t.equal(told(hook).at(-1), 'opened tm-1-strangers');
});

t.test('only what is asked for: resolved only, inconclusive never', async (t) => {
  const { bench, hook } = await rig(t, { on: ['resolved'] });
  bench.run([accused('tm-1'), accused('tm-2', { verdict: 'inconclusive' })]);
  await bench.after(10);
  await bench.after(5 * HOUR);
  t.equal(hook.received.length, 0);
  bench.run([]);
  await bench.after(10);
  t.strictSame(told(hook), ['resolved tm-1-strangers']);
});

t.test('waivers that end, and runs that fail, for those who ask', async (t) => {
  const { bench, hook } = await rig(t, { on: ['opened', 'resolved', 'waiver-ending', 'run-failed'] });
  const waiver = {
    id: 'w1',
    owner: 'sec',
    reason: 'known',
    until: '2026-12-01',
    scope: { member: 'tm-1' },
    matched: 2,
  };
  bench.waivers = [
    { ...waiver, state: 'ending' },
    { ...waiver, id: 'idle', matched: 0, state: 'ending' },
    { ...waiver, id: 'far', state: 'active' },
  ];
  await bench.after(0);
  await bench.after(10);
  t.strictSame(told(hook), ['waiver-ending waiver w1 2026-12-01']);
  bench.waivers = [{ ...waiver, state: 'expired' }];
  await bench.after(61);
  t.strictSame(told(hook).slice(1), ['worsened waiver w1 2026-12-01']);
  bench.waivers = [];
  await bench.after(61);
  await bench.after(10);
  t.strictSame(told(hook).slice(2), ['resolved waiver w1 2026-12-01']);

  bench.notifier.runFailed('prod', 'REST does not answer');
  await bench.after(5);
  bench.notifier.runFailed('prod', 'REST does not answer');
  await bench.after(5);
  t.strictSame(told(hook).slice(3), ['run-failed run-failed']);
  t.match(hook.received[3]!.body.alerts[0], {
    labels: { alertname: 'FlinkprobeRunFailed', flink_cluster: 'prod' },
    annotations: { description: 'REST does not answer' },
  });
  bench.run([]);
  await bench.after(10);
  t.strictSame(told(hook).slice(4), ['resolved run-failed']);
});

t.test('runs that fail go on failing whatever the wire shows meanwhile, and whatever is left of them', async (t) => {
  const { bench, hook } = await rig(t, { on: ['resolved', 'run-failed'], minSeverity: 'critical' });
  bench.notifier.runFailed('prod', 'capture.pcap: no such file');
  const since = new Date(bench.now).toISOString();
  await bench.after(10);
  for (let minute = 0; minute < 3; minute++) {
    bench.run([], 'prod', { trigger: 'live' });
    await bench.after(30);
    // A run that broke off is kept, then told as failed.
    bench.run([], 'prod', { complete: false });
    bench.notifier.runFailed('prod', 'capture.pcap: no such file');
    await bench.after(30);
  }
  t.strictSame(told(hook), ['run-failed run-failed'], 'whatever min_severity is: it was asked for by name');
  t.equal(hook.received[0]!.body.alerts[0].startsAt, since);
  bench.run([], 'prod');
  await bench.after(10);
  t.strictSame(told(hook).slice(1), ['resolved run-failed'], 'at once: it did not flap');
});

t.test('a wire that is not watched is an alert of its own, which no run ends', async (t) => {
  const { bench, hook } = await rig(t, { on: ['resolved', 'run-failed'] });
  bench.notifier.wire('prod', 'eth9: no such device');
  await bench.after(10);
  t.strictSame(told(hook), ['run-failed wire-failed']);
  t.match(hook.received[0]!.body.alerts[0], {
    labels: { alertname: 'FlinkprobeWireFailed', flink_cluster: 'prod' },
    annotations: { description: 'eth9: no such device' },
  });
  bench.run([], 'prod');
  await bench.after(10);
  await bench.restarted();
  bench.notifier.apply(settingsOf([webhook(hook.url, { on: ['resolved', 'run-failed'] })]));
  await bench.after(10);
  t.equal(hook.received.length, 1);
  bench.notifier.wire('prod', undefined);
  await bench.after(10);
  t.strictSame(told(hook).slice(1), ['resolved wire-failed']);
});

t.test('a restart tells nothing twice, and what happened meanwhile', async (t) => {
  const { bench, hook } = await rig(t);
  const settings = settingsOf([webhook(hook.url)]);
  bench.run([accused('tm-1'), accused('tm-2')]);
  await bench.after(10);
  await bench.restarted();
  bench.notifier.apply(settings);
  await bench.after(60);
  t.equal(hook.received.length, 1, 'nothing twice');
  // Kept, and killed before the notifier heard of it.
  const silent = { ...bench.notifier, committed: () => undefined };
  const { notifier } = bench;
  bench.notifier = silent as unknown as typeof notifier;
  bench.run([accused('tm-2'), accused('tm-3')]);
  bench.notifier = notifier;
  await bench.restarted();
  bench.notifier.apply(settings);
  await bench.after(10);
  t.strictSame([...told(hook).slice(2)].sort(), ['opened tm-3-strangers', 'resolved tm-1-strangers']);
});

t.test('what was queued and not yet written into the book is not queued again', async (t) => {
  const { bench, hook } = await rig(t);
  hook.answer = { status: 503 };
  const { remember } = bench.store.memory;
  bench.store.memory.remember = () => {
    throw new Error('killed here');
  };
  bench.run([accused('tm-1')]);
  await bench.after(10);
  t.equal(bench.store.outbox.size(), 1);
  bench.store.memory.remember = remember;
  await bench.restarted();
  hook.answer = { status: 200 };
  hook.received.length = 0;
  bench.notifier.apply(settingsOf([webhook(hook.url)]));
  await bench.after(30);
  await bench.after(30);
  t.strictSame(told(hook), ['opened tm-1-strangers']);
});

t.test('the end of what may have arrived is told, however much waits', async (t) => {
  const told = (status: 'firing' | 'resolved'): Told => ({
    ...findingAlert('prod', accused('tm-1'), '2026-11-22T12:00:00.000Z'),
    status,
    reason: status === 'firing' ? 'opened' : 'resolved',
  });
  const message = (id: number, attempts: number, alert: Told): Message => ({
    ...{ id, sink: 'sink', attempts, createdAt: '2026-11-22T12:00:00.000Z', nextAttemptAt: '2026-11-22T12:00:00.000Z' },
    body: encode({ cluster: 'prod', alerts: [alert] }),
  });
  const words = (messages: readonly Message[]): readonly string[] =>
    collapsed(messages).flatMap(({ alerts }) => alerts.map(({ status }) => status));
  t.strictSame(words([message(1, 0, told('firing')), message(2, 0, told('resolved'))]), []);
  t.strictSame(words([message(1, 3, told('firing')), message(2, 0, told('resolved'))]), ['resolved']);
  const [once] = collapsed([message(1, 1, told('firing')), message(2, 0, told('firing'))]);
  const later = message(3, 0, once!.alerts[0]!);
  t.strictSame(
    words([later, message(4, 0, told('resolved'))]),
    ['resolved'],
    'nor is that forgotten when it was shortened',
  );
});

t.test('a cluster or a sink that leaves the settings', async (t) => {
  const { bench, hook } = await rig(t);
  const both = settingsOf([webhook(hook.url)], ['prod', 'test']);
  bench.notifier.apply(both);
  bench.run([accused('tm-1')], 'prod');
  bench.run([accused('tm-2')], 'test');
  await bench.after(10);
  bench.notifier.apply(settingsOf([webhook(hook.url)], ['prod']));
  await bench.after(10);
  t.equal(told(hook).at(-1), 'resolved tm-2-strangers', 'nobody looks any more: it must not alarm for ever');
  hook.answer = { status: 503 };
  bench.run([], 'prod');
  await bench.after(10);
  t.equal(bench.store.outbox.size(), 1);
  bench.notifier.apply(settingsOf([], ['prod']));
  t.equal(bench.store.outbox.size(), 0);
  t.match(bench.logged.at(-1), { fields: { dropped: 1 }, text: /no more/ });
});

t.test('a clock that is set back silences nothing', async (t) => {
  const { bench, hook } = await rig(t);
  bench.run([accused('tm-1')]);
  await bench.after(10);
  bench.now -= 24 * HOUR * 1000;
  bench.run([accused('tm-1'), accused('tm-2')]);
  await bench.after(10);
  t.equal(told(hook).at(-1), 'opened tm-2-strangers');
  await bench.after(4 * HOUR);
  t.ok(told(hook).includes('reminder tm-1-strangers'));
});

t.test('a store that fails holds notifications up and loses none', async (t) => {
  const { bench, hook } = await rig(t);
  bench.run([accused('tm-1')]);
  const { add } = bench.store.outbox;
  bench.store.outbox.add = () => {
    throw new Error('database or disk is full');
  };
  await bench.after(10);
  t.match(bench.logged.at(-1), { level: 'error', text: /held up/ });
  bench.store.outbox.add = add;
  await bench.after(1);
  t.strictSame(told(hook), ['opened tm-1-strangers']);
});
