import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import type { DecodeStatistics } from '../../src/capture/decode-statistics.ts';
import { Decoder, MAX_CHECKED_SEGMENTS, MAX_LAYERS } from '../../src/capture/decoder.ts';
import { Packet } from '../../src/capture/packet.ts';
import {
  type CapturedFrame,
  concat,
  type DecodedSegment,
  decodeFrames,
  ethernet,
  ipv4,
  ipv6,
  jumboPayload,
  tcp,
  text,
  udp,
  vlan,
} from '../support/frames.ts';

interface Vector {
  readonly name: string;
  readonly linkType: number;
  readonly packets: readonly string[];
  readonly expected: Omit<DecodedSegment, 'encapsulation' | 'interfaceId'> & {
    readonly vlans: readonly number[];
    readonly tunnel?: string;
    readonly vni?: number;
  };
}

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('../../../test/vectors/frames/frames.json', import.meta.url), 'utf8'),
).cases;

function framesOf(vector: Vector): CapturedFrame[] {
  return vector.packets.map((hex) => ({ bytes: new Uint8Array(Buffer.from(hex, 'hex')), linkType: vector.linkType }));
}

for (const vector of vectors) {
  t.test(`decodes as tshark does: ${vector.name}`, async (t) => {
    const result = decodeFrames(framesOf(vector));
    t.equal(result.segments.length, 1);
    const segment = result.segments[0]!;
    const { encapsulation: _, interfaceId: __, ...fields } = segment;
    t.strictSame({ ...fields, ...result.describe(segment) }, vector.expected);
    t.strictSame(result.decoder.statistics.undecoded, {});
    t.equal(result.decoder.statistics.badIpv4Checksums, 0);
  });
}

t.test('every prefix of every packet is counted once and gives no byte that is not there', async (t) => {
  const wrong: string[] = [];
  for (const vector of vectors) {
    const frames = framesOf(vector);
    const last = frames[frames.length - 1]!;
    for (let length = 0; length < last.bytes.length; length += 1) {
      for (const originalLength of [length, last.bytes.length]) {
        const cut = { ...last, bytes: last.bytes.subarray(0, length), originalLength };
        const { segments, decoder } = decodeFrames([...frames.slice(0, -1), cut]);
        const where = `${vector.name}, ${length} of ${originalLength} captured`;
        if (countOf(decoder.statistics) !== frames.length) wrong.push(`${where}: counted otherwise than once`);
        for (const segment of segments) {
          if (!vector.expected.payload.startsWith(segment.payload)) wrong.push(`${where}: payload`);
          if (originalLength > length && segment.length !== vector.expected.length) wrong.push(`${where}: length`);
        }
      }
    }
  }
  t.strictSame(wrong, []);
});

/** Every packet is in one of these. */
function countOf(s: DecodeStatistics): number {
  return s.segments + s.datagrams + s.otherPackets + s.undecodedPackets + s.heldFragments;
}

t.test('no damage makes it throw, and every damaged packet is counted once', async () => {
  const frames = fc.constantFrom(...vectors).map(framesOf);
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(frames, damage, fc.nat(4000), (original, places, originalLength) => {
      const damaged = original.map((frame) => {
        const bytes = frame.bytes.slice();
        for (const [at, value] of places) bytes[at % Math.min(bytes.length, 160)] = value;
        return { ...frame, bytes, originalLength };
      });
      const { segments, decoder } = decodeFrames(damaged);
      const longest = Math.max(...damaged.map((frame) => frame.bytes.length));
      for (const segment of segments) {
        if (segment.payload.length / 2 > Math.min(segment.length, longest * damaged.length)) return false;
      }
      return countOf(decoder.statistics) === damaged.length;
    }),
    { numRuns: 10_000 },
  );
});

t.test('random bytes under any link type do not make it throw', async () => {
  const linkType = fc.constantFrom(0, 1, 12, 14, 101, 108, 113, 127, 228, 229, 276);
  fc.assert(
    fc.property(linkType, fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
      const { decoder } = decodeFrames([{ bytes, linkType: type }]);
      return countOf(decoder.statistics) === 1;
    }),
    { numRuns: 3000 },
  );
});

t.test('Ethernet padding is not payload', async (t) => {
  const frame = concat(ethernet(0x0800, ipv4({}, tcp({}, text(3)))), new Uint8Array(30).fill(0xee));
  const [segment] = decodeFrames([{ bytes: frame }]).segments;
  t.equal(segment?.length, 3);
  t.equal(segment?.payload, Buffer.from(text(3)).toString('hex'));
});

