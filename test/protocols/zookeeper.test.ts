import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Writer } from '../../src/bytes/writer.ts';
import { zookeeper } from '../../src/protocols/zookeeper.ts';
import { conversation, feed } from '../support/conversation.ts';

const password = 'd1'.repeat(16);
const connect = fromHex(`0000002d ${'00'.repeat(14)} ea60 ${'00'.repeat(8)} 00000010 ${'00'.repeat(16)} 00`);
const connected = fromHex(`00000025 00000000 00009c40 1000000000000001 00000010 ${password} 00`);

const request = (xid: number, type: number, path: string, data = new Uint8Array(0)): Uint8Array => {
  const length = 12 + path.length + data.length;
  return new Writer()
    .uint32(length)
    .uint32(xid)
    .uint32(type)
    .uint32(path.length)
    .bytes(Buffer.from(path))
    .bytes(data)
    .finish();
};

t.test('the session’s password is a credential, with its place and without its value', async (t) => {
  t.equal(connect.length, 49);
  t.equal(connected.length, 41);
  const follower = feed(zookeeper, conversation([0, connect], [1, connected]));
  t.equal(follower.certainty, 'sure');
  const reading = follower.reading();
  t.match(reading.credentials, [{ kind: 'session-password', side: 1, frame: 2, streamOffset: 24 }]);
  t.notMatch(JSON.stringify(reading), /d1d1/);
  t.equal(reading.channel, undefined, 'nothing of Flink was seen');
});

t.test('Flink’s nodes make it high availability, and leader data name the JobManager', async (t) => {
  const address = 'pekko.tcp://flink@jm:33725/user/rpc/dispatcher_1';
  const data = Buffer.concat([fromHex('aced0005 7732 0030'), Buffer.from(address)]);
  const path = '/flink/default/leader/dispatcher/connection_info';
  const talk = conversation([0, connect], [1, connected], [0, request(1, 5, path, data)]);
  for (const pieces of [1, 1000]) {
    const reading = feed(zookeeper, talk, { pieces }).reading();
    t.equal(reading.channel, 'high-availability');
    t.same(reading.details.paths, [path]);
    t.match(reading.hints, [
      {
        kind: 'channel-port',
        host: 'jm',
        port: 33725,
        channel: 'jobmanager-rpc',
        component: 'jobmanager',
        member: 'jm',
      },
    ]);
  }
});

t.test('another user of ZooKeeper is no channel of Flink', async (t) => {
  const talk = conversation([0, connect], [1, connected], [0, request(1, 4, '/kafka/brokers/ids')]);
  t.equal(feed(zookeeper, talk).reading().channel, undefined);
});

t.test('addauth carries a secret', async (t) => {
  const auth = new Writer().uint32(0xfffffffc).uint32(100).uint32(0).uint32(6).bytes(Buffer.from('digest')).uint32(9);
  const body = auth.bytes(Buffer.from('anna:pass')).finish();
  const packet = new Writer().uint32(body.length).bytes(body).finish();
  const reading = feed(zookeeper, conversation([0, connect], [1, connected], [0, packet])).reading();
  t.match(reading.credentials.at(-1), { kind: 'other-authorization', side: 0, count: 1 });
  t.notMatch(JSON.stringify(reading), /anna|pass"/);
});

t.test('needs both sides, and lengths that only a connection has', async (t) => {
  t.equal(feed(zookeeper, conversation([0, connect])).certainty, 'maybe');
  t.equal(feed(zookeeper, conversation([0, fromHex('0000002e')])).certainty, 'no');
});
