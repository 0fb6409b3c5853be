import fc from 'fast-check';
import t from 'tap';
import { FragmentLimits } from '../../src/capture/fragments.ts';
import {
  type CapturedFrame,
  decodeFrames,
  ethernet,
  fragmentHeader,
  ipv4,
  ipv6,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../support/frames.ts';

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Pieces of a datagram of `length` octets, cut at multiples of 8. */
function pieces(length: number, ...cuts: readonly number[]): Piece[] {
  const edges = [0, ...cuts, length];
  return edges.slice(1).map((end, i) => ({ start: edges[i]!, end }));
}

type Version = 4 | 6;

function fragment(version: Version, datagram: Uint8Array, piece: Piece, identification = 7, protocol = 6): Uint8Array {
  const part = datagram.subarray(piece.start, piece.end);
  const more = piece.end < datagram.length;
  return version === 4
    ? ethernet(0x0800, ipv4({ identification, protocol, fragmentOffset: piece.start, more }, part))
    : ethernet(0x86dd, ipv6({ next: 44 }, fragmentHeader(protocol, piece.start, more, identification, part)));
}

function captured(frames: readonly Uint8Array[]): CapturedFrame[] {
  return frames.map((bytes) => ({ bytes }));
}

const payload = text(396);
const payloadHex = Buffer.from(payload).toString('hex');
const segmentOf = (version: Version) => tcp({ version, sequence: 4242 }, payload);

for (const version of [4, 6] as const) {
  const segment = segmentOf(version);

  t.test(`IPv${version}: fragments in any order, some of them twice, give the segment`, async (t) => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 51 }), { minLength: 1, maxLength: 8 });
    const order = cuts.chain((places) => {
      const all = pieces(segment.length, ...places.map((p) => p * 8).sort((a, b) => a - b));
      const shuffled = fc.shuffledSubarray(all, { minLength: all.length });
      return fc.tuple(shuffled, fc.array(fc.constantFrom(...all), { maxLength: 3 }));
    });
    fc.assert(
      fc.property(order, ([all, again]) => {
        // Repeated fragments come before the last of the others, else they would begin a new datagram.
        const sent = [...all.slice(0, -1), ...again.filter((p) => p !== all[all.length - 1]), all[all.length - 1]!];
        const { segments, decoder } = decodeFrames(captured(sent.map((p) => fragment(version, segment, p))));
        return (
          segments.length === 1 &&
          segments[0]?.payload === payloadHex &&
          segments[0].frame === sent.length &&
          decoder.statistics.badChecksums === 0 &&
          decoder.statistics.heldFragments === sent.length - 1
        );
      }),
      { numRuns: 300 },
    );
    t.pass();
  });

  t.test(
    `IPv${version}: overlapping fragments that agree are joined, contradictory ones drop the datagram`,
    async (t) => {
      const overlap = [
        { start: 0, end: 200 },
        { start: 104, end: 304 },
        { start: 296, end: segment.length },
      ];
      const frames = overlap.map((piece) => fragment(version, segment, piece));
      t.equal(decodeFrames(captured(frames)).segments[0]?.payload, payloadHex);
      const lying = frames.map((f) => f.slice());
      lying[1]![lying[1]!.length - 196]! ^= 1;
      const { segments, decoder } = decodeFrames(captured(lying));
      t.equal(segments.length, 0);
      t.strictSame(decoder.statistics.undecoded, { 'contradictory-fragments': 2, 'incomplete-fragments': 1 });
      t.equal(decoder.statistics.heldFragments, 0);
    },
  );

  t.test(`IPv${version}: two ends of one datagram, or data behind its end, drop it`, async (t) => {
    const short = segment.subarray(0, 304);
    const first = fragment(version, segment, { start: 0, end: 104 });
    const middle = fragment(version, segment, { start: 200, end: 400 });
    const end = fragment(version, segment, { start: 400, end: segment.length });
    const otherEnd = fragment(version, short, { start: 200, end: 304 });
    for (const frames of [
      [first, end, otherEnd],
      [first, otherEnd, end],
      [first, middle, otherEnd],
      [first, otherEnd, middle],
    ]) {
      const { segments, decoder } = decodeFrames(captured(frames));
      t.equal(segments.length, 0);
      t.strictSame(decoder.statistics.undecoded, { 'contradictory-fragments': 3 });
    }
  });

  t.test(`IPv${version}: a fragment captured cut leaves the rest of the segment uncaptured, not missing`, async (t) => {
    const [a, b, c] = pieces(segment.length, 104, 304).map((piece) => fragment(version, segment, piece));
    const cut = { bytes: b!.subarray(0, b!.length - 50), originalLength: b!.length };
    const { segments } = decodeFrames([{ bytes: c! }, cut, { bytes: a! }]);
    t.equal(segments[0]?.length, 396);
    t.equal(segments[0]?.payload, payloadHex.slice(0, 2 * (304 - 50 - 20)));
  });

  t.test(`IPv${version}: datagrams are told apart by identification, VLAN and interface`, async (t) => {
    const [a, b] = pieces(segment.length, 104).map((piece) => fragment(version, segment, piece));
    const otherId = fragment(version, segment, { start: 0, end: 104 }, 8);
    t.equal(decodeFrames(captured([otherId, b!])).segments.length, 0);
    const type = version === 4 ? 0x0800 : 0x86dd;
    const tagged = (id: number, frame: Uint8Array) => ethernet(0x8100, vlan(id, type, frame.subarray(14)));
    t.equal(decodeFrames(captured([tagged(1, a!), tagged(2, b!)])).segments.length, 0);
    t.equal(decodeFrames(captured([tagged(1, a!), tagged(1, b!)])).segments.length, 1);
    const copies = [a!, b!].flatMap((bytes) => [
      { bytes, interfaceId: 0 },
      { bytes, interfaceId: 1 },
    ]);
    t.strictSame(
      decodeFrames(copies).segments.map((s) => s.interfaceId),
      [0, 1],
      'a copy on another interface stays a copy',
    );
  });

  t.test(`IPv${version}: a set that never completes is dropped in packet time and counted`, async (t) => {
    const [a, b] = pieces(segment.length, 104).map((piece) => fragment(version, segment, piece));
    const at = (bytes: Uint8Array, seconds: number) => ({ bytes, seconds });
    const inTime = decodeFrames([at(a!, 100), at(b!, 100 + FragmentLimits.seconds)]);
    t.equal(inTime.segments.length, 1);
    const late = decodeFrames([at(a!, 100), at(b!, 101 + FragmentLimits.seconds)]);
    t.equal(late.segments.length, 0);
    t.match(late.decoder.statistics, { undecodedPackets: 2, heldFragments: 0 });
    t.strictSame(late.decoder.statistics.undecoded, { 'incomplete-fragments': 2 });
    const timeless = decodeFrames([at(a!, -1), at(b!, -1)]);
    t.equal(timeless.segments.length, 1);
  });

  t.test(`IPv${version}: empty, misaligned and overlong fragments are malformed`, async (t) => {
    const frames = [
      fragment(version, segment, { start: 104, end: 104 }),
      fragment(version, segment, { start: 0, end: 101 }),
      version === 4
        ? ethernet(0x0800, ipv4({ fragmentOffset: 65_528 }, text(8)))
        : ethernet(0x86dd, ipv6({ next: 44 }, fragmentHeader(6, 65_528, false, 1, text(8)))),
    ];
    t.strictSame(decodeFrames(captured(frames)).decoder.statistics.undecoded, { 'malformed-ip-header': 3 });
  });
}

