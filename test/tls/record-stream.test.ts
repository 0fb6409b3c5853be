import { createHash } from 'node:crypto';
import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { type RecordConsumer, RecordStream } from '../../src/tls/record-stream.ts';

/** Bytes that look like ciphertext, the same in every run. */
function noise(length: number, seed = 1): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < length; i++) {
    parts.push(createHash('sha256').update(`${seed} ${i}`).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

function record(type: number, length: number, seed = length): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 3, length >> 8, length & 0xff]), noise(length, seed)]);
}

interface Seen {
  readonly records: string[];
  readonly bodies: Buffer[];
  lost: number;
  readonly stream: RecordStream;
}

function stream(start: 'syn' | 'midstream', wanted: (type: number) => boolean = () => false): Seen {
  const records: string[] = [];
  const bodies: Buffer[] = [];
  const seen = { records, bodies, lost: 0 };
  const consumer: RecordConsumer = {
    recordStart: (_side, header) => {
      records.push(`${header.type}:${header.length}@${header.streamOffset}`);
      if (wanted(header.type)) {
        bodies.push(Buffer.alloc(0));
        return 'collect';
      }
      return 'skip';
    },
    recordBody: (_side, bytes, from, to) => bodies.push(Buffer.concat([bodies.pop()!, bytes.subarray(from, to)])),
    recordGap: (_side, length) => bodies.push(Buffer.concat([bodies.pop()!, Buffer.from(`<${length}>`)])),
    recordEnd: () => undefined,
    framingLost: () => {
      seen.lost++;
    },
  };
  return Object.assign(seen, { stream: new RecordStream(0, consumer, start) });
}

function feed(seen: Seen, bytes: Uint8Array, offset = 0, chunk = bytes.length): void {
  for (let at = 0; at < bytes.length; at += chunk) {
    seen.stream.feed(bytes, at, Math.min(bytes.length, at + chunk), offset + at, 1);
  }
}

t.test('records are found however the bytes are cut', async (t) => {
  const bytes = Buffer.concat([record(22, 100), record(20, 1), record(23, 0), record(23, 16_640), record(21, 26)]);
  const expected = ['22:100@0', '20:1@105', '23:0@111', '23:16640@116', '21:26@16761'];
  for (const chunk of [1, 2, 3, 5, 7, 1460, bytes.length]) {
    const seen = stream('syn', (type) => type === 22);
    feed(seen, bytes, 0, chunk);
    t.strictSame(seen.records, expected, `${chunk}`);
    t.strictSame(seen.bodies, [noise(100, 100)]);
    t.equal(seen.stream.unframedBytes, 0);
  }
});

t.test('the first impossible byte makes a side foreign, and its beginning is kept', async (t) => {
  for (const [hex, decisive] of [
    ['01020304', 1],
    ['19030300', 1],
    ['16020000', 2],
    ['16030500', 3],
    ['1603034801', 5],
    ['1603030000', 5],
    ['474554202f', 1],
    ['00000025120908021205', 1],
    ['80040102', 2],
    ['8040020301', 3],
  ] as const) {
    const seen = stream('syn');
    const bytes = fromHex(hex);
    feed(seen, bytes.subarray(0, decisive - 1));
    t.equal(seen.stream.certainty, 'maybe', hex);
    feed(seen, bytes.subarray(decisive - 1), decisive - 1);
    t.equal(seen.stream.certainty, 'no', hex);
    feed(seen, noise(500), bytes.length);
    t.strictSame(seen.stream.foreign?.bytes, Uint8Array.from(Buffer.concat([bytes, noise(500)]).subarray(0, 64)));
    t.equal(seen.lost, 0);
  }
});

t.test(
  'a first record that nothing follows is not proof, and other bytes after it make the side foreign',
  async (t) => {
    const seen = stream('syn');
    feed(seen, Buffer.concat([record(23, 10), Buffer.from('not TLS')]));
    t.equal(seen.stream.certainty, 'no');
    t.equal(seen.stream.foreign?.bytes.length, 22);
  },
);

t.test('three records in a row are proof', async (t) => {
  const seen = stream('syn');
  feed(seen, Buffer.concat([record(23, 10), record(23, 11)]));
  t.equal(seen.stream.certainty, 'maybe');
  feed(seen, record(23, 12), 31);
  t.equal(seen.stream.certainty, 'sure');
});

