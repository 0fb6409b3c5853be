import t from 'tap';
import { toHex } from '../../src/bytes/hex.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import {
  addCredit,
  associate,
  badAddressing,
  get,
  heartbeat,
  jrmpStream,
  strayResult,
} from '../../src/protocols/asks.ts';
import { FRAMES } from '../support/recorded-frames.ts';

const hex = (bytes: Uint8Array): string => toHex(bytes);

t.test('requests are what Flink’s own processes and a stock client sent in recordings', async (t) => {
  t.equal(hex(addCredit.request('tm')).slice(0, 26), FRAMES.addCredit.slice(0, 26), 'AddCredit, up to the receiver');
  t.equal(hex(addCredit.request('tm')).slice(26), '00'.repeat(16), 'a receiver that there is none of');
  t.equal(hex(addCredit.request('tm')).length, FRAMES.addCredit.length);
  t.equal(hex(jrmpStream.request('tm')), FRAMES.jrmpStream, 'JRMP');
});

t.test('the BLOB request is two octets: a third would belong to a job id', async (t) => {
  t.equal(hex(badAddressing.request('jm')), '0101');
});

t.test('the queryable state request is a frame of its own length with a type that servers refuse', async (t) => {
  const bytes = strayResult.request('tm');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  t.equal(view.getUint32(0), bytes.length - 4, 'length without itself');
  t.equal(view.getUint32(4), 0x79a1b710, 'version of MessageSerializer');
  t.equal(view.getUint32(8), 1, 'REQUEST_RESULT of MessageType');
  t.equal(view.getBigUint64(12), 0n);
});

interface Field {
  readonly number: number;
  readonly value: number | bigint | Uint8Array;
}

/** Protocol buffers' wire format, as the protobuf documentation has it: varints, fixed64, length-delimited. */
function fields(bytes: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = tag >> 3;
    switch (tag & 7) {
      case 0:
        found.push({ number, value: varint() });
        break;
      case 1:
        found.push({ number, value: new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true) });
        at += 8;
        break;
      case 2: {
        const length = varint();
        found.push({ number, value: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      default:
        throw new Error(`wire type ${tag & 7} at ${at}`);
    }
  }
  return found;
}

t.test('HEARTBEAT is a control message of one field (WireFormats.proto: commandType 3)', async (t) => {
  const frame = heartbeat.request('jm');
  t.equal(new DataView(frame.buffer, frame.byteOffset).getUint32(0), frame.length - 4);
  const [message, ...more] = fields(frame.subarray(4));
  t.equal(message!.number, 2, 'instruction');
  t.strictSame(fields(message!.value as Uint8Array), [{ number: 1, value: 3 }]);
  t.strictSame(more, []);
});

t.test('ASSOCIATE names a process that cannot exist (WireFormats.proto)', async (t) => {
  const frame = associate.request('jm');
  t.equal(new DataView(frame.buffer, frame.byteOffset).getUint32(0), frame.length - 4);
  const [message] = fields(frame.subarray(4));
  t.equal(message!.number, 2, 'instruction');
  const [command, info] = fields(message!.value as Uint8Array);
  t.strictSame([command!.number, command!.value], [1, 1], 'commandType ASSOCIATE');
  t.equal(info!.number, 2, 'handshakeInfo');
  const [origin, uid] = fields(info!.value as Uint8Array);
  const text = (value: Field['value']): string => new TextDecoder().decode(value as Uint8Array);
  const [system, host, port, protocol] = fields(origin!.value as Uint8Array);
  t.equal(text(system!.value), 'flinkprobe');
  t.match(text(host!.value), /\.invalid$/, 'a name that never resolves (RFC 6761 section 6.4)');
  t.equal(port!.value, 1);
  t.equal(text(protocol!.value), 'tcp');
  t.equal(uid!.number, 2);
  t.equal(hex(associate.farewell!), '0000000412020802', 'DISASSOCIATE before it leaves');
});

t.test('an HTTP request names its host and ends the connection', async (t) => {
  const text = new TextDecoder().decode(get('/config').request('[::1]:8081'));
  t.match(text, /^GET \/config HTTP\/1\.1\r\nHost: \[::1\]:8081\r\n/);
  t.match(text, /\r\nConnection: close\r\n/);
  t.ok(text.endsWith('\r\n\r\n'));
});

t.test('the collect sink and HiveServer2 are never asked, whatever is configured', async (t) => {
  const probes = await loadProbes();
  const silent = probes.filter(({ ask }) => ask === undefined).map(({ id }) => id);
  t.strictSame(silent.sort(), ['checkpoint-storage', 'collect-sink', 'high-availability', 'hiveserver2']);
});
