import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { closeAtByte, type ScriptedServer, segmentProxy, serve } from './scripted-server.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');

interface Heard {
  readonly text: string;
  readonly end: string;
  readonly chunks: number;
  readonly took: number;
}

/** What Node's own client hears: the server is tested by somebody else's socket. */
async function ask(server: Pick<ScriptedServer, 'host' | 'port'>, request = ''): Promise<Heard> {
  const before = performance.now();
  const socket: Socket = connect({ host: server.host, port: server.port, noDelay: true });
  const chunks: Buffer[] = [];
  let end = 'cut';
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => (end = 'fin'));
  socket.on('error', (error: NodeJS.ErrnoException) => (end = error.code ?? error.message));
  if (request !== '') socket.write(request);
  await once(socket, 'close').catch(() => once(socket, 'close'));
  return { text: Buffer.concat(chunks).toString(), end, chunks: chunks.length, took: performance.now() - before };
}

t.test('a script is played step by step, and what came is kept', async (t) => {
  const server = await serve([
    { do: 'expect', bytes: 2 },
    { do: 'send', bytes: hex('ab') },
    { do: 'expect', bytes: 'any' },
    { do: 'wait', ms: 30 },
    { do: 'send', bytes: new Uint8Array([99]) },
    { do: 'fin' },
  ]);
  const heard = await ask(server, 'hello');
  t.match(heard, { text: 'abc', end: 'fin' });
  t.ok(heard.took >= 28);
  await sleep(5);
  t.strictSame(server.received.map(String), ['hello']);
  t.equal(server.connections, 1);
  await server.close();
});

t.test('a script for each connection; RST comes after the bytes before it', async (t) => {
  const server = await serve((number) => [{ do: 'send', bytes: hex(`no ${number}`) }, { do: 'rst' }]);
  t.match(await ask(server), { text: 'no 0', end: 'ECONNRESET' });
  t.match(await ask(server), { text: 'no 1', end: 'ECONNRESET' });
  t.equal(server.mostOpen, 1);
  await server.close();
});

t.test('segments come one by one', async (t) => {
  const server = await serve([{ do: 'send', bytes: hex('segments'), segment: 1, delayMs: 2 }, { do: 'fin' }]);
  const direct = await ask(server);
  t.equal(direct.text, 'segments');
  t.ok(direct.chunks >= 4, `${direct.chunks} chunks`);
  const whole = await serve([{ do: 'send', bytes: hex('segments') }, { do: 'fin' }]);
  const proxy = await segmentProxy(whole, 2);
  t.match(await ask(proxy), { text: 'segments', end: 'fin' });
  await Promise.all([proxy.close(), server.close(), whole.close()]);
});

t.test('a connection that ends at any byte', async (t) => {
  const server = await serve([{ do: 'send', bytes: hex('0123456789') }]);
  for (const at of [0, 1, 9]) {
    const text = '0123456789'.slice(0, at);
    const gentle = await closeAtByte(server, at);
    t.match(await ask(gentle), { text, end: 'fin' });
    const harsh = await closeAtByte(server, at, 'rst');
    t.match(await ask(harsh), { text, end: 'ECONNRESET' });
    await Promise.all([gentle.close(), harsh.close()]);
  }
  await server.close();
});
