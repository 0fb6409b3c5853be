import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { createDialer } from '../../src/net/dial.ts';
import { connector } from '../../src/net/flink-rest-connect.ts';
import { DEFAULT_DIAL_LIMITS } from '../../src/net/limits.ts';
import { OwnSockets, ownSockets } from '../../src/net/own-sockets.ts';

const LOCAL = { host: '10.0.0.9', port: 40_000 };
const REMOTE = { host: '10.0.0.1', port: 6123 };

t.test('a connection is ours while it lasts, and for ten seconds after', async (t) => {
  let at = 0;
  const sockets = new OwnSockets(() => at);
  const gone = sockets.add(LOCAL, REMOTE);
  at = 3_600_000;
  t.same(
    sockets.from(40_000).map(({ local, remote }) => [local, remote]),
    [[LOCAL, REMOTE]],
  );
  t.same(sockets.from(6123), []);
  gone();
  at += 10_000;
  gone();
  t.equal(sockets.from(40_000).length, 1);
  at += 1;
  t.equal(sockets.from(40_000).length, 0);
});

t.test('a port that is taken again is known for both', async (t) => {
  let at = 0;
  const sockets = new OwnSockets(() => at);
  const first = sockets.add(LOCAL, REMOTE);
  first();
  at = 5000;
  const second = sockets.add(LOCAL, { ...REMOTE, port: 6124 });
  t.same(
    sockets.from(40_000).map(({ remote }) => remote.port),
    [6123, 6124],
  );
  at = 20_000;
  sockets.add({ ...LOCAL, port: 40_001 }, REMOTE);
  t.same(
    sockets.from(40_000).map(({ remote }) => remote.port),
    [6124],
  );
  second();
});

/** A server that tells from which port it was connected to. */
async function listening(): Promise<{ readonly port: number; readonly accepted: Promise<Socket>; stop(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  return { port: (server.address() as AddressInfo).port, accepted, stop: () => server.close() };
}

t.test('what the dialer opens is ours by the port that the server sees', async (t) => {
  const { port, accepted, stop } = await listening();
  const dialer = createDialer(DEFAULT_DIAL_LIMITS);
  const dialled = await dialer.dial({ host: '127.0.0.1', port }, 5000);
  t.equal(dialled.kind, 'wire');
  const { remotePort } = await accepted;
  t.match(ownSockets.from(remotePort!), [{ local: { host: '127.0.0.1', port: remotePort }, remote: { port } }]);
  if (dialled.kind === 'wire') await dialled.wire.close('fin');
  stop();
});

t.test('so is a connection to REST', async (t) => {
  const { port, accepted, stop } = await listening();
  const connect = connector({ verification: 'public' }, 5000);
  const socket = await new Promise<Socket>((resolve, reject) => {
    connect({ hostname: 'localhost', protocol: 'http:', port: String(port) }, (error, made) =>
      error === null ? resolve(made!) : reject(error),
    );
  });
  const { remotePort } = await accepted;
  t.match(ownSockets.from(remotePort!), [{ remote: { host: '127.0.0.1', port } }]);
  socket.destroy();
  stop();
});
