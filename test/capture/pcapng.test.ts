import fc from 'fast-check';
import t from 'tap';
import type { CaptureEvents } from '../../src/capture/events.ts';
import { MAX_BLOCK_BYTES, PcapngParser } from '../../src/capture/pcapng.ts';
import { pieces, record, type SeenCapture } from '../support/capture-record.ts';
import { concat, type Order, u16, u32, u64 } from '../support/pcap-writer.ts';
import { PcapngWriter, text } from '../support/pcapng-writer.ts';

const ORDERS: readonly Order[] = ['little-endian', 'big-endian'];
const create = (events: CaptureEvents) => new PcapngParser(events);
const parse = (bytes: Uint8Array, chunk: number = bytes.length + 1): SeenCapture =>
  record(create, pieces(bytes, chunk));
const data = (length: number, seed = 7): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** 2023-11-14T22:13:20.000005Z in microseconds. */
const TIME = 1_700_000_000_000_005n;

t.test('reads every kind of block in both byte orders', async (t) => {
  for (const order of ORDERS) {
    const w = new PcapngWriter(order);
    const file = concat(
      w.sectionHeader(),
      w.interfaceDescription(1, 100, [
        { code: 2, value: text('eth0') },
        { code: 11, value: concat(Uint8Array.of(0), text('tcp port 6123')) },
      ]),
      w.enhancedPacket(0, TIME, data(33), { original: 1514 }),
      w.simplePacket(data(50)),
      w.simplePacket(data(100, 2), 400),
      w.obsoletePacket(0, 0xffff, TIME + 1n, data(7)),
      w.nameResolution([
        { type: 1, address: [10, 77, 0, 1], names: ['jm', 'jobmanager.example'] },
        { type: 9, address: [1, 2, 3], names: ['x'] },
        { type: 2, address: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], names: ['tm1'] },
      ]),
      w.interfaceStatistics(0, [w.counter(4, 1000n), w.counter(5, 3n), w.counter(7, 4n)]),
      w.decryptionSecrets('CLIENT_RANDOM 00 11\r\n'),
      w.decryptionSecrets('not a TLS key log', 0x57474b4c),
      w.block(0x0000_0bad, concat(u32(32473, order), text('custom'))),
      w.block(0x4000_0bad, concat(u32(32473, order), data(100_000))),
      w.block(0x8000_0001, data(11)),
      w.enhancedPacket(0, TIME + 2n, data(1)),
    );
    for (const chunk of [file.length, 4096, 13, 1]) {
      const seen = parse(file, chunk);
      t.match(
        seen.packets,
        [
          {
            frame: 1,
            seconds: 1_700_000_000,
            nanoseconds: 5000,
            original: 1514,
            hex: hex(data(33)),
            fileOffset: 28 + 52,
          },
          { frame: 2, seconds: -1, nanoseconds: 0, captured: 50, original: 50, hex: hex(data(50)) },
          { frame: 3, seconds: -1, captured: 100, original: 400, hex: hex(data(100, 2)) },
          { frame: 4, seconds: 1_700_000_000, nanoseconds: 6000, captured: 7, hex: hex(data(7)) },
          { frame: 5, seconds: 1_700_000_000, nanoseconds: 7000, captured: 1 },
        ],
        `${order}, ${chunk} bytes at once`,
      );
      t.same(seen.names, [
        ['10.77.0.1', ['jm', 'jobmanager.example']],
        ['2001:db8::2', ['tm1']],
      ]);
      t.same(seen.secrets, ['CLIENT_RANDOM 00 11\r\n']);
      t.same(seen.interfaces, [{ id: 0, linkType: 1, snaplen: 100, name: 'eth0', filter: 'tcp port 6123' }]);
      t.equal(seen.parser.captureDrops, 7);
      t.same(seen.problems, []);
    }
  }
});

