import fc from 'fast-check';
import t from 'tap';
import { hdfs } from '../../src/protocols/hdfs.ts';
import { follow, spoken } from '../support/http-streams.ts';

// No HDFS was recorded: messages are put together by hand after Hadoop's datatransfer.proto, hdfs.proto and
// RpcHeader.proto (3.3), field by field.

/** Field with a length (wire type 2). */
function field(number: number, content: string): string {
  return `${String.fromCharCode((number << 3) | 2)}${prefixed(content)}`;
}

function prefixed(content: string): string {
  const length = content.length;
  const varint = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return `${String.fromCharCode(...varint)}${content}`;
}

const BLOCK = `${field(1, 'BP-1234567890-10.0.0.1-1700000000000')}\x10\x81\x80\x04\x18\x01`;
/** ClientOperationHeaderProto { baseHeader { block }, clientName }. */
const HEADER = field(1, field(1, field(1, BLOCK)) + field(2, 'DFSClient_NONMAPREDUCE_-1_1'));

function operation(code: number): string {
  return `\x00\x1c${String.fromCharCode(code)}${prefixed(HEADER)}`;
}

/** One packet: lengths, PacketHeaderProto { offsetInBlock, seqno, lastPacketInBlock, dataLen }, one checksum, data. */
function packet(data: string): string {
  const packed = Buffer.alloc(6 + 25 + 4 + data.length);
  packed.writeInt32BE(4 + 4 + data.length, 0);
  packed.writeUInt16BE(25, 4);
  packed[6] = 0x09;
  packed[15] = 0x11;
  packed[24] = 0x18;
  packed[26] = 0x25;
  packed.writeInt32LE(data.length, 27);
  packed.write(data, 35, 'latin1');
  return packed.toString('latin1');
}

const METADATA = `\x49\x60\x67\x2d\x00\x00\x00\x04${'\x00'.repeat(7)}\x05${'\x00'.repeat(8)}rest of it`;
const ANSWER = prefixed('\x08\x00');

t.test('finds checkpoint metadata in a block that is written, and in one that is read', (t) => {
  const write = operation(80);
  for (const size of [1, 7, 100_000]) {
    const written = follow(hdfs, spoken(['c', write], ['s', ANSWER], ['c', packet(METADATA)]), size);
    t.equal(written.certainty, 'sure');
    const reading = written.reading();
    t.equal(reading.channel, 'checkpoint-storage');
    t.match(reading.stateTransfer, [
      { kind: 'checkpoint-metadata', side: 0, streamOffset: write.length + 35, bytes: METADATA.length, count: 1 },
    ]);
    t.match(reading.details, { role: 'DataNode', operation: 'WRITE_BLOCK', authentication: 'none' });
    const read = follow(hdfs, spoken(['c', operation(81)], ['s', ANSWER + packet(METADATA)]), size).reading();
    t.match(read.stateTransfer, [{ kind: 'checkpoint-metadata', side: 1, streamOffset: ANSWER.length + 35 }]);
  }
  t.end();
});

t.test('calls blocks of anything else HDFS, and no channel of Flink', (t) => {
  const reading = follow(
    hdfs,
    spoken(['c', operation(80)], ['s', ANSWER], ['c', packet('a text file of somebody')]),
  ).reading();
  t.equal(reading.protocol, 'hdfs');
  t.equal(reading.channel, undefined);
  t.same(reading.stateTransfer, []);
  t.end();
});

t.test('reads calls to the NameNode: methods, and paths of checkpoints', (t) => {
  const call = (method: string, path: string): string => {
    const header = prefixed('\x08\x02\x10\x00\x18\x01');
    const request = prefixed(
      `${field(1, method)}${field(2, 'org.apache.hadoop.hdfs.protocol.ClientProtocol')}\x18\x01`,
    );
    const frame = header + request + prefixed(field(1, path));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    return length.toString('latin1') + frame;
  };
  const path = '/flink/ck/1470c775065164e65c7b8d53a6feff43/chk-3/_metadata';
  const talk = `hrpc\x09\x00\x00${call('getFileInfo', '/tmp/x')}${call('create', path)}`;
  for (const size of [1, 100_000]) {
    const reading = follow(hdfs, spoken(['c', talk]), size).reading();
    t.equal(reading.channel, 'checkpoint-storage');
    t.same(reading.details.methods, ['getFileInfo', 'create']);
    t.same(reading.details.checkpointPaths, [path]);
  }
  t.end();
});

t.test('tells SASL negotiation, which may end in encryption', (t) => {
  const reading = follow(hdfs, spoken(['c', `\xde\xad\xbe\xef${prefixed('\x08\x00')}`])).reading();
  t.match(reading.details, { role: 'DataNode', authentication: 'SASL' });
  const rpc = follow(hdfs, spoken(['c', 'hrpc\x09\x00\xdf\x00\x00\x00\x10'])).reading();
  t.match(rpc.details, { role: 'NameNode', authentication: 'SASL' });
  t.end();
});

t.test('refuses what is not HDFS', (t) => {
  for (const text of [
    '\x00\x1c\x50\x20\x0a\x00',
    '\x00\x1c\x20',
    '\x00\x00\x00\x25',
    'hrpc\x08\x00\x00',
    'GET / HTTP/1.1\r\n',
    '\x16\x03\x01',
  ]) {
    t.equal(follow(hdfs, spoken(['c', text.padEnd(80, '\x00')])).certainty, 'no', JSON.stringify(text));
  }
  t.equal(hdfs.follow('midstream').certainty, 'no');
  t.end();
});

t.test('is no surer of any prefix, and withstands any bytes', (t) => {
  const whole = operation(80);
  for (let length = 0; length < 20; length++) {
    const follower = hdfs.follow('syn');
    const bytes = Buffer.from(whole.slice(0, length), 'latin1');
    follower.feed(0, bytes, 0, bytes.length, 0, 1);
    t.equal(follower.certainty, 'maybe', `${length} bytes`);
  }
  const start = fc.constantFrom(operation(80), operation(81), 'hrpc\x09\x00\x00', '\x00\x1c', '');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (head, client, server) => {
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
      follow(hdfs, spoken(['c', head + text(client)], ['s', text(server)]), 5).reading();
    }),
  );
  t.end();
});