t.test('a gap inside a body keeps framing; the consumer is told how much is missing', async (t) => {
  const seen = stream('syn', () => true);
  const bytes = Buffer.concat([record(22, 100), record(23, 50)]);
  feed(seen, bytes.subarray(0, 45));
  seen.stream.gap(60);
  feed(seen, bytes.subarray(105), 105);
  t.strictSame(seen.records, ['22:100@0', '23:50@105']);
  t.strictSame(seen.bodies[0], Buffer.concat([noise(100, 100).subarray(0, 40), Buffer.from('<60>')]));
  t.equal(seen.lost, 0);
  t.equal(seen.stream.resynchronisations, 0);
});

t.test('a gap that ends at a record header costs nothing but the records in it', async (t) => {
  const seen = stream('syn');
  const bytes = Buffer.concat([record(23, 100), record(23, 200), record(23, 300), record(23, 400)]);
  feed(seen, bytes.subarray(0, 105));
  seen.stream.gap(205);
  feed(seen, bytes.subarray(310), 310);
  t.strictSame(seen.records, ['23:100@0', '23:300@310', '23:400@615']);
  t.equal(seen.stream.resynchronisations, 1);
  t.equal(seen.stream.unframedBytes, 0);
});

t.test('after a gap into a body the next chain of headers is found, bytes cut anywhere', async (t) => {
  const bytes = Buffer.concat([1, 2, 3, 4, 5, 6].map((i) => record(23, 16_000 + i)));
  for (const chunk of [1, 1460, 40_000]) {
    const seen = stream('syn');
    feed(seen, bytes.subarray(0, 5000), 0, 5000);
    seen.stream.gap(20_000);
    feed(seen, bytes.subarray(25_000), 25_000, chunk);
    t.strictSame(
      seen.records,
      ['23:16001@0', '23:16003@32013', '23:16004@48021', '23:16005@64030', '23:16006@80040'],
      `${chunk}`,
    );
    t.equal(seen.stream.resynchronisations, 1);
    t.equal(seen.stream.unframedBytes, 32_013 - 25_000);
  }
});

t.test('a header of more than 2^14+2048 is lost synchronisation, not a record', async (t) => {
  const seen = stream('syn');
  const bytes = Buffer.concat([
    record(23, 10),
    record(23, 20),
    record(23, 30),
    fromHex('170303ffff'),
    noise(5000),
    record(23, 40),
    record(23, 50),
    record(23, 60),
  ]);
  feed(seen, bytes, 0, 100);
  t.strictSame(
    seen.records.map((r) => r.split('@')[0]),
    ['23:10', '23:20', '23:30', '23:40', '23:50', '23:60'],
  );
  t.equal(seen.lost, 1);
  t.equal(seen.stream.resynchronisations, 1);
});

t.test('two records that end with the segment are believed, one is not', async (t) => {
  const two = stream('midstream');
  feed(two, Buffer.concat([noise(700), record(23, 40), record(23, 50)]));
  t.strictSame(
    two.records.map((r) => r.split('@')[0]),
    ['23:40', '23:50'],
  );
  t.equal(two.stream.certainty, 'sure');
  t.equal(two.stream.unframedBytes, 700);
  const one = stream('midstream');
  feed(one, Buffer.concat([noise(700), record(23, 40)]));
  t.strictSame(one.records, []);
});

t.test('four megabytes of ciphertext hold no chain of records, and an unproven side is given up', async (t) => {
  const unproven = stream('midstream');
  const sure = stream('syn');
  feed(sure, Buffer.concat([record(23, 1), record(23, 2), record(23, 3)]));
  sure.stream.gap(100_000);
  const bytes = noise(4 << 20, 7);
  feed(unproven, bytes, 0, 1460);
  feed(sure, bytes, 100_021, 1460);
  t.strictSame(unproven.records, []);
  t.equal(unproven.stream.certainty, 'no');
  t.equal(sure.records.length, 3);
  t.equal(sure.stream.certainty, 'sure');
  t.equal(sure.stream.resynchronisations, 0);
});

t.test('an SSLv2-format hello opens a TLS stream', async (t) => {
  const hello = fromHex(
    '802e 01 0301 0015 0000 0010 00002f000035000005 00000a 010080 020080 030080 000102030405060708090a0b0c0d0e0f',
  );
  for (const chunk of [1, 4, 48]) {
    const seen = stream('syn', (type) => type === 0x80);
    feed(seen, Buffer.concat([hello, record(22, 70)]), 0, chunk);
    t.strictSame(seen.records, ['128:46@0', '22:70@48']);
    t.equal(seen.bodies[0]?.compare(hello.subarray(2)), 0);
  }
});
