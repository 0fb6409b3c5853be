import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Writer } from '../../src/bytes/writer.ts';
import { pekko } from '../../src/protocols/pekko.ts';
import { bytesOf, conversation, feed, readConversation } from '../support/conversation.ts';

interface Expected {
  readonly frames: readonly [number, number];
  /** Offset, kind, bytes of each handle, a side. */
  readonly inlineState: readonly (readonly (readonly [number, string, number])[])[];
  readonly calls: readonly (readonly string[])[];
}

const rpc = readConversation<Expected>('rpc-1.20.3');
const late = readConversation<Expected>('rpc-midstream-1.20.3');

t.test('tells JobManager RPC and both processes by the actors they call', async (t) => {
  const reading = feed(pekko, rpc).reading();
  t.match(reading, {
    protocol: 'flink-rpc',
    channel: 'jobmanager-rpc',
    clientSide: 0,
    serverComponent: 'jobmanager',
    clientComponent: 'taskmanager',
    answered: true,
  });
  t.match(reading.hints, [
    { kind: 'member', side: 0, host: 'tm1', member: 'tm1', component: 'taskmanager' },
    { kind: 'channel-port', side: 0, host: 'tm1', port: 6122, channel: 'taskmanager-rpc' },
    { kind: 'member', side: 1, host: 'jm', member: 'jm', component: 'jobmanager' },
    { kind: 'channel-port', side: 1, host: 'jm', port: 6123, channel: 'jobmanager-rpc' },
  ]);
  t.equal(reading.details.frames, rpc.expected.frames[0] + rpc.expected.frames[1]);
  t.equal(reading.details.scheme, 'pekko.tcp');
  t.match(reading.details.origins, [/^tcp:\/\/flink@tm1:6122 uid /, /^tcp:\/\/flink@jm:6123 uid /]);
  const methods = (reading.details.methods as readonly string[]).map((text) => text.replace(/ ×.*/, ''));
  for (const call of rpc.expected.calls.flat()) {
    t.ok(methods.includes(call), call);
  }
});

t.test('finds inline state with its place, kind and size', async (t) => {
  const [keyed, operator] = rpc.expected.inlineState[0]!;
  t.match(feed(pekko, rpc).reading().stateTransfer, [
    { kind: 'keyed-state-inline', side: 0, streamOffset: keyed![0], bytes: keyed![2], count: 1 },
    { kind: 'operator-state-inline', side: 0, streamOffset: operator![0], bytes: operator![2], count: 1 },
  ]);
});

t.test('finds the same in a connection whose start was not captured, and leaves the roles open', async (t) => {
  const reading = feed(pekko, late).reading();
  const [[offset, , bytes]] = late.expected.inlineState[1] as [readonly [number, string, number]];
  t.match(reading.stateTransfer, [{ kind: 'keyed-state-inline', side: 1, streamOffset: offset, bytes }]);
  t.equal(reading.clientSide, undefined);
  t.equal(reading.channel, undefined);
  t.match(
    reading.hints.filter((hint) => hint.kind === 'channel-port'),
    [
      { side: 0, host: 'jm', port: 6123, channel: 'jobmanager-rpc', component: 'jobmanager' },
      { side: 1, port: 6122, channel: 'taskmanager-rpc', component: 'taskmanager' },
    ],
  );
});

t.test('finds frames again after any loss in front of the state', async (t) => {
  const [[offset, , bytes]] = rpc.expected.inlineState[0] as unknown as [readonly [number, string, number]];
  for (const from of [0, 20, 41, 300, 2000]) {
    const lost = feed(pekko, rpc, { lose: { side: 0, from, length: 150 } });
    t.equal(lost.certainty, 'sure', `lost at ${from}`);
    t.match(lost.reading().stateTransfer.slice(0, 1), [{ streamOffset: offset, bytes }], `lost at ${from}`);
  }
});

for (const version of ['1.17.2', '1.20.3']) {
  t.test(`a clear client that a TLS port of ${version} refused is sure, unanswered, of no channel`, async (t) => {
    const follower = feed(pekko, readConversation(`rpc-refused-${version}`));
    t.equal(follower.certainty, 'sure');
    t.match(follower.reading(), { answered: false, clientSide: 0, channel: undefined, stateTransfer: [] });
  });
}

