import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Writer } from '../../src/bytes/writer.ts';
import { flinkData } from '../../src/protocols/flink-data.ts';
import { bytesOf, type Conversation, conversation, feed, readConversation } from '../support/conversation.ts';

interface Expected {
  readonly ids: readonly [Readonly<Record<string, number>>, Readonly<Record<string, number>>];
  readonly records: readonly [{ count: number; bytes: number }, { count: number; bytes: number }];
}

const shuffle = readConversation<Expected>('data-1.20.3');

t.test('counts frames by id and the records in them', async (t) => {
  const { ids, records } = shuffle.expected;
  const reading = feed(flinkData, shuffle).reading();
  t.match(reading, { channel: 'taskmanager-data', clientSide: 0, answered: true });
  t.same(reading.details.messages, [
    `BufferResponse ×${ids[1]['0']}`,
    `PartitionRequest ×${ids[0]['2']}`,
    `AddCredit ×${ids[0]['6']}`,
    `ResumeConsumption ×${ids[0]['7']}`,
  ]);
  t.equal(reading.details.flinkVersions, '1.19–1.20');
  t.match(reading.stateTransfer, [{ kind: 'records', side: 1, ...records[1] }]);
});

t.test('the place of the first records is that of their frame', async (t) => {
  const stream = bytesOf(shuffle, 1);
  const [found] = feed(flinkData, shuffle).reading().stateTransfer;
  const at = found!.streamOffset;
  t.equal(Buffer.from(stream.subarray(at + 4, at + 9)).toString('hex'), 'badc0ffe00');
  t.equal(stream[at + 37], 1, 'data type of 1.20');
  const before = stream.subarray(0, at);
  t.notMatch(Buffer.from(before).toString('latin1'), /CARD-/, 'no record before it');
});

t.test('clear requests at a TLS port are sure and unanswered', async (t) => {
  const follower = feed(flinkData, readConversation('data-refused-1.20.3'));
  t.equal(follower.certainty, 'sure');
  t.match(follower.reading(), { answered: false, stateTransfer: [], details: { partitionRequests: 8 } });
});

function frame(id: number, body: Uint8Array): Uint8Array {
  return new Writer()
    .uint32(9 + body.length)
    .uint32(0xbadc0ffe)
    .uint8(id)
    .bytes(body)
    .finish();
}

/** BufferResponse as each version lays it out, with `size` bytes of data. */
function buffer(layout: 39 | 43 | 47, dataType: number, size: number, partial = 0): Uint8Array {
  const header = new Writer().bytes(new Uint8Array(16));
  if (layout !== 39) {
    header.uint32(3);
  }
  if (layout === 47) {
    header.uint32(partial);
  }
  header.uint32(9).uint32(2).uint8(dataType).uint8(0).uint32(size);
  return frame(0, header.bytes(new Uint8Array(4 * partial + size)).finish());
}

const request = (length: number): Uint8Array => frame(2, new Uint8Array(length - 9));

const versions = [
  { length: 69, layout: 39, text: '1.13–1.15' },
  { length: 93, layout: 39, text: '1.16–1.18' },
  { length: 97, layout: 43, text: '1.19–1.20' },
  { length: 97, layout: 47, text: '2.0+' },
] as const;

for (const { length, layout, text } of versions) {
  t.test(`frames of ${text} are told by their lengths`, async (t) => {
    const answers = [buffer(layout, 6, 4), buffer(layout, 1, 100), buffer(layout, 4, 32), buffer(layout, 1, 40_000)];
    const talk = conversation([0, request(length)], ...answers.map((bytes) => [1, bytes] as const));
    for (const pieces of [1, 50, 60_000]) {
      const reading = feed(flinkData, talk, { pieces }).reading();
      t.equal(reading.details.flinkVersions, text);
      t.same(reading.details.dataTypes, ['records ×2', 'checkpoint-barrier ×1', 'unknown_0x06 ×1']);
      t.match(reading.stateTransfer, [{ kind: 'records', bytes: 40_100, count: 2 }]);
    }
  });
}

t.test('partial buffers of 2.0 stand between header and data', async (t) => {
  const talk = conversation([0, request(97)], [1, buffer(47, 1, 10)], [1, buffer(47, 1, 500, 3)]);
  t.match(feed(flinkData, talk).reading().stateTransfer, [{ bytes: 510, count: 2 }]);
});

t.test('a frame in mid-stream proves only with its neighbour', async (t) => {
  const late = (...messages: Uint8Array[]): Conversation => ({
    ...conversation(...messages.map((bytes) => [1, bytes] as const)),
    start: 'midstream',
  });
  const noise = fromHex('00'.repeat(999));
  t.equal(feed(flinkData, late(noise, buffer(43, 1, 20))).certainty, 'maybe');
  t.equal(feed(flinkData, late(noise, buffer(43, 1, 20), noise)).certainty, 'maybe');
  t.equal(feed(flinkData, late(noise, buffer(43, 1, 20), buffer(43, 1, 20))).certainty, 'sure');
  const reading = feed(flinkData, late(noise, buffer(43, 1, 20), buffer(43, 1, 20)), { pieces: 1 }).reading();
  t.match(reading, { clientSide: 0, stateTransfer: [{ side: 1, count: 2, streamOffset: 999 }] });
});

t.test('bytes lost in the middle of a buffer lose no frame', async (t) => {
  const talk = conversation([0, request(97)], [1, buffer(43, 1, 30_000)], [1, buffer(43, 1, 7)]);
  const reading = feed(flinkData, talk, { lose: { side: 1, from: 1000, length: 20_000 } }).reading();
  t.match(reading.stateTransfer, [{ bytes: 30_007, count: 2 }]);
  t.equal(reading.details.resynchronisations, undefined);
});

t.test('bytes lost across frames are found again at the next magic', async (t) => {
  const talk = conversation([0, request(97)], ...[1, 2, 3, 4, 5].map((n) => [1, buffer(43, 1, 100 * n)] as const));
  const reading = feed(flinkData, talk, { lose: { side: 1, from: 200, length: 300 } }).reading();
  // The third frame's header is among the lost bytes; the second's is not.
  t.match(reading.stateTransfer, [{ bytes: 100 + 200 + 400 + 500, count: 4 }]);
  t.equal(reading.details.resynchronisations, 1);
});

t.test('a safe ask and its refusal prove the data port by both sides', async (t) => {
  const credit = frame(6, new Uint8Array(20));
  const error = frame(1, fromHex('aced0005 7372001f'));
  t.equal(feed(flinkData, conversation([0, credit])).certainty, 'maybe');
  t.match(feed(flinkData, conversation([0, credit], [1, error])).certainty, 'sure');
});

t.test('another magic or an unknown id at the start is another protocol', async (t) => {
  t.equal(feed(flinkData, conversation([0, fromHex('00000061badc0fff02')])).certainty, 'no');
  t.equal(feed(flinkData, conversation([0, fromHex(`00000061badc0ffe0c${'00'.repeat(88)}`)])).certainty, 'no');
});
