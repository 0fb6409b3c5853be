import fc from 'fast-check';
import t from 'tap';
import type { ClearReading } from '../../src/model/probe.ts';
import { http } from '../../src/protocols/http.ts';
import { follow, recordedStream, spoken } from '../support/http-streams.ts';

const RECORDED = [
  'rest-config-basic',
  'rest-jar-upload',
  'rest-taskmanagers',
  's3-list-prefix',
  's3-put-keyed-state',
  's3-put-metadata-part',
] as const;

/** Frames are told by segment, which pieces keep: nothing else may depend on how the bytes came. */
function comparable(reading: ClearReading): unknown {
  return { ...reading, firstBytes: Buffer.from(reading.firstBytes).toString('hex') };
}

t.test('counts a gap inside a body away, and finds the next message behind any other', (t) => {
  const feed = (f: ReturnType<typeof http.follow>, side: 0 | 1, text: string, offset: number): number => {
    const bytes = Buffer.from(text, 'latin1');
    f.feed(side, bytes, 0, bytes.length, offset, 1);
    return offset + bytes.length;
  };
  const inside = http.follow('syn');
  let at = feed(inside, 0, 'PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\nabc', 0);
  inside.gap(0, 999_999_997, at);
  at += 999_999_997;
  feed(inside, 0, 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n', at);
  t.same(inside.reading().details.paths, ['GET /next 1', 'PUT /x 1']);

  const across = http.follow('syn');
  let to = feed(across, 1, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 0);
  across.gap(1, 50, to);
  to += 50;
  feed(across, 1, 'rest of a bodyHTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', to);
  t.same(across.reading().details.statuses, ['200 1', '503 1']);
  t.end();
});

t.test('finds its place in a connection that is recorded from the middle, whoever comes first', (t) => {
  const reading = follow(
    http,
    spoken(
      ['s', 'tail of a body","x":1}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['s', 'junk\n'],
      ['c', '\x00\x01binaryGET /overview HTTP/1.1\r\nHost: jm\r\n\r\n'],
    ),
    3,
    'midstream',
  );
  t.equal(reading.certainty, 'sure');
  t.same(reading.reading().details.paths, ['GET /overview 1']);
  t.same(reading.reading().details.statuses, ['200 1']);
  const reversed = follow(http, spoken(['s', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n']), 1, 'midstream').reading();
  t.equal(reversed.clientSide, 1);
  t.equal(follow(http, spoken(['c', 'x'.repeat(300_000)]), 65_536, 'midstream').certainty, 'no');
  t.end();
});

t.test('holds little of a body of a gigabyte, of an endless line and of endless headers', (t) => {
  const chunk = new Uint8Array(1 << 20).fill(0x61);
  const follower = http.follow('syn');
  const head = Buffer.from(
    'PUT /b/0123456789abcdef0123456789abcdef/chk-1/00000000-0000-0000-0000-000000000000 HTTP/1.1\r\nHost: s3\r\nContent-Length: 1073741824\r\n\r\n',
  );
  follower.feed(0, head, 0, head.length, 0, 1);
  global.gc?.();
  const before = process.memoryUsage();
  for (let i = 0; i < 1024; i++) {
    follower.feed(0, chunk, 0, chunk.length, head.length + i * chunk.length, 2 + i);
  }
  const after = process.memoryUsage();
  t.match(follower.reading().stateTransfer, [
    { kind: 'unidentified-state-file', bytes: 1 << 30, streamOffset: head.length },
  ]);
  t.ok(after.arrayBuffers - before.arrayBuffers < 1 << 20, 'no buffer of the body is kept');
  for (const text of ['GET /', 'GET / HTTP/1.1\r\nX: ', 'GET / HTTP/1.1\r\n']) {
    const endless = http.follow('syn');
    const start = Buffer.from(text);
    endless.feed(0, start, 0, start.length, 0, 1);
    const line = text.endsWith('\n') ? Buffer.from('X: y\r\n'.repeat(20_000)) : chunk;
    for (let i = 0; i < 64; i++) {
      endless.feed(0, line, 0, line.length, start.length + i * line.length, 2);
    }
    t.ok(process.memoryUsage().arrayBuffers - before.arrayBuffers < 8 << 20, JSON.stringify(text));
  }
  t.end();
});

t.test('withstands damaged conversations, and reads them alike in pieces of any size', (t) => {
  const streams = RECORDED.map((name) => recordedStream(name));
  fc.assert(
    fc.property(
      fc.nat(streams.length - 1),
      fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { maxLength: 6 }),
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom('syn' as const, 'midstream' as const),
      (which, changes, size, start) => {
        const damaged = streams[which]!.map((segment) => {
          const bytes = segment.bytes.slice();
          for (const [at, value] of changes) {
            if (at < bytes.length) bytes[at] = value;
          }
          return { ...segment, bytes };
        });
        const whole = follow(http, damaged, undefined, start);
        const pieces = follow(http, damaged, size, start);
        t.same(pieces.certainty === 'sure', whole.certainty === 'sure');
        if (whole.certainty === 'sure') {
          t.same(comparable(pieces.reading()), comparable(whole.reading()));
        }
        return true;
      },
    ),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom<0 | 1>(0, 1), fc.uint8Array({ maxLength: 300 }), fc.boolean())),
      (feeds) => {
        const follower = http.follow('midstream');
        const offsets: [number, number] = [0, 0];
        for (const [side, bytes, gap] of feeds) {
          if (gap) {
            follower.gap(side, bytes.length + 1, offsets[side]);
            offsets[side] += bytes.length + 1;
          } else {
            follower.feed(side, bytes, 0, bytes.length, offsets[side], 1);
            offsets[side] += bytes.length;
          }
        }
        return follower.reading().protocol === 'http';
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});