t.test('sections may differ in byte order, and interface ids start again in each', async (t) => {
  const little = new PcapngWriter('little-endian');
  const big = new PcapngWriter('big-endian');
  const file = concat(
    little.sectionHeader(),
    little.interfaceDescription(1),
    little.interfaceDescription(101, 0, [{ code: 9, value: Uint8Array.of(9) }]),
    little.enhancedPacket(1, TIME * 1000n, data(20)),
    // Minor version 2 is to be read as 0; a section length may be given.
    big.sectionHeader([1, 2], 4711n),
    big.interfaceDescription(113),
    big.enhancedPacket(0, TIME, data(21)),
    little.sectionHeader(),
    little.interfaceDescription(276),
    little.enhancedPacket(0, TIME, data(22)),
    little.enhancedPacket(1, TIME, data(23)),
  );
  const seen = record(create, pieces(file, 50), { firstFrame: 11, firstInterfaceId: 5 });
  t.match(seen.packets, [
    { frame: 11, linkType: 101, interfaceId: 6, captured: 20, seconds: 1_700_000_000, nanoseconds: 5000 },
    { frame: 12, linkType: 113, interfaceId: 7, captured: 21, seconds: 1_700_000_000, nanoseconds: 5000 },
    { frame: 13, linkType: 276, interfaceId: 8, captured: 22 },
  ]);
  t.equal(seen.packets.length, 3, 'interface 1 is not described in the last section');
  t.match(seen.problems, [{ reason: 'unknown-interface', message: /1 packets name interface 1/ }]);
  t.equal(seen.parser.nextInterfaceId, 9);
  t.equal(seen.parser.precision, 'ns');
});

t.test('turns time stamps of any resolution into seconds and nanoseconds', async (t) => {
  const exact = (value: bigint, perSecond: bigint): readonly [number, number] => [
    Number(value / perSecond),
    Number(((value % perSecond) * 1_000_000_000n) / perSecond),
  ];
  const resolutions = [0, 1, 3, 6, 7, 9, 10, 12, 18, 0x80, 0x8a, 0x94, 0x95, 0x9e, 0xa0, 0xb0];
  for (const resolution of resolutions) {
    const exponent = BigInt(resolution & 0x7f);
    const perSecond = resolution >= 0x80 ? 1n << exponent : 10n ** exponent;
    const values = [0n, 1n, perSecond - 1n, 1_700_000_000n * perSecond + perSecond / 3n, 253_402_300_799n * perSecond];
    for (const order of ORDERS) {
      const w = new PcapngWriter(order);
      for (const value of values.filter((one) => one < 1n << 64n)) {
        const file = concat(
          w.sectionHeader(),
          w.interfaceDescription(1, 0, [{ code: 9, value: Uint8Array.of(resolution) }]),
          w.enhancedPacket(0, value, data(4)),
        );
        const [packet] = parse(file).packets;
        t.same([packet?.seconds, packet?.nanoseconds], exact(value, perSecond), `${value} at ${resolution}`);
      }
    }
  }
});

t.test('agrees with exact arithmetic on random 64-bit time stamps and offsets', async () => {
  const w = new PcapngWriter();
  const property = fc.property(
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.oneof(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0x80, max: 0xbf })),
    fc.bigInt({ min: -5_000_000_000n, max: 5_000_000_000n }),
    (value, resolution, offset) => {
      const exponent = BigInt(resolution & 0x7f);
      const perSecond = resolution >= 0x80 ? 1n << exponent : 10n ** exponent;
      const options = [
        { code: 9, value: Uint8Array.of(resolution) },
        { code: 14, value: u64(offset, 'little-endian') },
      ];
      const file = concat(
        w.sectionHeader(),
        w.interfaceDescription(1, 0, options),
        w.enhancedPacket(0, value, data(4)),
      );
      const seen = parse(file);
      const seconds = value / perSecond + offset;
      const [packet] = seen.packets;
      if (seconds < 0n || seconds > 253_402_300_799n) return packet?.seconds === -1 && seen.problems.length === 1;
      const nanoseconds = ((value % perSecond) * 1_000_000_000n) / perSecond;
      return packet?.seconds === Number(seconds) && packet.nanoseconds === Number(nanoseconds);
    },
  );
  fc.assert(property, { numRuns: 1000 });
});

t.test('tells the precision of the input from the finest resolution of its interfaces', async (t) => {
  const w = new PcapngWriter();
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[0], 's'],
    [[0, 3], 'ms'],
    [[6, 3], 'us'],
    [[9], 'ns'],
    [[0x80], 's'],
    [[0x8a], 'us'],
    [[0xa0], 'ns'],
  ];
  for (const [resolutions, precision] of cases) {
    const described = resolutions.map((one) => w.interfaceDescription(1, 0, [{ code: 9, value: Uint8Array.of(one) }]));
    t.equal(parse(concat(w.sectionHeader(), ...described)).parser.precision, precision, `${resolutions}`);
  }
});

