import t from 'tap';
import { settingsOf } from '../../../src/daemon/settings-values.ts';
import type { WrittenSink } from '../../../src/daemon/settings-written.ts';
import { accused } from '../cluster-report.ts';
import { Bench } from './bench.ts';
import { type Receiver, receiver } from './receiver.ts';
import { told } from './rig.ts';

interface Stage {
  readonly bench: Bench;
  readonly hook: Receiver;
  readonly apply: (...sinks: readonly WrittenSink[]) => void;
  readonly hooked: (change?: { name?: string }) => WrittenSink;
}

async function stage(t: { teardown(work: () => Promise<void>): void }): Promise<Stage> {
  const [bench, hook] = [new Bench(), await receiver()];
  t.teardown(async () => {
    await bench.end();
    await hook.close();
  });
  const apply = (...notify: readonly WrittenSink[]): void => {
    const written = { version: 1 as const, clusters: [{ name: 'prod', targets: ['jm:6123'] }], notify: [...notify] };
    bench.notifier.apply(settingsOf(written, { folder: '/etc', stateFolder: '/state' }));
  };
  const hooked = (change = {}): WrittenSink => ({ type: 'webhook', url: `${hook.url}/hook`, ...change });
  return { bench, hook, apply, hooked };
}

const other: WrittenSink = { type: 'exec', command: ['/bin/true'], min_severity: 'critical', on: [] };

t.test('a sink without a name is the same wherever it stands in the list, also after a restart', async (t) => {
  const { bench, hook, apply, hooked } = await stage(t);
  apply(hooked());
  bench.run([accused('tm-1')]);
  await bench.after(10);
  bench.run([]);
  await bench.restarted();
  apply(other, hooked());
  await bench.after(10);
  t.strictSame(told(hook), ['opened tm-1-strangers', 'resolved tm-1-strangers']);
});

for (const when of ['while the daemon runs', 'at a restart'] as const) {
  t.test(`a sink that is called otherwise ${when} knows what it was told, and gets what waits`, async (t) => {
    const { bench, hook, apply, hooked } = await stage(t);
    apply(hooked());
    bench.run([accused('tm-1')]);
    await bench.after(10);
    hook.answer = { status: 503 };
    bench.run([accused('tm-1'), accused('tm-2')]);
    await bench.after(10);
    t.equal(bench.store.outbox.size(), 1);
    bench.run([accused('tm-2')]);
    if (when === 'at a restart') await bench.restarted();
    apply(other, hooked({ name: 'oncall' }));
    t.equal(bench.store.outbox.size(), 1, 'nothing is dropped');
    hook.received.splice(0);
    hook.answer = { status: 200 };
    for (let minute = 0; minute < 3; minute++) await bench.after(60);
    t.strictSame(told(hook).toSorted(), ['opened tm-2-strangers', 'resolved tm-1-strangers'], 'each once');
    t.equal(hook.received[0]!.body.receiver, 'oncall');
    await bench.restarted();
    apply(hooked({ name: 'oncall' }));
    await bench.after(60);
    t.equal(told(hook).length, 2, 'and remembers it under its new name');
  });
}

t.test('a sink of another address is another one: it is told what is open', async (t) => {
  const { bench, hook, apply, hooked } = await stage(t);
  const second = await receiver();
  t.teardown(() => second.close());
  apply(hooked({ name: 'a' }));
  bench.run([accused('tm-1')]);
  await bench.after(10);
  apply({ type: 'webhook', url: `${second.url}/hook`, name: 'b' });
  await bench.after(10);
  t.strictSame([told(hook), told(second)], [['opened tm-1-strangers'], ['opened tm-1-strangers']]);
});

t.test('names tell the type and the receiver, and hold no secret', (t) => {
  const names = (...notify: WrittenSink[]): readonly string[] =>
    settingsOf(
      { version: 1, clusters: [{ name: 'prod', targets: ['jm:6123'] }], notify },
      { folder: '/etc', stateFolder: '/state' },
    ).notify.map(({ name }) => name);
  const url = 'https://hooks.example.org/T0123/s3cr3t';
  const [first, second] = names({ type: 'webhook', url }, { type: 'webhook', url: `${url}x` });
  t.match(first, /^webhook-hooks\.example\.org-[0-9a-f]{8}$/);
  t.not(first, second);
  t.match(
    names({ type: 'exec', command: ['/usr/local/bin/on-finding', '--token=s3cr3t'] })[0],
    /^exec-on-finding-[0-9a-f]{8}$/,
  );
  t.match(names({ type: 'slack', url: { file: 'slack.url' } })[0], /^slack-[0-9a-f]{8}$/);
  t.equal(names({ type: 'slack', name: 'chat', url: { file: 'slack.url' } })[0], 'chat');
  t.end();
});
