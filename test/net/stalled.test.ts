import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createDialer } from '../../src/net/dial.ts';

/** A server with an event loop of its own: it answers every connection after `parentPort` has told it to. */
const SERVER = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => setTimeout(() => socket.write('late'), 100));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

const stall = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

t.test('what came while this process was kept from running is no silence', async (t) => {
  const worker = new Worker(SERVER, { eval: true });
  t.teardown(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const dialer = createDialer({ perHost: 4, open: 4 });
  for (const round of [1, 2, 3]) {
    const dialled = await dialer.dial({ host: '127.0.0.1', port }, 2000);
    if (dialled.kind !== 'wire') {
      t.fail(`round ${round}: no connection`);
      return;
    }
    dialled.wire.send(new Uint8Array([1]));
    const received = dialled.wire.receive(300);
    setImmediate(() => stall(700));
    t.equal((await received).kind, 'bytes', `round ${round}`);
    t.equal((await dialled.wire.receive(50)).kind, 'timeout', `round ${round}: silence is one`);
    await dialled.wire.close('fin');
  }
});
