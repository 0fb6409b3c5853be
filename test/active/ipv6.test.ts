import t from 'tap';
import { noIpv6 } from '../support/capture-tools.ts';
import { countedPort } from '../support/targets/no-tls.ts';
import { missingFor, Targets } from '../support/targets/start.ts';
import { nodeServer } from './node-server.ts';
import { survey } from './support.ts';

t.test('an IPv6 endpoint is asked like any other', { skip: noIpv6 }, async (t) => {
  const server = await nodeServer({ minVersion: 'TLSv1.2' }, '::1');
  t.teardown(() => server.close());
  const seen = await survey(server, { channel: 'jobmanager-rpc' });
  t.match(seen, { kind: 'tls', server: { host: '::1', port: server.port }, asked: { complete: true } });
  t.strictSame([...seen.tls!.accepted!.versions].sort(), ['TLSv1.2', 'TLSv1.3']);
  t.equal(seen.tls!.serverName, undefined, 'no server name for an address');
});

t.test(
  'a JDK server on ::1, whose stack refuses ::1 as a server name',
  {
    skip: noIpv6 || missingFor('B1'),
  },
  async (t) => {
    const targets = await Targets.start();
    t.teardown(() => targets.stop());
    const seen = await survey(await targets.add('B1', '::1'), { channel: 'rest' });
    t.match(seen, {
      kind: 'tls',
      tls: { clientAuthentication: { verdict: 'not-requested' } },
      asked: { complete: true },
    });
    t.equal(seen.tls!.refusedServerName, undefined);
    t.equal(seen.tls!.accepted!.cipherSuites['TLSv1.2']!.length, 20);
  },
);

t.test('a clear HTTP request names an IPv6 host in brackets', { skip: noIpv6 }, async (t) => {
  const requests: string[] = [];
  const port = await countedPort((socket) => {
    socket.once('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (text.startsWith('GET ')) requests.push(text);
      const body = '{"flink-version":"1.20.3","flink-revision":"01e3a6d @ 2025-09-20T02:22:05+02:00"}';
      socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
  }, '::1');
  t.teardown(() => port.close());
  const seen = await survey({ address: '::1', port: port.port }, { channel: 'rest' });
  t.match(seen, { kind: 'plaintext', plaintext: { protocol: 'http' } });
  t.match(requests[0], new RegExp(`^GET /config HTTP/1\\.1\\r\\nHost: \\[::1\\]:${port.port}\\r\\n`));
});