t.test('takes the FCS length from if_fcslen in octets or bits, and from epb_flags before it', async (t) => {
  for (const order of ORDERS) {
    const w = new PcapngWriter(order);
    const flags = (value: number) => ({ options: [{ code: 2, value: u32(value, order) }] });
    const file = concat(
      w.sectionHeader(),
      w.interfaceDescription(1, 0, [{ code: 13, value: Uint8Array.of(4) }]),
      w.interfaceDescription(1, 0, [{ code: 13, value: Uint8Array.of(32) }]),
      w.interfaceDescription(1),
      w.enhancedPacket(0, TIME, data(64)),
      w.enhancedPacket(1, TIME, data(64)),
      w.enhancedPacket(2, TIME, data(64)),
      w.enhancedPacket(2, TIME, data(63), flags(0x85)),
      w.enhancedPacket(0, TIME, data(64), flags(0x45)),
      w.enhancedPacket(0, TIME, data(64), flags(0x01)),
    );
    t.same(
      parse(file).packets.map(({ fcsLength }) => fcsLength),
      [4, 4, 0, 4, 2, 4],
    );
  }
});

t.test('counts drops once, whether packets or statistics tell them', async (t) => {
  const w = new PcapngWriter('big-endian');
  const file = concat(
    w.sectionHeader(),
    w.interfaceDescription(),
    w.interfaceDescription(),
    w.enhancedPacket(0, TIME, data(8), { options: [w.counter(4, 5n)] }),
    w.obsoletePacket(0, 2, TIME, data(8)),
    w.obsoletePacket(1, 9, TIME, data(8)),
    w.interfaceStatistics(0, [w.counter(5, 1n)]),
    w.interfaceStatistics(0, [w.counter(5, 6n), w.counter(7, 2n)]),
    w.sectionHeader(),
    w.interfaceDescription(),
    w.interfaceStatistics(0, [w.counter(7, 100n)]),
    w.interfaceStatistics(7, [w.counter(7, 1000n)]),
  );
  t.equal(parse(file).parser.captureDrops, 8 + 9 + 100);
});

t.test('a name resolution block may lack its end record, and options their end', async (t) => {
  const w = new PcapngWriter();
  const fields = concat(u16(1, w.order), u16(0, w.order), u32(0, w.order));
  const unended = concat(fields, w.options([{ code: 2, value: text('lo') }], 'none'));
  const file = concat(
    w.sectionHeader(),
    w.block(1, unended),
    w.nameResolution([{ type: 1, address: [127, 0, 0, 1], names: ['here'] }], 'none'),
  );
  const seen = parse(file);
  t.match(seen.interfaces, [{ name: 'lo' }]);
  t.same(seen.names, [['127.0.0.1', ['here']]]);
});

t.test('rounds block lengths up that are no multiple of 4', async (t) => {
  const w = new PcapngWriter();
  const fields = concat(u32(0, w.order), u32(0, w.order), u32(0, w.order), u32(5, w.order), u32(5, w.order));
  const odd = w.block(6, concat(fields, data(5)), [37, 37]);
  const seen = parse(concat(w.sectionHeader(), w.interfaceDescription(), odd, w.enhancedPacket(0, TIME, data(3))));
  t.same(seen.problems, []);
  t.same(
    seen.packets.map(({ captured }) => captured),
    [5, 3],
  );
});

t.test('leaves a packet out that does not fit its block, and goes on', async (t) => {
  const w = new PcapngWriter();
  const head = concat(w.sectionHeader(), w.interfaceDescription());
  const liar = w.enhancedPacket(0, TIME, data(16), { captured: 17 });
  const seen = parse(concat(head, liar, w.enhancedPacket(0, TIME, data(2))));
  t.match(seen.packets, [{ frame: 1, captured: 2 }]);
  t.match(seen.problems, [{ offset: head.length, reason: 'malformed-block' }]);
});

