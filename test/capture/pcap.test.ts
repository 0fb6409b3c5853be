import fc from 'fast-check';
import t from 'tap';
import { type CaptureEvents, MAX_RECORD_BYTES } from '../../src/capture/events.ts';
import { PcapParser } from '../../src/capture/pcap.ts';
import { pieces, record, type SeenCapture } from '../support/capture-record.ts';
import { concat, type Order, type PcapRecord, pcapFile, pcapHeader, pcapRecord, u32 } from '../support/pcap-writer.ts';

const ORDERS: readonly Order[] = ['little-endian', 'big-endian'];
const create = (events: CaptureEvents) => new PcapParser(events);
const parse = (bytes: Uint8Array, chunk: number = bytes.length + 1): SeenCapture =>
  record(create, pieces(bytes, chunk));
const data = (length: number, seed = 7): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);

const records: readonly PcapRecord[] = [
  { seconds: 1_700_000_000, fraction: 5, data: data(60) },
  { seconds: 1_700_000_001, fraction: 999_999, data: data(54, 1), original: 1514 },
  { seconds: 1_700_000_001, fraction: 0, data: data(1, 2) },
  { seconds: 1_700_000_002, fraction: 17, data: data(300, 3), original: 299 },
];

/** What every reader must say of `records` with microseconds. */
const expected = (unit: number) =>
  records.map(({ seconds, fraction, data: bytes, original }, i) => ({
    frame: i + 1,
    seconds,
    nanoseconds: fraction * unit,
    captured: bytes.length,
    original: original ?? bytes.length,
    hex: Buffer.from(bytes).toString('hex'),
  }));

t.test('knows the magic of each byte order and time unit by its bytes as libpcap writes them', async (t) => {
  const bytes: readonly (readonly [string, number, string])[] = [
    ['d4c3b2a1', 1000, 'pcap'],
    ['a1b2c3d4', 1000, 'pcap'],
    ['4d3cb2a1', 1, 'pcap-ns'],
    ['a1b23c4d', 1, 'pcap-ns'],
  ];
  for (const [magic, unit, format] of bytes) {
    const order: Order = magic.startsWith('a1') ? 'big-endian' : 'little-endian';
    const file = pcapFile(records, { order });
    file.set(Buffer.from(magic, 'hex'));
    const seen = parse(file);
    t.match(seen.packets, expected(unit), magic);
    t.equal(seen.packets.length, records.length);
    t.equal(seen.parser.format, format);
    t.equal(seen.parser.precision, unit === 1 ? 'ns' : 'us');
    t.same(seen.problems, []);
  }
});

t.test('tells the variants of pcap apart', async (t) => {
  const variants = [
    { format: 'pcap-modified', magic: 0xa1b2cd34, extra: 8 },
    { format: 'pcap-ss990915', magic: 0xa1b2cd34, extra: 12 },
    { format: 'pcap-ss990417', magic: 0xa1b2c3d4, extra: 8 },
    { format: 'pcap-nokia', magic: 0xa1b2c3d4, extra: 4 },
  ];
  // A variant's original length is never below the captured one.
  const whole = records.slice(0, 3);
  for (const order of ORDERS) {
    for (const { format, magic, extra } of variants) {
      const file = pcapFile(
        whole.map((one) => ({ ...one, extra: new Uint8Array(extra).fill(9) })),
        { order, magic },
      );
      for (const chunk of [file.length, 7, 1]) {
        const seen = parse(file, chunk);
        t.match(seen.packets, expected(1000).slice(0, 3), `${format}, ${order}, ${chunk} bytes at once`);
        t.equal(seen.parser.format, format);
        t.same(seen.problems, []);
      }
    }
  }
});

t.test('passes over the length that ends the file header of IXIA', async (t) => {
  for (const order of ORDERS) {
    for (const [magic, unit] of [
      [0x1c0001ac, 1],
      [0x1c0001ab, 1000],
    ] as const) {
      const seen = parse(pcapFile(records, { order, magic, afterHeader: u32(12345, order) }));
      t.match(seen.packets, expected(unit));
      t.equal(seen.parser.format, 'pcap-ixia');
    }
  }
});

