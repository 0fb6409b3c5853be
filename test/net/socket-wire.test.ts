import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { RECEIVED_BYTES_MAX } from '../../src/net/socket-wire.ts';
import type { Script } from '../support/scripted-server.ts';
import { all, hex, stand, told, using } from './dialled.ts';

t.test('a silent server reads as timeout, and both ends close by FIN', async (t) => {
  await using([], async (wire, server) => {
    wire.send(Buffer.from('hello'));
    t.strictSame(await wire.receive(30), { kind: 'timeout' });
    t.strictSame(await wire.receive(30), { kind: 'timeout' });
    t.strictSame(told(await wire.close('fin')), ['<=hello', '<fin', '>fin']);
    t.equal(server.received[0]?.toString(), 'hello');
  });
});

t.test('a server that closes at once sends FIN, again and again', async (t) => {
  await using([{ do: 'fin' }], async (wire) => {
    t.strictSame(await wire.receive(1000), { kind: 'fin' });
    t.strictSame(await wire.receive(1000), { kind: 'fin' });
    t.strictSame(told(await wire.close('fin')), ['>fin', '<fin']);
  });
});

t.test('a server that resets at once', async (t) => {
  await using([{ do: 'rst' }], async (wire) => {
    t.strictSame(await wire.receive(1000), { kind: 'reset' });
    wire.send(Buffer.from('nobody is there'));
    t.strictSame(told(await wire.close('fin')), ['>rst'], 'what is said to a reset connection never crossed');
  });
});

t.test('a server that resets before the connection is looked at is reset, not refused', async (t) => {
  const server = createTcpServer((socket) => socket.resetAndDestroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  for (let i = 0; i < 50; i++) {
    const wire = await stand({ host: '127.0.0.1', port });
    t.equal((await wire.receive(1000)).kind, 'reset');
    await wire.close('fin');
  }
  server.close();
});

t.test('what several connections send at the same time stays apart', async (t) => {
  const letters = ['a', 'b', 'c', 'd'];
  const servers = letters.map((letter) =>
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      for (let piece = 0; piece < 40; piece++) socket.write(letter.repeat(700));
      socket.end();
    }),
  );
  const heard = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const wire = await stand({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
      const whole = await all(wire, 5000);
      await wire.close('fin');
      server.close();
      return whole;
    }),
  );
  t.strictSame(
    heard,
    letters.map((letter) => ({ text: letter.repeat(28_000), end: 'fin' })),
  );
});

t.test('bytes come before the reset that follows them', async (t) => {
  await using([{ do: 'expect', bytes: 5 }, { do: 'send', bytes: hex('no!') }, { do: 'rst' }], async (wire) => {
    wire.send(Buffer.from('hello'));
    t.strictSame(await all(wire), { text: 'no!', end: 'reset' });
    t.strictSame(told(await wire.close('fin')), ['<=hello', '>=no!', '>rst']);
  });
});