t.test('goes on behind blocks whose lengths disagree or cannot be', async (t) => {
  for (const order of ORDERS) {
    const w = new PcapngWriter(order);
    const head = concat(w.sectionHeader(), w.interfaceDescription(), w.enhancedPacket(0, TIME, data(10)));
    const tail = concat(w.enhancedPacket(0, TIME, data(11)), w.enhancedPacket(0, TIME, data(12)));
    const broken = [
      w.block(6, data(44), [56, 60]),
      w.block(6, data(44), [11, 56]),
      w.block(6, data(44), [MAX_BLOCK_BYTES + 4, 56]),
      w.block(0x77, data(80_000), [80_012, 80_008]),
      data(1001),
    ];
    for (const [i, bytes] of broken.entries()) {
      for (const chunk of [1_000_000, 17, 1]) {
        const seen = parse(concat(head, bytes, tail), chunk);
        t.same(
          seen.packets.map(({ captured }) => captured),
          [10, 11, 12],
          `damage ${i}, ${order}, ${chunk} bytes at once`,
        );
        t.match(seen.problems, [{ offset: head.length, reason: 'malformed-block', message: /reading went on/ }]);
      }
    }
  }
});

t.test('says that a section header was damaged by a transfer in ASCII mode', async (t) => {
  const w = new PcapngWriter();
  const head = concat(w.sectionHeader(), w.interfaceDescription());
  const converted = Uint8Array.from(Buffer.from('0a0d0a1c00000000', 'hex'));
  const again = concat(w.sectionHeader(), w.interfaceDescription(), w.enhancedPacket(0, TIME, data(9)));
  const seen = parse(concat(head, converted, data(20), again));
  t.match(seen.problems, [{ offset: head.length, reason: 'ascii-mode-transfer' }]);
  t.equal(seen.packets.length, 1);
});

t.test('passes over sections of an unknown major version', async (t) => {
  const w = new PcapngWriter();
  const file = concat(
    w.sectionHeader([2, 0]),
    w.interfaceDescription(),
    w.enhancedPacket(0, TIME, data(9)),
    w.sectionHeader([1, 0]),
    w.interfaceDescription(),
    w.enhancedPacket(0, TIME, data(10)),
  );
  const seen = parse(file);
  t.match(seen.packets, [{ captured: 10, interfaceId: 0 }]);
  t.match(seen.problems, [{ offset: 0, reason: 'malformed-block', message: /major version 2/ }]);
});

t.test('a file cut anywhere gives all whole packets, and says where the cut block starts', async (t) => {
  const w = new PcapngWriter();
  const blocks = [
    w.sectionHeader(),
    w.interfaceDescription(),
    w.enhancedPacket(0, TIME, data(10)),
    w.block(0x4242, data(66_000)),
    w.simplePacket(data(5)),
    w.obsoletePacket(0, 0, TIME, data(30)),
  ];
  const file = concat(...blocks);
  const ends = [0];
  for (const block of blocks) ends.push(ends.at(-1)! + block.length);
  const all = parse(file).packets;
  t.equal(all.length, 3);
  for (let length = 0; length < file.length; length += length > 200 && length < 66_100 ? 1009 : 1) {
    const seen = parse(file.subarray(0, length));
    const start = ends.findLast((end) => end <= length)!;
    const whole = all.filter((packet) => packet.fileOffset < start);
    t.same(seen.packets, whole, `${length} bytes`);
    if (start === length) t.same(seen.problems, [], `${length} bytes end cleanly`);
    else t.match(seen.problems, [{ reason: 'truncated-record', offset: start }], `${length} bytes`);
  }
});

t.test('damaged bytes neither throw nor hang, and give the same in any chunks', async () => {
  const w = new PcapngWriter('big-endian');
  const file = concat(
    w.sectionHeader(),
    w.interfaceDescription(1, 96, [{ code: 9, value: Uint8Array.of(9) }]),
    w.enhancedPacket(0, TIME, data(30), { options: [w.counter(4, 1n)] }),
    w.nameResolution([{ type: 2, address: [...data(16)], names: ['a', 'b'] }]),
    w.interfaceStatistics(0, [w.counter(5, 3n)]),
    w.decryptionSecrets('SECRET'),
    w.sectionHeader(),
    w.interfaceDescription(),
    w.simplePacket(data(40)),
    w.obsoletePacket(0, 1, TIME, data(21)),
    w.enhancedPacket(0, TIME, data(5)),
  );
  const property = fc.property(
    fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    fc.nat(file.length),
    fc.integer({ min: 1, max: 200 }),
    (changes, length, chunk) => {
      const damaged = file.slice(0, length);
      for (const [at, value] of changes) if (at < length) damaged[at] = value;
      const told = ({ parser: _, ...seen }: SeenCapture) => JSON.stringify(seen);
      return told(parse(damaged, chunk)) === told(parse(damaged));
    },
  );
  fc.assert(property, { numRuns: 1500 });
});