t.test('reads AIX files: version 2.2, ifType for link type, nanoseconds, lengths the other way round', async (t) => {
  const swapped = records.map((one) => ({
    ...one,
    captured: one.original ?? one.data.length,
    original: one.data.length,
  }));
  const seen = parse(pcapFile(swapped, { version: [2, 2], network: 6 }));
  t.match(seen.packets, expected(1));
  t.equal(seen.packets[0]?.linkType, 1);
  t.equal(seen.parser.format, 'pcap-aix');
});

t.test('takes the smaller length as captured in version 2.3, where writers differ', async (t) => {
  const original = records[1]!.original!;
  const swapped = { ...records[1]!, captured: original, original: records[1]!.data.length };
  const seen = parse(pcapFile([records[0]!, swapped, records[1]!], { version: [2, 3] }));
  t.same(
    seen.packets.map((packet) => [packet.captured, packet.original]),
    [
      [60, 60],
      [54, 1514],
      [54, 1514],
    ],
  );
});

t.test('masks the link type with 16 bits and takes the FCS length from the top ones', async (t) => {
  const cases = [
    { network: 0x24000001, linkType: 1, fcsLength: 4 },
    { network: 0x14000071, linkType: 113, fcsLength: 2 },
    { network: 0x20000001, linkType: 1, fcsLength: 0 },
    { network: 0x03ff0114, linkType: 276, fcsLength: 0 },
  ];
  for (const { network, linkType, fcsLength } of cases) {
    const [packet] = parse(pcapFile(records, { network, order: 'big-endian' })).packets;
    t.match(packet, { linkType, fcsLength }, network.toString(16));
  }
});

t.test('carries a whole second or more in the fraction over to the seconds', async (t) => {
  const seen = parse(pcapFile([{ seconds: 10, fraction: 2_500_000, data: data(4) }]));
  t.match(seen.packets, [{ seconds: 12, nanoseconds: 500_000_000 }]);
});

t.test('counts frames and interfaces on from what it is told', async (t) => {
  const seen = record(create, [pcapFile(records)], { firstFrame: 100, firstInterfaceId: 3 });
  t.same(
    seen.packets.map(({ frame, interfaceId }) => [frame, interfaceId]),
    [100, 101, 102, 103].map((frame) => [frame, 3]),
  );
  t.equal(seen.parser.nextFrame, 104);
  t.equal(seen.parser.nextInterfaceId, 4);
});

t.test('gives the same whatever the chunks are', async (t) => {
  for (const order of ORDERS) {
    const file = pcapFile([...records, { seconds: 1_700_000_003, fraction: 1, data: data(70_000) }, ...records], {
      order,
    });
    const whole = parse(file);
    t.equal(whole.packets.length, 9);
    for (const chunk of [1, 2, 3, 15, 16, 17, 24, 100, 4096]) t.same(parse(file, chunk).packets, whole.packets);
  }
});

