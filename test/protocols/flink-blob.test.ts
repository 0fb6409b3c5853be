import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { flinkBlob } from '../../src/protocols/flink-blob.ts';
import { conversation, feed, readConversation } from '../support/conversation.ts';

const get = fromHex(`01 02 ${'aa'.repeat(16)} ${'bb'.repeat(20)} 00 ${'cc'.repeat(16)}`);
const jar = fromHex(`00 08000000 504b0304 00000000`);

t.test('reads the fetch of a jar: job, size, place of the data', async (t) => {
  const reading = feed(flinkBlob, readConversation('blob-get-1.20.3')).reading();
  t.match(reading, {
    channel: 'blob-server',
    answered: true,
    details: { operation: 'GET', mode: '0x02', type: 'permanent', answer: 'ok', announcedBytes: 3749, content: 'jar' },
    stateTransfer: [{ kind: 'user-code', side: 1, streamOffset: 5, bytes: 3749, count: 1 }],
  });
  t.match(reading.details.jobId, /^[0-9a-f]{32}$/);
  t.equal(reading.firstBytes.length, 18, 'operation, mode and job id: no key');
});

for (const name of ['blob-refused-1.20.3', 'blob-refused-early-1.20.3']) {
  t.test(`${name}: a request and the alert of a TLS port prove a clear client`, async (t) => {
    const follower = feed(flinkBlob, readConversation(name));
    t.equal(follower.certainty, 'sure');
    t.match(follower.reading(), { answered: false, stateTransfer: [], details: { answer: 'none' } });
  });
}

t.test('a request alone proves nothing', async (t) => {
  t.equal(feed(flinkBlob, conversation([0, get])).certainty, 'maybe');
  t.equal(feed(flinkBlob, conversation([0, get])).reading().answered, false);
});

t.test('a request that goes on before its answer is none', async (t) => {
  t.equal(feed(flinkBlob, conversation([0, get], [0, fromHex('00')])).certainty, 'no');
});

t.test('every mode of GET is known by its length', async (t) => {
  for (const [mode, size] of [
    ['00', 39],
    ['02', 55],
    ['03', 55],
  ] as const) {
    const request = fromHex(
      `01 ${mode} ${mode === '00' ? '' : 'aa'.repeat(16)} ${'bb'.repeat(20)} 00 ${'cc'.repeat(16)}`,
    );
    t.equal(request.length, size);
    t.equal(feed(flinkBlob, conversation([0, request], [1, jar])).certainty, 'sure', mode);
  }
});

t.test('data of another kind proves where its announced length is met and acknowledged', async (t) => {
  const log = Buffer.from('2026-01-01 INFO started');
  const answer = Buffer.concat([fromHex(`00 ${log.length.toString(16)}000000`), log]);
  const request = [0, get] as const;
  t.equal(feed(flinkBlob, conversation(request, [1, answer]), { close: 'none' }).certainty, 'maybe');
  const follower = feed(flinkBlob, conversation(request, [1, answer], [0, fromHex('00')]));
  t.equal(follower.certainty, 'sure');
  t.match(follower.reading().stateTransfer, [{ kind: 'file', bytes: log.length }]);
  t.equal(feed(flinkBlob, conversation(request, [1, Buffer.concat([answer, log])])).certainty, 'no');
});

t.test('a serialized object is a file with its class', async (t) => {
  const name = 'org.apache.flink.runtime.executiongraph.JobInformation';
  const data = Buffer.concat([fromHex('aced0005 7372 0036'), Buffer.from(name)]);
  const answer = Buffer.concat([fromHex(`00 ${data.length.toString(16)}000000`), data]);
  const reading = feed(flinkBlob, conversation([0, get], [1, answer])).reading();
  t.match(reading.stateTransfer, [{ kind: 'file', bytes: data.length }]);
  t.ok(reading.stateTransfer[0]!.names!.includes(name));
  t.equal(reading.details.class, name);
});

t.test('the answer to an impossible mode names its exception', async (t) => {
  const answer = Buffer.concat([fromHex('01 40000000 aced0005 7372 0013'), Buffer.from('java.io.IOException')]);
  const follower = feed(flinkBlob, conversation([0, fromHex('0101')], [1, answer]));
  t.equal(follower.certainty, 'sure');
  t.match(follower.reading().details, {
    operation: 'GET',
    mode: '0x01',
    answer: 'error',
    class: 'java.io.IOException',
  });
});

t.test('a PUT is followed piece by piece to its end and its answer', async (t) => {
  const piece = new Uint8Array(65_536);
  piece.set(fromHex('504b0304'));
  const request = Buffer.concat([
    fromHex(`00 02 ${'aa'.repeat(16)} 00`),
    fromHex('00000100'),
    piece,
    fromHex('03000000 010203'),
    fromHex('ffffffff'),
  ]);
  const key = fromHex(`00 ${'bb'.repeat(20)} 00 ${'cc'.repeat(16)}`);
  for (const pieces of [1, 777, 100_000]) {
    const follower = feed(flinkBlob, conversation([0, request], [1, key]), { pieces });
    t.equal(follower.certainty, 'sure');
    t.match(follower.reading().stateTransfer, [{ kind: 'user-code', side: 0, bytes: 65_539 }]);
  }
  t.equal(feed(flinkBlob, conversation([0, request])).certainty, 'maybe', 'without an answer');
  const tooLong = Buffer.concat([fromHex(`00 02 ${'aa'.repeat(16)} 00`), fromHex('01000100')]);
  t.equal(feed(flinkBlob, conversation([0, tooLong])).certainty, 'no', 'a piece above 64 KiB');
});
