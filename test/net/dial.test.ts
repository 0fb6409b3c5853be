import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { createDialer } from '../../src/net/dial.ts';
import { noIpv6 } from '../support/capture-tools.ts';
import { freePort } from '../support/listening.ts';
import { serve } from '../support/scripted-server.ts';
import { all, CONNECT_MS, dialer, hex, stand, told, using } from './dialled.ts';

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

t.test('IPv6 works', { skip: noIpv6 }, async (t) => {
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