t.test('a file cut anywhere gives all whole packets, and says where the cut one starts', async (t) => {
  const file = pcapFile(records);
  const ends = [24];
  for (const one of records) ends.push(ends.at(-1)! + 16 + one.data.length);
  for (let length = 0; length < file.length; length++) {
    const seen = parse(file.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    t.same(seen.packets, parse(file).packets.slice(0, Math.max(whole - 1, 0)), `${length} bytes`);
    if (length === 0 || ends.includes(length)) t.same(seen.problems, [], `${length} bytes end cleanly`);
    else t.match(seen.problems, [{ reason: 'truncated-record', offset: whole === 0 ? 0 : ends[whole - 1]! }]);
  }
});

t.test('goes on behind a record header that cannot be, and says what was skipped', async (t) => {
  const good = Array.from({ length: 6 }, (_, i) => ({
    seconds: 1_700_000_000 + i,
    fraction: i,
    data: data(80 + i, i),
  }));
  for (const order of ORDERS) {
    const before = pcapFile(good.slice(0, 2), { order });
    const garbage = pcapRecord({ seconds: 1, fraction: 1, captured: 0xdeadbeef, data: data(333, 5) }, order);
    const after = concat(...good.slice(2).map((one) => pcapRecord(one, order)));
    for (const chunk of [100_000, 13, 1]) {
      const seen = parse(concat(before, garbage, after), chunk);
      t.equal(seen.packets.length, 6, `${order}, ${chunk} bytes at once`);
      t.match(seen.packets.at(-1), { frame: 6, seconds: 1_700_000_005, captured: 85 });
      t.match(seen.problems, [{ reason: 'malformed-header', offset: before.length }]);
      t.match(seen.problems[0]?.message, `went on at byte ${before.length + garbage.length}`);
    }
  }
});

t.test('says that nothing was found where no record follows the damage', async (t) => {
  const file = concat(pcapFile(records), new Uint8Array(5000).fill(0xff));
  const seen = parse(file, 999);
  t.equal(seen.packets.length, records.length);
  t.match(seen.problems, [{ reason: 'malformed-header', message: /no record header was found in the rest/ }]);
});

t.test('zeros behind the last record are damage, not packets', async (t) => {
  const seen = parse(concat(pcapFile(records), new Uint8Array(5000)), 999);
  t.equal(seen.packets.length, records.length);
  t.match(seen.problems, [{ reason: 'malformed-header', message: /all zeros/ }]);
});

t.test('takes captured lengths as far as the declared snaplen, and 262,144 at least', async (t) => {
  const long = { seconds: 1, fraction: 1, data: new Uint8Array(MAX_RECORD_BYTES + 1) };
  t.equal(parse(pcapFile([long], { snaplen: 1_000_000 })).packets[0]?.captured, MAX_RECORD_BYTES + 1);
  t.match(parse(pcapFile([long], { snaplen: 65_535 })).problems, [{ reason: 'malformed-header', offset: 24 }]);
  const longest = { seconds: 1, fraction: 1, data: new Uint8Array(MAX_RECORD_BYTES) };
  t.equal(parse(pcapFile([longest], { snaplen: 96 })).packets[0]?.captured, MAX_RECORD_BYTES);
});

t.test('refuses versions that nobody knows', async (t) => {
  const seen = parse(pcapFile(records, { version: [3, 0] }));
  t.same(seen.packets, []);
  t.match(seen.problems, [{ reason: 'malformed-header', offset: 0 }]);
  t.equal(seen.parser.header, 'refused');
});

t.test('a header alone is an empty capture', async (t) => {
  const seen = parse(pcapHeader());
  t.equal(seen.parser.header, 'read');
  t.same([seen.packets, seen.problems], [[], []]);
});

t.test('random records survive writing and reading in random chunks', async () => {
  const arbitrary = fc.record({
    seconds: fc.nat(0xffff_ffff),
    fraction: fc.nat(999_999),
    data: fc.uint8Array({ maxLength: 200 }),
    original: fc.nat(100_000),
  });
  const property = fc.property(
    fc.array(arbitrary, { maxLength: 12 }),
    fc.constantFrom(...ORDERS),
    fc.constantFrom(0xa1b23c4d, 0x1c0001ac),
    fc.integer({ min: 1, max: 300 }),
    (list, order, magic, chunk) => {
      const afterHeader = magic === 0x1c0001ac ? u32(0, order) : new Uint8Array(0);
      const seen = parse(pcapFile(list, { order, magic, afterHeader }), chunk);
      const told = seen.packets.map(({ seconds, nanoseconds, original, hex }) => [seconds, nanoseconds, original, hex]);
      const written = list.map((one) => [
        one.seconds,
        one.fraction,
        one.original,
        Buffer.from(one.data).toString('hex'),
      ]);
      return JSON.stringify(told) === JSON.stringify(written) && seen.problems.length === 0;
    },
  );
  fc.assert(property, { numRuns: 300 });
});

t.test('damaged bytes neither throw nor hang nor invent bytes, in any chunks', async () => {
  const file = pcapFile([...records, ...records, ...records]);
  const property = fc.property(
    fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    fc.nat(file.length),
    fc.integer({ min: 1, max: 500 }),
    (changes, length, chunk) => {
      const damaged = file.slice(0, length);
      for (const [at, value] of changes) if (at < length) damaged[at] = value;
      const seen = parse(damaged, chunk);
      const total = seen.packets.reduce((sum, { captured }) => sum + captured + 16, 0);
      return total <= length && JSON.stringify(seen.packets) === JSON.stringify(parse(damaged).packets);
    },
  );
  fc.assert(property, { numRuns: 1500 });
});
