import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createDialer } from '../../src/net/dial.ts';
import { DEFAULT_DIAL_LIMITS } from '../../src/net/limits.ts';
import { RECEIVED_BYTES_MAX } from '../../src/net/socket-wire.ts';
import type { Received, Transcript, Wire } from '../../src/net/wire.ts';
import { type Script, type ScriptedServer, serve } from '../support/scripted-server.ts';

const CONNECT_MS = 2000;
const dialer = createDialer(DEFAULT_DIAL_LIMITS);
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

async function stand(server: { readonly host: string; readonly port: number }): Promise<Wire> {
  const dialled = await dialer.dial({ host: server.host, port: server.port }, CONNECT_MS);
  if (dialled.kind === 'fault') throw new Error(`no connection: ${dialled.transcript.fault}`);
  return dialled.wire;
}

/** Events in short: `<` ours, `>` theirs; runs of bytes of one side as one. */
function told({ events }: Transcript): string[] {
  const lines: string[] = [];
  for (const event of events) {
    const mark = event.side === 0 ? '<' : '>';
    if (event.kind === 'end') lines.push(`${mark}${event.how}`);
    else {
      const text = Buffer.from(event.bytes).toString('latin1');
      if (lines.at(-1)?.startsWith(`${mark}=`)) lines[lines.length - 1] += text;
      else lines.push(`${mark}=${text}`);
    }
  }
  return lines;
}

async function all(wire: Wire, timeoutMs = 1000): Promise<{ readonly text: string; readonly end: Received['kind'] }> {
  let text = '';
  for (;;) {
    const received = await wire.receive(timeoutMs);
    if (received.kind !== 'bytes') return { text, end: received.kind };
    text += Buffer.from(received.bytes).toString('latin1');
  }
}

async function using(
  script: Script,
  use: (wire: Wire, server: ScriptedServer) => Promise<void>,
  host = '127.0.0.1',
): Promise<void> {
  const server = await serve(script, { host });
  try {
    await use(await stand(server), server);
  } finally {
    await server.close();
  }
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

async function freePort(): Promise<number> {
  const server = await serve([]);
  await server.close();
  return server.port;
}

t.test('a port where nobody listens has refused', async (t) => {
  const port = await freePort();
  const dialled = await dialer.dial({ host: '127.0.0.1', port }, CONNECT_MS);
  t.equal(dialled.kind, 'fault');
  if (dialled.kind === 'wire') return;
  const { transcript } = dialled;
  t.equal(transcript.fault, 'refused');
  t.strictSame(transcript.remote, { host: '127.0.0.1', port });
  t.equal(transcript.local.host, '127.0.0.1');
  t.ok(transcript.local.port > 0, 'the port of the refused SYN is known');
  t.equal(transcript.connectedAt, undefined);
  t.ok(transcript.endedAt >= transcript.startedAt);
  t.strictSame(transcript.events, []);
});

t.test('an address without a route is unreachable', async (t) => {
  // 255.255.255.255 is no host: the system refuses to connect to it.
  const dialled = await dialer.dial({ host: '255.255.255.255', port: 9 }, CONNECT_MS);
  t.equal(dialled.kind === 'fault' && dialled.transcript.fault, 'unreachable');
});

/** A socket that listens with a queue of one and accepts nothing: once the queue is full, SYNs are not answered. */
const DEAF = `import socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
held = []
for _ in range(3):
    c = socket.socket(); c.setblocking(False); held.append(c)
    try: c.connect(s.getsockname())
    except BlockingIOError: pass
print(s.getsockname()[1], flush=True); sys.stdin.read()`;

function python(): string | false {
  try {
    execFileSync('python3', ['-c', ''], { stdio: 'ignore' });
    return false;
  } catch {
    return 'python3 not found';
  }
}

t.test('a SYN that nobody answers is a timeout', { skip: python() }, async (t) => {
  const deaf = spawn('python3', ['-c', DEAF], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => deaf.stdout.once('data', (line) => resolve(Number(line))));
  await sleep(50);
  const before = performance.now();
  const dialled = await dialer.dial({ host: '127.0.0.1', port }, 300);
  const took = performance.now() - before;
  deaf.stdin.end();
  t.equal(dialled.kind === 'fault' && dialled.transcript.fault, 'timeout');
  t.ok(took >= 295 && took < 1500, `after ${took} ms`);
});

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

t.test('IPv6 works', { skip: hasIpv6 ? false : '::1 not found' }, async (t) => {
  await using(
    [{ do: 'expect', bytes: 1 }, { do: 'send', bytes: hex('six') }, { do: 'fin' }],
    async (wire) => {
      wire.send(Buffer.from('?'));
      t.strictSame(await all(wire), { text: 'six', end: 'fin' });
      const { local, remote } = await wire.close('fin');
      t.equal(local.host, '::1');
      t.equal(remote.host, '::1');
    },
    '::1',
  );
  const port = await freePort();
  const dialled = await dialer.dial({ host: '::1', port }, CONNECT_MS);
  t.equal(dialled.kind === 'fault' && dialled.transcript.fault, 'refused');
});

t.test('an IPv4-mapped address is told as the IPv4 address that it is', async (t) => {
  const server = await serve([]);
  const wire = await stand({ host: '::ffff:127.0.0.1', port: server.port });
  const { local, remote } = await wire.close('fin');
  t.strictSame([local.host, remote.host], ['127.0.0.1', '127.0.0.1']);
  await server.close();
});

t.test('an abort ends waiting, connecting and receiving at once', async (t) => {
  const controller = new AbortController();
  const own = createDialer({ perHost: 4, open: 64 }, controller.signal);
  const server = await serve([]);
  const remote = { host: server.host, port: server.port };
  const first = await own.dial(remote, CONNECT_MS);
  t.equal(first.kind, 'wire');
  if (first.kind === 'fault') return;
  const receiving = first.wire.receive(60_000);
  const waiting = own.dial(remote, CONNECT_MS);
  await sleep(10);
  const before = performance.now();
  controller.abort();
  t.strictSame(await receiving, { kind: 'timeout' });
  t.strictSame(await first.wire.receive(60_000), { kind: 'timeout' });
  const waited = await waiting;
  t.equal(waited.kind === 'fault' && waited.transcript.fault, 'connection-limit');
  t.ok(performance.now() - before < 500);
  t.strictSame(told(await first.wire.close('fin')).slice(0, 1), ['<fin']);
  await server.close();
});

t.test('an abort ends an attempt that nobody answers', { skip: python() }, async (t) => {
  const deaf = spawn('python3', ['-c', DEAF], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => deaf.stdout.once('data', (line) => resolve(Number(line))));
  await sleep(50);
  const controller = new AbortController();
  const own = createDialer({ perHost: 4, open: 64 }, controller.signal);
  setTimeout(() => controller.abort(), 50);
  const before = performance.now();
  const dialled = await own.dial({ host: '127.0.0.1', port }, 60_000);
  t.equal(dialled.kind === 'fault' && dialled.transcript.fault, 'timeout');
  t.ok(performance.now() - before < 1000);
  deaf.stdin.end();
});

t.test('many connections at once warn of nothing', async (t) => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  const own = createDialer({ perHost: 64, open: 64 }, new AbortController().signal);
  const servers = await Promise.all(Array.from({ length: 40 }, () => serve([])));
  const dialled = await Promise.all(servers.map((server) => own.dial(server, CONNECT_MS)));
  await Promise.all(dialled.map((one) => one.kind === 'wire' && one.wire.close('fin')));
  await Promise.all(servers.map((server) => server.close()));
  await sleep(10);
  process.off('warning', note);
  t.strictSame(warnings, []);
});