t.test('a frame check sequence is not payload, even where IP gives no length', async (t) => {
  const packet = ethernet(0x0800, ipv4({ totalLength: 0 }, tcp({}, text(100))));
  const whole = { bytes: concat(packet, new Uint8Array(4)), fcsLength: 4 };
  const cut = { ...whole, bytes: packet.subarray(0, 90), originalLength: packet.length + 4 };
  const { segments } = decodeFrames([whole, cut]);
  t.strictSame(
    segments.map((s) => [s.length, s.payload.length / 2]),
    [
      [100, 100],
      [100, 36],
    ],
  );
});

t.test('a capture cut behind the flags of TCP gives the segment, cut before them it is undecoded', async (t) => {
  const frame = ethernet(0x0800, ipv4({}, tcp({ sequence: 77, options: text(12) }, text(500))));
  for (const [captured, decoded] of [
    [34 + 14, true],
    [34 + 32 + 10, true],
    [34 + 13, false],
    [34, false],
    [33, false],
  ] as const) {
    const bytes = frame.subarray(0, captured);
    const { segments, decoder } = decodeFrames([{ bytes, originalLength: frame.length }]);
    t.equal(segments.length, decoded ? 1 : 0, `${captured} captured`);
    if (!decoded) t.strictSame(decoder.statistics.undecoded, { 'cut-header': 1 });
    else {
      t.equal(segments[0]?.sequence, 77);
      t.equal(segments[0]?.length, 500);
      t.equal(segments[0]?.payload.length, 2 * Math.max(0, captured - 66));
    }
  }
});

t.test('a segment of segmentation offload without IP length reaches to the end of the frame', async (t) => {
  const payload = text(80_000);
  const big = ethernet(0x0800, ipv4({ totalLength: 0 }, tcp({}, payload)));
  const jumbo = ethernet(0x86dd, ipv6({ next: 0, payloadLength: 0 }, jumboPayload(6, tcp({ version: 6 }, payload))));
  const plain = ethernet(0x86dd, ipv6({ payloadLength: 0 }, tcp({ version: 6 }, payload)));
  const padded = concat(jumbo, new Uint8Array(20));
  const { segments } = decodeFrames([big, jumbo, plain, padded].map((bytes) => ({ bytes })));
  t.equal(segments.length, 4);
  for (const segment of segments) {
    t.equal(segment.length, 80_000);
    t.ok(segment.payload === Buffer.from(payload).toString('hex'), 'the payload is whole');
  }
});

t.test('an IP length beyond the frame gives no more than the frame has', async (t) => {
  const frame = ethernet(0x0800, ipv4({ totalLength: 1500 }, tcp({}, text(20))));
  const [segment] = decodeFrames([{ bytes: frame }]).segments;
  t.equal(segment?.length, 20);
});

t.test('a TCP header length below 20 or beyond the segment is malformed', async (t) => {
  for (const words of [4, 15]) {
    const frame = ethernet(0x0800, ipv4({}, tcp({}, text(20))));
    frame[34 + 12] = words << 4;
    const { decoder } = decodeFrames([{ bytes: frame }]);
    t.strictSame(decoder.statistics.undecoded, { 'malformed-transport-header': 1 });
  }
});

t.test('checksums are counted and drop nothing', async (t) => {
  for (const type of [0x0800, 0x86dd]) {
    const wrap = (segment: Uint8Array) => (type === 0x0800 ? ipv4({}, segment) : ipv6({}, segment));
    const version = type === 0x0800 ? 4 : 6;
    for (const tagged of [false, true]) {
      const link = (packet: Uint8Array) => (tagged ? ethernet(0x8100, vlan(5, type, packet)) : ethernet(type, packet));
      const frames = (['right', 'partial', 0, 0x1234] as const).map((checksum) => ({
        bytes: link(wrap(tcp({ checksum, version }, text(51)))),
      }));
      const { decoder, segments } = decodeFrames(frames);
      t.equal(segments.length, 4);
      t.match(decoder.statistics, {
        badChecksums: 1,
        badTcpChecksums: 1,
        badIpv4Checksums: 0,
        offloadedChecksums: 2,
        checkedTcpChecksums: 4,
      });
    }
  }
});

