import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import type { LiveEvent } from '../../src/daemon/live-events.ts';
import type { Happening } from '../../src/daemon/types.ts';
import { reportOf } from '../daemon/cluster-report.ts';
import { until } from '../support/until.ts';
import { NOW, StandIn, served } from './stand-in.ts';
import { unreading } from './upgraded.ts';

/** A reader that keeps what it is told. */
class Reader {
  readonly socket: WebSocket;
  readonly events: LiveEvent[] = [];
  readonly closed: Promise<number>;

  constructor(address: string, query = '', headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live${query}`, { headers });
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('a binary frame');
      this.events.push(JSON.parse(String(data)) as LiveEvent);
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    t.teardown(() => this.socket.terminate());
  }

  /** Resolves when so many events have come, `hello` among them. */
  async has(count: number): Promise<readonly LiveEvent[]> {
    await until(`${count} events`, () => this.events.length >= count);
    return this.events;
  }
}

function happening(number: number, octets = 0): Happening {
  return { cluster: 'prod', kind: 'restart', at: NOW, text: `${number} ${'x'.repeat(octets)}` };
}

/** Status of a request to be upgraded that is refused. */
function refusal(address: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}${path}`, { headers });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('open', () => {
      socket.close();
      reject(new Error('it was let in'));
    });
    socket.once('error', reject);
  });
}

t.test('a reader is greeted, then told what happens, one event a frame', async (t) => {
  const control = new StandIn(['prod']);
  control.live.publish('happening', happening(1));
  const { address } = await served(control);
  const reader = new Reader(address);
  const [hello] = await reader.has(1);
  t.strictSame(hello, { seq: 1, at: NOW, event: 'hello', data: { version: '0.1.0', oldest: 1, newest: 1 } });
  control.commit('prod', reportOf({}));
  const events = await reader.has(3);
  t.strictSame(
    events.slice(1).map(({ seq, event }) => [seq, event]),
    [
      [2, 'channel'],
      [3, 'run-finished'],
    ],
  );
  t.match(events[1], { at: NOW, data: { cluster: 'prod', channel: 'taskmanager-data', member: 'tm-1' } });
});

t.test('a reader that comes back misses nothing and hears nothing twice', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const heard: number[] = [];
  let publishing = true;
  const publisher = (async () => {
    for (let number = 1; number <= 600; number += 1) {
      control.live.publish('happening', happening(number));
      if (number % 3 === 0) await sleep(1);
    }
    publishing = false;
  })();
  let last = 0;
  while (publishing || heard.length < 600) {
    const reader = new Reader(address, `?since=${last}`);
    await reader.has(1);
    t.equal(reader.events[0]!.seq, last, 'what follows begins behind what is known');
    await sleep(40);
    reader.socket.terminate();
    await reader.closed;
    for (const { seq } of reader.events.slice(1)) heard.push(seq);
    last = heard.at(-1) ?? 0;
  }
  await publisher;
  t.strictSame(
    heard,
    Array.from({ length: 600 }, (_, index) => index + 1),
  );
});

t.test('a reader that was away too long, or knows another life of the daemon, is told so', async (t) => {
  const control = new StandIn(['prod'], 10);
  const { address } = await served(control);
  for (let number = 1; number <= 30; number += 1) control.live.publish('happening', happening(number));
  for (const since of [0, 5, 19, 1000]) {
    const reader = new Reader(address, `?since=${since}`);
    const [hello] = await reader.has(1);
    t.strictSame(
      hello,
      { seq: 30, at: NOW, event: 'hello', data: { version: '0.1.0', oldest: 21, newest: 30 } },
      `${since}`,
    );
    reader.socket.terminate();
  }
  const reader = new Reader(address, '?since=20');
  t.equal((await reader.has(11)).at(-1)!.seq, 30);
});