t.test('a tunnel whose outer datagram was fragmented, with fragments inside it, is joined twice', async (t) => {
  const inner = pieces(segmentOf(4).length, 200).map((piece) => fragment(4, segmentOf(4), piece));
  const frames = inner.flatMap((frame, i) => {
    const datagram = udp(9, 4789, vxlan(42, frame));
    return pieces(datagram.length, 64, 128).map((piece) => fragment(4, datagram, piece, 100 + i, 17));
  });
  const result = decodeFrames(captured(frames));
  t.equal(result.segments[0]?.payload, payloadHex);
  t.strictSame(result.describe(result.segments[0]!), { vlans: [], tunnel: 'vxlan', vni: 42 });
  t.equal(result.decoder.statistics.reassembledDatagrams, 3);
});

t.test('waiting datagrams are bounded in number: the oldest goes', async (t) => {
  const segment = segmentOf(4);
  const first = (id: number) => fragment(4, segment, { start: 0, end: 104 }, id);
  const rest = (id: number) => fragment(4, segment, { start: 104, end: segment.length }, id);
  const ids = Array.from({ length: FragmentLimits.datagrams + 3 }, (_, id) => id);
  const frames = [...ids.map(first), rest(ids.length - 1), rest(0)].map((bytes) => ({ bytes, seconds: 5 }));
  const { segments, decoder } = decodeFrames(frames);
  t.strictSame(
    segments.map((s) => s.ipIdentification),
    [ids.length - 1],
  );
  t.strictSame(decoder.statistics.limits, { 'fragmented-datagrams': 3 });
  t.equal(decoder.statistics.undecodedPackets, frames.length - 2);
});

t.test('waiting datagrams are bounded in bytes', async (t) => {
  // The far end of a 64 KiB datagram makes its buffer as large as it can be.
  const frames = Array.from({ length: 200 }, (_, id) => ({
    bytes: ethernet(0x0800, ipv4({ identification: id, fragmentOffset: 65_000, more: true }, text(504))),
    seconds: 5,
  }));
  const { decoder } = decodeFrames(frames);
  const kept = Math.floor(FragmentLimits.bytes / 65_504);
  t.ok((decoder.statistics.limits['fragment-bytes'] ?? 0) >= 200 - kept);
  t.equal(decoder.statistics.undecodedPackets, 200);
});

t.test('a datagram in too many separate pieces is dropped by name', async (t) => {
  const frames = Array.from({ length: FragmentLimits.pieces + 1 }, (_, i) => ({
    bytes: ethernet(0x0800, ipv4({ fragmentOffset: i * 16, more: true }, text(8))),
    seconds: 5,
  }));
  const { decoder } = decodeFrames(frames);
  t.strictSame(decoder.statistics.limits, { 'fragment-pieces': 1 });
  t.strictSame(decoder.statistics.undecoded, { 'incomplete-fragments': frames.length });
  t.equal(decoder.statistics.heldFragments, 0);
});
