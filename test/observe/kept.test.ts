import t from 'tap';
import { KeptConnections } from '../../src/observe/kept.ts';
import type { ConnectionRecord } from '../../src/observe/record.ts';

let frame = 0;
const silent = (client: string, port: number): ConnectionRecord =>
  ({
    hosts: [client, '10.0.0.1'],
    ports: [40_000, port],
    encapsulation: 0,
    synAck: 'seen',
    first: { frame: ++frame, seconds: 0, nanoseconds: 0 },
    speech: { kind: 'silent' },
  }) as unknown as ConnectionRecord;

const total = (kept: KeptConnections): number => kept.list().reduce((sum, { repeats }) => sum + 1 + repeats, 0);

t.test('keeps every connection while there is room, in the order of their first packets', async (t) => {
  const kept = new KeptConnections(100);
  for (let i = 0; i < 100; i++) kept.add(silent(`10.0.1.${i}`, 6121 + (i % 3)));
  const frames = kept.list().map(({ record }) => record.first.frame);
  t.strictSame(
    frames,
    [...frames].sort((a, b) => a - b),
  );
  t.equal(frames.length, 100);
  t.equal(kept.folded, 0);
});

t.test('beyond its limit counts a connection with one of its kind and loses none', async (t) => {
  const kept = new KeptConnections(50);
  for (let i = 0; i < 1000; i++) kept.add(silent(`10.0.${i >> 8}.${i & 255}`, 6121));
  t.equal(kept.list().length, 50);
  t.equal(total(kept), 1000);
  t.equal(kept.folded, 950);
});

t.test('a new kind always finds a place while another kind has several', async (t) => {
  const kept = new KeptConnections(50);
  for (let i = 0; i < 500; i++) kept.add(silent('10.0.1.1', 6121));
  for (let port = 1; port <= 40; port++) kept.add(silent('10.0.1.1', port));
  const ports = new Set(kept.list().map(({ record }) => record.ports[1]));
  t.equal(ports.size, 41);
  t.ok(kept.list().length <= 50);
  t.equal(total(kept), 540);
});

t.test('holds no more than its limit even where every connection is of a kind of its own', async (t) => {
  const kept = new KeptConnections(50);
  for (let port = 1; port <= 10_000; port++) kept.add(silent('10.0.1.1', port));
  t.equal(kept.list().length, 50);
  t.equal(kept.folded, 9950);
});
