import t from 'tap';
import { alertRecord } from '../support/scripted-tls.ts';
import { front } from '../support/targets/front.ts';
import { missingFor, Targets } from '../support/targets/start.ts';
import { nodeServer } from './node-server.ts';
import { survey } from './support.ts';

/** Names that the JDK answers with a fatal alert, and that a Flink cluster may well have (Docker Compose, search lists). */
const REFUSED_BY_JSSE = ['flink_jobmanager_1', 'flink-jobmanager.', '-bad', 'x..y', `${'a'.repeat(64)}.example`];
const TAKEN_BY_JSSE = ['localhost', 'LOCALHOST', 'flink-jobmanager', '127.0.0.1'];

t.test('names that the JDK refuses', { skip: missingFor('B1') }, async (t) => {
  const targets = await Targets.start('B1');
  t.teardown(() => targets.stop());
  for (const name of REFUSED_BY_JSSE) {
    const { tls, kind, asked } = await survey(targets.get('B1'), { channel: 'rest', name });
    t.equal(kind, 'tls', name);
    t.equal(asked?.name, name);
    t.equal(tls?.accepted?.cipherSuites['TLSv1.2']?.length, 20, `${name}: the full result`);
    t.match(tls?.refusedServerName, { name }, `${name}: clients that send it will fail`);
    t.match(tls?.refusedServerName?.alert, /illegal_parameter|unrecognized_name/);
  }
  for (const name of TAKEN_BY_JSSE) {
    const { tls } = await survey(targets.get('B1'), { channel: 'rest', name, profile: 'quick' });
    t.equal(tls?.refusedServerName, undefined, name);
    t.equal(tls?.serverName, name === '127.0.0.1' ? undefined : name, `${name} is sent as it is`);
  }
  const internal = await survey(targets.get('B1'), { channel: 'jobmanager-rpc', name: 'flink_jobmanager_1' });
  t.equal(internal.tls?.refusedServerName, undefined, 'clients of internal channels send no such name');
  t.match(internal.asked, { complete: true });
});

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
/** Place of the extensions in a ClientHello record whose session id is 32 octets long or empty. */
function namesServer(hello: Buffer): boolean {
  if (hello[0] !== HANDSHAKE || hello[5] !== CLIENT_HELLO) return false;
  let at = 43;
  at += 1 + hello[at]!;
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello[at]!;
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at + 4 <= end; at += 4 + hello.readUInt16BE(at + 2)) if (hello.readUInt16BE(at) === 0) return true;
  return false;
}

for (const [code, description] of [
  [47, 'illegal_parameter'],
  [112, 'unrecognized_name'],
] as const) {
  t.test(`a server that refuses every name by alert ${code} is asked without one`, async (t) => {
    const server = await nodeServer({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    const strict = await front(server, {
      fromClient: (bytes, near) => {
        if (!namesServer(bytes)) return 'pass';
        near.end(alertRecord(code));
        return 'handled';
      },
    });
    t.teardown(() => Promise.all([strict.close(), server.close()]));
    const { tls, asked } = await survey(strict, { channel: 'rest', name: 'jobmanager.example' });
    t.match(tls?.refusedServerName, { name: 'jobmanager.example', alert: description });
    t.match(tls, { outcome: 'established', accepted: { versions: ['TLSv1.2'] } });
    t.ok((tls?.accepted?.cipherSuites['TLSv1.2']?.length ?? 0) > 5, 'the full result');
    t.match(asked, { complete: true });
  });
}
