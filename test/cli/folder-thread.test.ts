import t from 'tap';
import { type FolderMeans, FolderThread } from '../../src/cli/folder-thread.ts';
import type { LiveData, LiveEventName, Publish } from '../../src/daemon/live-events.ts';
import type { Waiver } from '../../src/model/waiver.ts';
import { loaded } from '../daemon/scheduling.ts';
import { threadProgram } from '../support/thread-program.ts';
import { until } from '../support/until.ts';

/** The thread of watched folders, with programs that tell what they are told, or break off. */

const WIRE = `const wire = (cluster) => port.postMessage({ cluster, kind: 'published', event: 'wire', data:
  { cluster: 'prod', interfaces: ['/folder'], state: 'running', since: '', packets: 7, drops: 0, clearBytes: 0, tlsBytes: 0, connections: 0 } });`;
const ECHO = threadProgram(`${WIRE}
port.on('message', ({ settings, ...order }) => {
  const fields = { ...order, name: settings?.name };
  port.postMessage({ cluster: order.cluster, kind: 'log', level: 'info', fields, text: order.kind });
  wire(order.cluster);
  if (order.kind === 'begin') setInterval(() => wire(order.cluster), 50);
  if (order.kind === 'end') port.postMessage({ cluster: order.cluster, kind: 'ended' });
});`);

interface Heard {
  readonly lines: { readonly text: string; readonly fields: object }[];
  readonly events: { readonly event: LiveEventName; readonly data: LiveData[LiveEventName] }[];
  waivers: readonly Waiver[];
  readonly means: FolderMeans;
}

function heard(name: string): Heard {
  const lines: Heard['lines'] = [];
  const events: Heard['events'] = [];
  const settings = loaded([{ name, targets: [], capture: { folder: '/folder' } }]).settings.clusters[0]!;
  const publish: Publish = (event, data) => void events.push({ event, data });
  const one: Heard = {
    lines,
    events,
    waivers: [],
    means: {
      settings,
      publish,
      keep: () => undefined,
      log: (_level, fields, text) => void lines.push({ text, fields }),
      waivers: () => one.waivers,
    },
  };
  return one;
}

t.test('one thread has all folders; each hears its own, and new waivers reach it', async (t) => {
  const thread = new FolderThread(ECHO);
  const [a, b] = [heard('a'), heard('b')];
  const watches = [thread.watch(a.means), thread.watch(b.means)];
  await until('both began', () => a.lines.length > 0 && b.lines.length > 0);
  t.match(a.lines, [{ text: 'begin', fields: { name: 'a', waivers: [] } }]);
  t.match(b.lines, [{ text: 'begin', fields: { name: 'b', waivers: [] } }]);
  await until('a status', () => watches[0]!.wire.state === 'running');
  t.equal(watches[0]!.wire.packets, 7);
  t.equal(a.events[0]?.event, 'wire');
  a.waivers = [{ id: 'w1', scope: { rule: 'plaintext-channel' }, owner: 'us', reason: 'known', until: '2999-01-01' }];
  await until('new waivers', () => a.lines.at(-1)?.text === 'waivers');
  t.match(a.lines.at(-1)?.fields, { waivers: [{ id: 'w1' }] });
  t.notOk(b.lines.some(({ text }) => text === 'waivers'));
  await Promise.all(watches.map((watch) => watch.stop()));
  await until('told', () => a.lines.some(({ text }) => text === 'end'));
  t.equal(b.lines.at(-1)?.text, 'end');
  const again = thread.watch(a.means);
  await until('began again', () => a.lines.filter(({ text }) => text === 'begin').length === 2);
  t.match(a.lines.at(-1)?.fields, { waivers: [{ id: 'w1' }] });
  await again.stop();
});

t.test('a thread that breaks off is said, and begun anew with all folders', async (t) => {
  const thread = new FolderThread(
    threadProgram(`${WIRE}
    port.on('message', ({ cluster, kind }) => {
      port.postMessage({ cluster, kind: 'log', level: 'info', fields: {}, text: kind });
      wire(cluster);
      if (kind === 'end') port.postMessage({ cluster, kind: 'ended' });
      else setTimeout(() => { throw new Error('too much of it'); }, 100);
    });`),
  );
  const one = heard('a');
  const watch = thread.watch(one.means);
  await until('broke off', () => watch.wire.problem !== undefined);
  t.equal(watch.wire.state, 'restarting');
  t.match(watch.wire.problem, /broke off: too much of it/);
  t.match(one.events.at(-1), { event: 'wire', data: { state: 'restarting' } });
  t.ok(
    one.lines.some(({ text, fields }) => text === 'live wire: restarting' && /too much/.test(JSON.stringify(fields))),
  );
  await until('began again', () => one.lines.filter(({ text }) => text === 'begin').length >= 2);
  await watch.stop();
});

t.test('a thread that has no end is not waited for without end', async (t) => {
  const thread = new FolderThread(
    threadProgram(`${WIRE} port.on('message', ({ cluster, kind }) => {
      wire(cluster);
      if (kind !== 'end') return;
      if (cluster === 1) for (;;);
      port.postMessage({ cluster, kind: 'ended' });
    });`),
  );
  const one = heard('a');
  const watch = thread.watch(one.means);
  await until('a status', () => watch.wire.state === 'running');
  await watch.stop();
  t.same(one.lines, [], 'to be stopped is not to break off');
  // The thread that has no end would not answer: this is another one.
  const again = thread.watch(heard('b').means);
  await until('another thread', () => again.wire.state === 'running');
  await again.stop();
});