t.test('control messages prove a connection only together', async (t) => {
  t.equal(feed(pekko, readConversation('metrics-shutdown-1.20.3')).certainty, 'sure');
  t.equal(feed(pekko, conversation([0, fromHex('00000004 12020803')])).certainty, 'maybe');
  const asked = conversation([0, fromHex('00000004 12020803')], [1, fromHex('00000004 12020802 00000000')]);
  t.match(feed(pekko, asked).reading(), { answered: true, details: { commands: ['DISASSOCIATE ×1', 'HEARTBEAT ×1'] } });
  t.equal(feed(pekko, asked).certainty, 'sure');
});

/** ASSOCIATE as `WireFormats.proto` lays it out; lengths of two bytes where needed. */
function associate(system: string, host: string, port: number, protocol: string): Uint8Array {
  const text = (tag: number, value: string): Uint8Array => field(tag, new Uint8Array(Buffer.from(value, 'latin1')));
  const address = Buffer.concat([
    text(0x0a, system),
    text(0x12, host),
    Uint8Array.of(0x18, ...varint(port)),
    text(0x22, protocol),
  ]);
  const handshake = Buffer.concat([field(0x0a, address), fromHex('11 78563412 00000000')]);
  const body = field(0x12, Buffer.concat([Uint8Array.of(8, 1), field(0x12, handshake)]));
  return new Writer().uint32(body.length).bytes(body).finish();
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function field(tag: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from([tag, ...varint(content.length), ...content]);
}

/** A payload frame for an actor, with a message of the given bytes. */
function payload(path: string, message: Uint8Array): Uint8Array {
  const recipient = field(0x0a, field(0x0a, new Uint8Array(Buffer.from(path, 'latin1'))));
  const envelope = field(
    0x12,
    Buffer.concat([recipient, field(0x12, Buffer.concat([field(0x0a, message), Uint8Array.of(0x10, 1)]))]),
  );
  const body = field(0x0a, envelope);
  return new Writer().uint32(body.length).bytes(body).finish();
}

t.test('reads the ASSOCIATE of the protocol description and of hosts of 1 to 253 characters', async (t) => {
  const described = fromHex(
    '0000002c122a080112260a1b0a05666c696e6b120a6a6f626d616e6167657218eb2f2203746370117856341200000000',
  );
  t.same(associate('flink', 'jobmanager', 6123, 'tcp'), described);
  for (let length = 1; length <= 253; length++) {
    const host = 'h'.repeat(length);
    for (const protocol of ['tcp', 'ssl.tcp']) {
      const follower = feed(pekko, conversation([0, associate('flink', host, 6123, protocol)]));
      t.equal(follower.certainty, 'sure', `${length} ${protocol}`);
    }
  }
});

t.test('a name of the metrics system alone tells the metric query service', async (t) => {
  const follower = feed(pekko, conversation([0, associate('flink-metrics', '10.0.0.7', 40123, 'tcp')]));
  t.match(follower.reading(), { channel: 'metrics-query-service', answered: false });
  t.same(follower.reading().hints, [
    { kind: 'member', side: 0, host: '10.0.0.7' },
    { kind: 'channel-port', side: 0, host: '10.0.0.7', port: 40123, channel: 'metrics-query-service' },
  ]);
});

t.test('is not sure of an ASSOCIATE whose lengths do not fill it, or that stops anywhere', async (t) => {
  const good = associate('flink', 'jobmanager', 6123, 'tcp');
  for (let cut = 0; cut < good.length; cut++) {
    t.not(feed(pekko, conversation([0, good.subarray(0, cut)])).certainty, 'sure', `${cut} bytes`);
  }
  for (const at of [3, 5, 9, 11, 12, 13]) {
    const wrong = good.slice();
    wrong[at]!++;
    t.not(feed(pekko, conversation([0, wrong])).certainty, 'sure', `byte ${at}`);
  }
});

t.test('other systems than those of Flink are not Flink RPC', async (t) => {
  t.equal(feed(pekko, conversation([0, associate('lagom', 'h', 2552, 'tcp')])).certainty, 'no');
});

t.test('a connection of a TaskManager to another is TaskManager RPC, and the scheme tells the version', async (t) => {
  const talk = conversation(
    [0, associate('flink', 'jm', 6123, 'tcp')],
    [1, associate('flink', 'tm1', 6122, 'tcp')],
    [0, payload('akka.tcp://flink@tm1:6122/user/rpc/taskmanager_0#-12', fromHex('aced0005'))],
  );
  t.match(feed(pekko, talk).reading(), {
    channel: 'taskmanager-rpc',
    serverComponent: 'taskmanager',
    clientComponent: 'jobmanager',
    details: { scheme: 'akka.tcp', endpoints: ['taskmanager_0'] },
  });
});

t.test('one frame in mid-stream proves with its neighbour or with the end of the stream, not before', async (t) => {
  const frame = payload('pekko.tcp://flink@jm:6123/user/rpc/jobmanager_2#1', fromHex('aced0005'));
  const noise = fromHex('ff'.repeat(300));
  const one = { ...conversation([0, noise], [0, frame]), start: 'midstream' as const };
  t.equal(feed(pekko, one, { close: 'none' }).certainty, 'maybe');
  t.equal(feed(pekko, one).certainty, 'sure');
  const two = { ...conversation([0, noise], [0, frame], [0, frame]), start: 'midstream' as const };
  t.equal(feed(pekko, two, { close: 'none' }).certainty, 'sure');
});

t.test('an inline state of megabytes is found through a bounded window', async (t) => {
  const bytes = bytesOf(rpc, 0);
  const [offset] = rpc.expected.inlineState[0]![0]!;
  const handle = bytes.subarray(offset, offset + 141);
  const header = fromHex('00000006 00 00000002 004e').length;
  const state = new Uint8Array(3_000_000);
  state.set(bytes.subarray(offset + 145, offset + 145 + header + 40));
  const message = Buffer.concat([
    fromHex('aced0005'),
    new Uint8Array(70_000),
    handle,
    new Writer().uint32(state.length).finish(),
    state,
  ]);
  const frame = payload('pekko.tcp://flink@jm:6123/user/rpc/jobmanager_2#1', message);
  const talk = conversation([0, associate('flink', 'tm1', 6122, 'tcp')], [0, frame]);
  for (const pieces of [1448, 4_000_000]) {
    t.match(feed(pekko, talk, { pieces }).reading().stateTransfer, [
      { kind: 'keyed-state-inline', bytes: state.length, count: 1 },
    ]);
  }
});

t.test('later handles of a message refer back to the class of the first and are counted', async (t) => {
  const bytes = bytesOf(rpc, 0);
  const [offset, , size] = rpc.expected.inlineState[0]![0]!;
  const first = bytes.subarray(offset, offset + 145 + size);
  const again = Buffer.concat([fromHex('7371007e000a 7571007e000c'), first.subarray(141)]);
  const message = Buffer.concat([fromHex('aced0005'), first, again]);
  const talk = conversation(
    [0, associate('flink', 'tm1', 6122, 'tcp')],
    [0, payload('pekko.tcp://flink@jm:6123/user/rpc/jobmanager_2#1', message)],
  );
  t.match(feed(pekko, talk).reading().stateTransfer, [{ kind: 'keyed-state-inline', bytes: 2 * size, count: 2 }]);
});

t.test('state handles and restores count as objects, not as the names of field types', async (t) => {
  const object = (name: string): Uint8Array =>
    Buffer.concat([fromHex('7372'), new Writer().vector16((w) => w.bytes(Buffer.from(name))).finish()]);
  const restore = 'org.apache.flink.runtime.checkpoint.JobManagerTaskRestore';
  const file = 'org.apache.flink.runtime.state.filesystem.FileStateHandle';
  const type = Buffer.from(`L${restore.replaceAll('.', '/')};`);
  const of = (message: Uint8Array) =>
    feed(
      pekko,
      conversation(
        [0, associate('flink', 'jm', 6123, 'tcp')],
        [0, payload('pekko.tcp://flink@tm1:6122/user/rpc/taskmanager_0#1', message)],
      ),
    ).reading().stateTransfer;
  t.same(of(Buffer.concat([fromHex('aced0005'), type])), []);
  t.match(of(Buffer.concat([fromHex('aced0005'), object(restore), object(file)])), [
    { kind: 'restore-state', count: 1, names: [restore] },
    { kind: 'state-handle', count: 1, names: [file] },
  ]);
});

t.test('control characters of a hostile peer do not reach the report', async (t) => {
  const talk = conversation(
    [0, associate('flink', 'tm1', 6122, 'tcp')],
    [0, payload('pekko.tcp://flink@jm:6123/user/rpc/jobmanager_\u001b[2J#1', fromHex('aced0005'))],
    [0, payload('pekko.tcp://flink@\u001b[2J:6123/user/rpc/jobmanager_1#1', fromHex('aced0005'))],
  );
  const reading = feed(pekko, talk).reading();
  t.notMatch(JSON.stringify(reading), /\\u001b/);
  t.equal(reading.details.frames, 3);
});