/** In a thread of its own: it goes on while the client is busy. Answers, and resets a moment later. */
const REFUSING = `const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write('alert');
    setTimeout(() => socket.resetAndDestroy(), 3);
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

t.test('an answer that has arrived is read even where the next write fails', async (t) => {
  const worker = new Worker(REFUSING, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  for (let i = 0; i < 10; i++) {
    const wire = await stand({ host: '127.0.0.1', port });
    wire.send(Buffer.from('a'));
    // The kernel takes the answer and the RST while nobody looks: the next write fails before they are read.
    const until = performance.now() + 40;
    while (performance.now() < until);
    wire.send(Buffer.from('b'));
    t.strictSame(await all(wire), { text: 'alert', end: 'reset' });
    t.strictSame(told(await wire.close('fin')), ['<=a', '>=alert', '>rst']);
  }
  await worker.terminate();
});

t.test('a late close comes with its time', async (t) => {
  await using([{ do: 'wait', ms: 300 }, { do: 'fin' }], async (wire) => {
    t.strictSame(await wire.receive(50), { kind: 'timeout' });
    t.strictSame(await wire.receive(2000), { kind: 'fin' });
    const transcript = await wire.close('fin');
    const waited = transcript.events[0]!.at - transcript.connectedAt!;
    t.ok(waited > 250 && waited < 1500, `${waited} ms after the connection stood`);
  });
});

t.test('one byte at a time is the same stream', async (t) => {
  const text = 'one byte at a time'.repeat(10);
  await using([{ do: 'send', bytes: hex(text), segment: 1 }, { do: 'fin' }], async (wire) => {
    t.strictSame(await all(wire), { text, end: 'fin' });
    t.strictSame(told(await wire.close('fin')), [`>=${text}`, '>fin', '<fin']);
  });
});

t.test('bytes go on after the other side has ended its half', async (t) => {
  await using([{ do: 'fin' }, { do: 'expect', bytes: 3 }], async (wire, server) => {
    t.equal((await wire.receive(1000)).kind, 'fin');
    wire.send(Buffer.from('bye'));
    t.strictSame(told(await wire.close('fin')), ['>fin', '<=bye', '<fin']);
    await sleep(10);
    t.equal(server.received[0]?.toString(), 'bye');
  });
});

t.test('what comes after our FIN stands in the transcript', async (t) => {
  const script: Script = [
    { do: 'expect', bytes: 1 },
    { do: 'wait', ms: 50 },
    { do: 'send', bytes: hex('late') },
  ];
  await using(script, async (wire) => {
    wire.send(Buffer.from('x'));
    t.strictSame(told(await wire.close('fin')), ['<=x', '<fin', '>=late', '>fin']);
  });
});

t.test('a server that never ends its half is left after a short while', async (t) => {
  const open: { destroy(): void }[] = [];
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => open.push(socket.resume()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wire = await stand({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  const before = performance.now();
  const transcript = await wire.close('fin');
  t.ok(performance.now() - before < 1000);
  t.strictSame(told(transcript), ['<fin']);
  for (const socket of open) socket.destroy();
  server.close();
});

t.test('a reset of ours is one for the server', async (t) => {
  const ends: (string | undefined)[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code));
    socket.on('end', () => ends.push('fin'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wire = await stand({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  await sleep(10);
  t.strictSame(told(await wire.close('rst')), ['<rst']);
  await sleep(20);
  t.strictSame(ends, ['ECONNRESET']);
  server.close();
});

t.test('closing twice gives one transcript, and a closed wire says and hears nothing', async (t) => {
  await using([], async (wire, server) => {
    const [first, second] = await Promise.all([wire.close('fin'), wire.close('rst')]);
    t.equal(first, second);
    wire.send(Buffer.from('too late'));
    t.equal((await wire.receive(1000)).kind, 'fin');
    t.strictSame(told(await wire.close('fin')), ['<fin', '>fin']);
    t.equal(server.received[0]?.length, 0);
  });
});

t.test('what is recorded is not what the caller goes on writing to', async (t) => {
  await using(
    [
      { do: 'expect', bytes: 4 },
      { do: 'send', bytes: hex('pong') },
    ],
    async (wire) => {
      const ours = Buffer.from('ping');
      wire.send(ours);
      ours.fill(0);
      const received = await wire.receive(1000);
      if (received.kind === 'bytes') received.bytes.fill(0);
      t.strictSame(told(await wire.close('fin')), ['<=ping', '>=pong', '<fin', '>fin']);
    },
  );
});

t.test('times are of this epoch, finer than a millisecond, and in order', async (t) => {
  await using([{ do: 'send', bytes: hex('abc'), segment: 1, delayMs: 3 }], async (wire) => {
    await sleep(20);
    const { startedAt, connectedAt, events, endedAt } = await wire.close('fin');
    const times = [startedAt, connectedAt!, ...events.map(({ at }) => at), endedAt];
    t.strictSame(
      times,
      times.toSorted((a, b) => a - b),
    );
    t.ok(Math.abs(startedAt - Date.now()) < 5000, 'the epoch');
    t.ok(
      times.some((one) => !Number.isInteger(one)),
      'fractions',
    );
  });
});

t.test('secrets stand in the transcript', async (t) => {
  await using([], async (wire) => {
    wire.addSecret('CLIENT_RANDOM aa bb');
    t.strictSame((await wire.close('fin')).secrets, ['CLIENT_RANDOM aa bb']);
  });
});

t.test('a server without end is read no further than a limit', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wire = await stand({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  const { text, end } = await all(wire, 200);
  t.equal(end, 'timeout');
  t.ok(text.length >= RECEIVED_BYTES_MAX && text.length < RECEIVED_BYTES_MAX + 65_536, `${text.length} bytes`);
  await wire.close('rst');
  server.close();
});