/** A reader that keeps numbers only. */
function counting(address: string): { readonly numbers: number[] } {
  const numbers: number[] = [];
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`);
  socket.on('message', (data) => {
    numbers.push(Number(/^\{"seq":(\d+)/.exec((data as Buffer).toString('latin1', 0, 24))?.[1]));
  });
  t.teardown(() => socket.terminate());
  return { numbers };
}

t.test('a slow reader is dropped with 1013, and 50 others get everything', async (t) => {
  const control = new StandIn(['prod'], 100);
  const { address } = await served(control, {}, { limits: { live: { ...LIVE, waitingBytes: 64 * 1024 } } });
  const readers = Array.from({ length: 50 }, () => counting(address));
  const slow = await unreading(t, address);
  await until('hello', () => readers.every(({ numbers }) => numbers.length === 1));
  const dropped = async (): Promise<boolean> =>
    /^flinkprobe_live_readers_dropped_total 1$/m.test(await (await fetch(`${address}/metrics`)).text());
  let published = 0;
  while (!(await dropped())) {
    for (let number = 0; number < 50; number += 1) control.live.publish('happening', happening(++published, 20_000));
    await until(`event ${published}`, () => readers.every(({ numbers }) => numbers.length === published + 1));
    if (published > 2000) throw new Error('it is never dropped');
  }
  const frames: Buffer[] = [];
  slow.on('data', (chunk: Buffer) => frames.push(chunk));
  slow.resume();
  await new Promise((resolve) => slow.once('close', resolve));
  const octets = Buffer.concat(frames);
  const at = octets.indexOf(Buffer.concat([Buffer.from([0x88, 2 + 8, 0x03, 0xf5]), Buffer.from('too slow')]));
  t.ok(at >= 0, 'close frame 1013');
  const expected = Array.from({ length: published }, (_, index) => index + 1);
  for (const { numbers } of readers) t.strictSame(numbers.slice(1), expected);
  t.match(await (await fetch(`${address}/metrics`)).text(), /^flinkprobe_live_readers 50$/m);
});

t.test('a reader that reads nothing is dropped also where little happens', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control, {}, { limits: { live: { ...LIVE, stallMs: 200 } } });
  const slow = await unreading(t, address);
  // More than the system's own buffers hold.
  for (let number = 1; number <= 400; number += 1) control.live.publish('happening', happening(number, 50_000));
  await until('full buffers', () => slow.destroyed || slow.readableLength > 0);
  await sleep(1500);
  t.match(await (await fetch(`${address}/metrics`)).text(), /^flinkprobe_live_readers_dropped_total 1$/m);
  slow.destroy();
});

t.test('readers that are gone without a word are noticed', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control, {}, { limits: { live: { ...LIVE, pingMs: 60 } } });
  const alive = new Reader(address);
  const dead = await unreading(t, address);
  await sleep(400);
  t.equal(alive.socket.readyState, WebSocket.OPEN, 'who answers pings stays');
  t.match(await (await fetch(`${address}/metrics`)).text(), /^flinkprobe_live_readers 1$/m);
  dead.destroy();
});

t.test('who may not read, or asks wrongly, is refused before there is a WebSocket', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control, {}, { limits: { live: { ...LIVE, readers: 1 } } });
  t.equal(await refusal(address, '/api/v1/live', { origin: 'https://evil.example' }), 403);
  t.equal(await refusal(address, '/api/v1/live', { origin: 'null' }), 403);
  t.equal(await refusal(address, '/api/v1/live', { 'sec-fetch-site': 'cross-site' }), 403);
  t.equal(await refusal(address, '/api/v1/live', { host: 'evil.example' }), 403);
  t.equal(await refusal(address, '/api/v1/live?since=x'), 400);
  t.equal(await refusal(address, '/api/v1/live?cluster=prod'), 400);
  t.equal(await refusal(address, '/metrics'), 404);
  const reader = new Reader(address, '', { origin: address });
  await reader.has(1);
  t.equal(await refusal(address, '/api/v1/live'), 503, 'there is a most');
  const hash = `scrypt$1024$8$1$${Buffer.from('salt').toString('base64')}$${Buffer.alloc(32).toString('base64')}`;
  const guarded = await served(control, { users: [{ name: 'ann', passwordHash: hash, role: 'reader' }] });
  t.equal(await refusal(guarded.address, '/api/v1/live'), 401);
});

t.test('readers have nothing to say: what they say ends them, and nobody else', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const quiet = new Reader(address);
  await quiet.has(1);
  const talker = new Reader(address);
  await talker.has(1);
  talker.socket.send('hello');
  t.equal(await talker.closed, 1008);
  const loud = new Reader(address);
  await loud.has(1);
  loud.socket.send('x'.repeat(5000));
  t.equal(await loud.closed, 1009);
  control.live.publish('happening', happening(1));
  await quiet.has(2);
  t.equal(quiet.socket.readyState, WebSocket.OPEN);
});

t.test('readers are sent away when the daemon stops, and when other users are in force', async (t) => {
  const server = await served(new StandIn([]));
  const one = new Reader(server.address);
  await one.has(1);
  const { port } = new URL(server.address);
  await server.apply({
    ...{ host: '127.0.0.1', port: Number(port), insecure: 'refuse', probe: { allow: 'configured' } },
    users: [
      { name: 'ann', passwordHash: `scrypt$1024$8$1$YQ==$${Buffer.alloc(32).toString('base64')}`, role: 'reader' },
    ],
  });
  t.equal(await one.closed, 1012);
  const moved = await served(new StandIn([]));
  const deaf = await unreading(t, moved.address);
  const start = performance.now();
  await moved.apply({
    ...{
      host: '127.0.0.2',
      port: Number(new URL(moved.address).port),
      insecure: 'refuse',
      probe: { allow: 'configured' },
    },
    users: [],
  });
  t.ok(performance.now() - start < 10_000, 'one that does not answer is not waited for');
  deaf.destroy();
  const other = await served(new StandIn([]));
  const two = new Reader(other.address);
  await two.has(1);
  await other.close();
  t.equal(await two.closed, 1001);
});

const LIVE = { readers: 512, pingMs: 30_000, waitingBytes: 256 * 1024, stallMs: 10_000, messageBytes: 1024 };
