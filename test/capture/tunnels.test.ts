import t from 'tap';
import { MAX_TUNNELS } from '../../src/capture/tunnels.ts';
import {
  concat,
  decodeFrames,
  ethernet,
  geneve,
  gre,
  ipv4,
  ipv6,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../support/frames.ts';

const inner = ethernet(0x0800, ipv4({}, tcp({}, text(9))));
const outer = (protocol: number, payload: Uint8Array) =>
  ethernet(0x0800, ipv4({ protocol, source: [192, 0, 2, 9] }, payload));
const hex = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'));

function described(...frames: readonly Uint8Array[]): unknown[] {
  const result = decodeFrames(frames.map((bytes) => ({ bytes })));
  return result.segments.map((s) => result.describe(s));
}

t.test('the same inner packet in two VNIs has two encapsulations, whatever the outer addresses', async (t) => {
  const frame = (vni: number, last: number) =>
    ethernet(0x0800, ipv4({ protocol: 17, source: [192, 0, 2, last] }, udp(9, 8472, vxlan(vni, inner))));
  const { segments } = decodeFrames([frame(1, 1), frame(2, 1), frame(1, 2)].map((bytes) => ({ bytes })));
  t.not(segments[0]?.encapsulation, segments[1]?.encapsulation);
  t.equal(segments[0]?.encapsulation, segments[2]?.encapsulation);
});

t.test('UDP on a tunnel port whose content is no tunnel is a datagram', async (t) => {
  const noVni = udp(9, 4789, hex('0000000000002a00'));
  const short = udp(9, 8472, hex('08000000'));
  const version1 = udp(9, 6081, hex('4000655800002a00'));
  const longOptions = udp(9, 6081, hex('3f00655800002a00'));
  const source = udp(4789, 9, vxlan(1, inner));
  const { decoder } = decodeFrames([noVni, short, version1, longOptions, source].map((u) => ({ bytes: outer(17, u) })));
  t.match(decoder.statistics, { datagrams: 5, undecodedPackets: 0, segments: 0 });
});

t.test('a UDP length below its header is malformed, 0 reaches to the end', async (t) => {
  const frames = [7, 0].map((length) => {
    const datagram = udp(9, 4789, vxlan(1, inner));
    datagram[4] = 0;
    datagram[5] = length;
    return { bytes: outer(17, datagram) };
  });
  const { decoder, segments } = decodeFrames(frames);
  t.strictSame(decoder.statistics.undecoded, { 'malformed-transport-header': 1 });
  t.equal(segments[0]?.frame, 2);
});

t.test('Geneve options of every length are passed', async (t) => {
  for (const words of [0, 1, 62, 63]) {
    const frame = outer(17, udp(9, 6081, geneve(0xffffff, 0x6558, new Uint8Array(words * 4), inner)));
    t.strictSame(described(frame), [{ vlans: [], tunnel: 'geneve', vni: 0xffffff }], `${words} words`);
  }
});

t.test('every mix of the GRE fields is passed', async (t) => {
  const six = ipv6({}, tcp({ version: 6 }, text(9)));
  for (let mix = 0; mix < 8; mix += 1) {
    const fields = {
      type: 0x86dd,
      checksum: (mix & 1) !== 0,
      ...((mix & 2) !== 0 && { key: 0xdeadbeef }),
      ...((mix & 4) !== 0 && { sequence: 1 }),
    };
    const expected = { vlans: [], tunnel: 'gre', ...((mix & 2) !== 0 && { vni: 0xdeadbeef }) };
    t.strictSame(described(outer(47, gre(fields, six))), [expected]);
  }
});

t.test('GRE of PPTP and GRE with source routes are other, not malformed', async (t) => {
  const pptp = concat(hex('3001880b'), text(40));
  const routed = concat(hex('40000800'), text(40));
  t.match(decodeFrames([pptp, routed].map((g) => ({ bytes: outer(47, g) }))).decoder.statistics, { otherPackets: 2 });
});

t.test('ERSPAN keeps the session, and the VLAN unless the tag is still in the frame', async (t) => {
  const two = (word: string, frame: Uint8Array) =>
    outer(47, gre({ type: 0x88be, sequence: 1 }, concat(hex(word), frame)));
  const tagged = ethernet(0x8100, vlan(55, 0x0800, ipv4({}, tcp({}))));
  t.strictSame(
    described(two('1037014100000007', inner), two('1037194100000007', tagged), two('1000014100000007', inner)),
    [
      { vlans: [55], tunnel: 'erspan', vni: 321 },
      { vlans: [55], tunnel: 'erspan', vni: 321 },
      { vlans: [], tunnel: 'erspan', vni: 321 },
    ],
  );
});

t.test('a frame that the mirror cut keeps the length of its own IP header', async (t) => {
  const long = ethernet(0x0800, ipv4({}, tcp({}, text(1000)))).subarray(0, 14 + 40 + 100);
  // Type II with the T flag, type III with and without it.
  const two = gre({ type: 0x88be, sequence: 1 }, concat(hex('1000040100000000'), long));
  const three = gre({ type: 0x22eb, sequence: 1 }, concat(hex('200004010000000000000000'), long));
  const whole = gre({ type: 0x22eb, sequence: 1 }, concat(hex('200000010000000000000000'), long));
  const { segments } = decodeFrames([two, three, whole].map((g) => ({ bytes: outer(47, g) })));
  t.strictSame(
    segments.map((s) => [s.length, s.payload.length / 2]),
    [
      [1000, 100],
      [1000, 100],
      [100, 100],
    ],
  );
});

t.test('ERSPAN type III may carry IP without a frame', async (t) => {
  const header = (frameType: number) => hex(`20000001000000000000${(frameType << 10).toString(16).padStart(4, '0')}`);
  const packet = ipv4({}, tcp({}, text(9)));
  const frames = [2, 3].map((type) => outer(47, gre({ type: 0x22eb, sequence: 1 }, concat(header(type), packet))));
  const { decoder, segments } = decodeFrames(frames.map((bytes) => ({ bytes })));
  t.equal(segments.length, 1);
  t.equal(decoder.statistics.otherPackets, 1);
});

t.test('IP in IP has a name for each pair of versions', async (t) => {
  const four = ipv4({}, tcp({}, text(9)));
  const six = ipv6({}, tcp({ version: 6 }, text(9)));
  const frames = [
    ethernet(0x0800, ipv4({ protocol: 4 }, four)),
    ethernet(0x0800, ipv4({ protocol: 41 }, six)),
    ethernet(0x86dd, ipv6({ next: 4 }, four)),
    ethernet(0x86dd, ipv6({ next: 41 }, six)),
  ];
  t.strictSame(
    described(...frames).map((e) => (e as { tunnel: string }).tunnel),
    ['ipip', '6in4', 'ipip', 'ipip'],
  );
});

t.test(`${MAX_TUNNELS} tunnels inside each other are unwrapped, one more is refused by name`, async (t) => {
  const nested = (tunnels: number): Uint8Array => {
    let frame = inner;
    for (let i = 0; i < tunnels; i += 1) frame = outer(17, udp(9, 4789, vxlan(i, frame)));
    return frame;
  };
  const { decoder, segments } = decodeFrames(
    [nested(MAX_TUNNELS), nested(MAX_TUNNELS + 1)].map((bytes) => ({ bytes })),
  );
  t.equal(segments.length, 1);
  t.strictSame(decoder.statistics.undecoded, { 'nested-too-deep': 1 });
});
