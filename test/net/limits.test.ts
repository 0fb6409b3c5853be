import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { createDialer } from '../../src/net/dial.ts';
import { ConnectionLimiter } from '../../src/net/limits.ts';
import { serve } from '../support/scripted-server.ts';

const at = (port: number, host = '127.0.0.1'): { readonly host: string; readonly port: number } => ({ host, port });

t.test('200 dials to one port never have two open', async (t) => {
  const server = await serve([{ do: 'expect', bytes: 1 }, { do: 'fin' }]);
  const dialer = createDialer({ perHost: 8, open: 64 });
  let open = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const dialled = await dialer.dial(server, 2000);
      if (dialled.kind === 'fault') throw new Error(`${dialled.transcript.fault}`);
      most = Math.max(most, ++open);
      dialled.wire.send(Buffer.from('x'));
      await dialled.wire.receive(1000);
      open--;
      await dialled.wire.close('fin');
    }),
  );
  t.equal(server.connections, 200);
  t.equal(most, 1, 'as we count');
  t.equal(server.mostOpen, 1, 'as the server counts');
  await server.close();
});

t.test('refused dials give their place back', async (t) => {
  const server = await serve([]);
  await server.close();
  const dialer = createDialer({ perHost: 1, open: 1 });
  const ends = await Promise.all(Array.from({ length: 20 }, () => dialer.dial(at(server.port), 1000)));
  t.ok(ends.every((one) => one.kind === 'fault' && one.transcript.fault === 'refused'));
});

t.test('a host has its cap over all ports, under any spelling of its address', async (t) => {
  const limiter = new ConnectionLimiter({ perHost: 2, open: 10 });
  const granted: number[] = [];
  const ask = (port: number, host?: string): void => {
    void limiter.acquire(at(port, host)).then((permit) => permit && granted.push(port));
  };
  ask(1);
  ask(2, '::ffff:127.0.0.1');
  ask(3, '127.0.0.1');
  ask(4, '127.0.0.2');
  await sleep(1);
  t.strictSame(granted, [1, 2, 4]);
});

t.test('who waits longest goes first, past those whose port is busy', async (t) => {
  const limiter = new ConnectionLimiter({ perHost: 10, open: 2 });
  const order: string[] = [];
  const permits = new Map<string, { release(): void }>();
  const ask = (name: string, port: number): void => {
    void limiter.acquire(at(port)).then((permit) => {
      order.push(name);
      permits.set(name, permit!);
    });
  };
  const end = async (name: string): Promise<void> => {
    permits.get(name)!.release();
    await sleep(1);
  };
  for (const [name, port] of [
    ['a', 1],
    ['b', 2],
    ['a again', 1],
    ['a third', 1],
    ['c', 3],
  ] as const) {
    ask(name, port);
  }
  await sleep(1);
  t.strictSame(order, ['a', 'b']);
  await end('b');
  t.strictSame(order, ['a', 'b', 'c'], 'port 1 is busy');
  await end('a');
  t.strictSame(order, ['a', 'b', 'c', 'a again']);
  permits.get('a')!.release();
  await sleep(1);
  t.strictSame(order, ['a', 'b', 'c', 'a again'], 'a permit is given back once');
  await end('c');
  await end('a again');
  t.strictSame(order, ['a', 'b', 'c', 'a again', 'a third']);
});

t.test('the rate spaces connections evenly', async (t) => {
  const limiter = new ConnectionLimiter({ perHost: 100, open: 100, perSecond: 50 });
  const before = performance.now();
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: 10 }, async (_, port) => {
      await limiter.acquire(at(port + 1));
      times.push(performance.now() - before);
    }),
  );
  t.ok(times[9]! >= 180, `nine pauses of 20 ms took ${times[9]} ms`);
  t.ok(times[9]! < 1000);
  t.ok(
    times.every((time, index) => time >= index * 20 - 2),
    `never ahead of the rate: ${times.map(Math.round)}`,
  );
});

t.test('beyond the total nothing is dialled, and the fault says so', async (t) => {
  const server = await serve([{ do: 'fin' }]);
  const dialer = createDialer({ perHost: 4, open: 64, total: 3 });
  const ends: string[] = [];
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const dialled = await dialer.dial(server, 1000);
      if (dialled.kind === 'wire') await dialled.wire.close('fin');
      ends.push(dialled.kind === 'wire' ? 'wire' : `${dialled.transcript.fault}`);
    }),
  );
  t.strictSame(ends.sort(), [...Array(3).fill('connection-limit'), ...Array(3).fill('wire')]);
  t.equal(server.connections, 3);
  await server.close();
});

t.test('an abort lets nobody wait, before or after it', async (t) => {
  const controller = new AbortController();
  const limiter = new ConnectionLimiter({ perHost: 1, open: 1, perSecond: 0.001 }, controller.signal);
  t.ok(await limiter.acquire(at(1)));
  const waiting = [limiter.acquire(at(1)), limiter.acquire(at(2))];
  controller.abort();
  t.strictSame(await Promise.all(waiting), [undefined, undefined]);
  t.equal(await limiter.acquire(at(3)), undefined);
  t.equal(limiter.granted, 1);
});

t.test('a limit that lets nobody through is refused', (t) => {
  t.throws(() => new ConnectionLimiter({ perHost: 0, open: 1 }), /limit perHost is 0/);
  t.throws(() => new ConnectionLimiter({ perHost: 1, open: Number.NaN }), /limit open is NaN/);
  t.end();
});