t.test('IPv4 header checksums are verified in every packet; zero is offloaded, not bad', async (t) => {
  for (const link of [
    (p: Uint8Array) => ethernet(0x0800, p),
    (p: Uint8Array) => ethernet(0x8100, vlan(5, 0x0800, p)),
  ]) {
    const frames = [0x1111, 0, undefined].map((checksum) => ({
      bytes: link(ipv4(checksum === undefined ? {} : { checksum }, tcp({}, text(5)))),
    }));
    const { decoder, segments } = decodeFrames(frames);
    t.equal(segments.length, 3);
    t.match(decoder.statistics, { badChecksums: 1, badIpv4Checksums: 1, offloadedChecksums: 1 });
  }
});

t.test('TCP checksums are verified only where the segment was captured whole, and only so many', async (t) => {
  const bytes = ethernet(0x0800, ipv4({}, tcp({ checksum: 1 }, text(30))));
  t.equal(
    decodeFrames([{ bytes: bytes.subarray(0, 70), originalLength: bytes.length }]).decoder.statistics.badChecksums,
    0,
  );
  const many = Array.from({ length: MAX_CHECKED_SEGMENTS + 5 }, () => ({ bytes }));
  t.equal(decodeFrames(many).decoder.statistics.badTcpChecksums, MAX_CHECKED_SEGMENTS);
});

t.test('an unsupported link type is reported once by number and name, its packets are undecoded', async (t) => {
  const radio = { bytes: text(80), linkType: 127 };
  const unknown = { bytes: text(80), linkType: 60_001 };
  const { decoder, problems, segments } = decodeFrames([radio, radio, unknown, radio]);
  t.strictSame(problems, [
    '24 unsupported-link-type: link type 127 (LINKTYPE_IEEE802_11_RADIOTAP) is not supported, its packets are not decoded',
    '24 unsupported-link-type: link type 60001 (unknown) is not supported, its packets are not decoded',
  ]);
  t.equal(segments.length, 0);
  t.strictSame(decoder.statistics.undecoded, { 'unsupported-link-type': 4 });
});

t.test('what is neither TCP nor UDP is counted as other, not as undecoded', async (t) => {
  const frames = [
    ethernet(0x0806, text(46)),
    ethernet(0x0800, ipv4({ protocol: 1 }, text(30))),
    ethernet(0x0800, ipv4({ protocol: 1, more: true }, text(32))),
    ethernet(0x86dd, ipv6({ next: 58 }, text(30))),
    ethernet(0x86dd, ipv6({ next: 59 }, text(0))),
    ethernet(0x0800, ipv4({ protocol: 50 }, text(40))),
    ethernet(38, text(38)),
  ].map((bytes) => ({ bytes }));
  const dns = { bytes: ethernet(0x0800, ipv4({ protocol: 17 }, udp(5353, 53, text(20)))) };
  const { decoder } = decodeFrames([...frames, dns]);
  t.match(decoder.statistics, { otherPackets: frames.length, datagrams: 1, undecodedPackets: 0, heldFragments: 0 });
});

t.test('endless nesting ends at a limit that is named', async (t) => {
  let packet = ipv4({}, tcp({}, text(10)));
  for (let i = 0; i < MAX_LAYERS; i += 1) packet = ipv4({ protocol: 4 }, packet);
  const { decoder } = decodeFrames([{ bytes: ethernet(0x0800, packet) }]);
  t.strictSame(decoder.statistics.undecoded, { 'nested-too-deep': 1 });
  t.strictSame(decoder.statistics.limits, { 'nested-layers': 1 });
});

t.test('an IPv4 segment after an IPv6 segment has no word of the other address', async (t) => {
  const six = { bytes: ethernet(0x86dd, ipv6({}, tcp({ version: 6 }))) };
  const four = { bytes: ethernet(0x0800, ipv4({}, tcp({}))) };
  const words: number[][] = [];
  const decoder = new Decoder((s) => words.push([s.ipVersion, s.source1, s.source2, s.source3, s.destination3]));
  for (const { bytes } of [six, four]) {
    const packet = Object.assign(new Packet(), { bytes, end: bytes.length, originalLength: bytes.length });
    decoder.decode(packet);
  }
  t.strictSame(words, [
    [6, 0, 0, 2, 1],
    [4, 0, 0, 0, 0],
  ]);
});
