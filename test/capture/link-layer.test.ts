import t from 'tap';
import { FIRST_COOKED_INTERFACE, MAX_COOKED_INTERFACES } from '../../src/capture/cooked-interfaces.ts';
import { linkTypeName, MAX_MPLS_LABELS, MAX_VLAN_TAGS } from '../../src/capture/link-layer.ts';
import {
  concat,
  cooked2Header,
  cookedHeader,
  decodeFrames,
  ethernet,
  ipv4,
  ipv6,
  mpls,
  pppoe,
  snap,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../support/frames.ts';

const packet4 = ipv4({}, tcp({}, text(9)));
const packet6 = ipv6({}, tcp({ version: 6 }, text(9)));
const family = (value: number, order: 'little' | 'big'): Uint8Array => {
  const bytes = Buffer.alloc(4);
  if (order === 'little') bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
};

t.test('the null header is read in the byte order of whatever host wrote it', async (t) => {
  for (const order of ['little', 'big'] as const) {
    // AF_INET, and AF_INET6 of Linux, Windows, OpenBSD, FreeBSD and Darwin.
    for (const value of [2, 10, 23, 24, 28, 30]) {
      const bytes = concat(family(value, order), value === 2 ? packet4 : packet6);
      const { segments } = decodeFrames([{ bytes, linkType: 0 }]);
      t.equal(segments[0]?.source, value === 2 ? '10.77.0.2' : '2001:db8::2', `${value} ${order}-endian`);
    }
  }
  t.match(decodeFrames([{ bytes: concat(family(7, 'little'), packet4), linkType: 0 }]).decoder.statistics, {
    otherPackets: 1,
  });
});

t.test('the OpenBSD loopback header is in network byte order only', async (t) => {
  const right = { bytes: concat(family(2, 'big'), packet4), linkType: 108 };
  const wrong = { bytes: concat(family(2, 'little'), packet4), linkType: 108 };
  const { segments, decoder } = decodeFrames([right, wrong]);
  t.strictSame(
    segments.map((s) => s.frame),
    [1],
  );
  t.equal(decoder.statistics.otherPackets, 1);
});

t.test('a raw link type tells IPv4 from IPv6 by the version, and a named one holds the packet to it', async (t) => {
  for (const linkType of [12, 14, 101]) {
    const { segments } = decodeFrames([
      { bytes: packet4, linkType },
      { bytes: packet6, linkType },
    ]);
    t.strictSame(
      segments.map((s) => s.source),
      ['10.77.0.2', '2001:db8::2'],
    );
  }
  const crossed = [
    { bytes: packet6, linkType: 228 },
    { bytes: packet4, linkType: 229 },
    { bytes: text(60).fill(0x10), linkType: 101 },
  ];
  t.strictSame(decodeFrames(crossed).decoder.statistics.undecoded, {
    'malformed-link-header': 1,
    'malformed-ip-header': 2,
  });
});

t.test(`${MAX_VLAN_TAGS} tags are unwrapped, one more is refused by name`, async (t) => {
  const tagged = (tags: number): Uint8Array => {
    let type = 0x0800;
    let bytes = packet4;
    for (let id = tags; id > 0; id -= 1) {
      bytes = vlan(id, type, bytes);
      type = id % 3 === 0 ? 0x88a8 : id % 3 === 1 ? 0x8100 : 0x9100;
    }
    return ethernet(type, bytes);
  };
  const result = decodeFrames([{ bytes: tagged(MAX_VLAN_TAGS) }, { bytes: tagged(MAX_VLAN_TAGS + 1) }]);
  t.equal(result.segments.length, 1);
  t.strictSame(result.describe(result.segments[0]!), { vlans: [1, 2, 3, 4, 5, 6, 7, 8] });
  t.strictSame(result.decoder.statistics.undecoded, { 'nested-too-deep': 1 });
});

t.test('the limit of tags holds for each frame: a tunnel starts anew', async (t) => {
  let inner = packet4;
  for (let id = 6; id > 0; id -= 1) inner = vlan(id, id === 6 ? 0x0800 : 0x8100, inner);
  let outer = ipv4({ protocol: 17 }, udp(1, 4789, vxlan(3, ethernet(0x8100, inner))));
  for (let id = 6; id > 0; id -= 1) outer = vlan(id + 10, id === 6 ? 0x0800 : 0x8100, outer);
  const result = decodeFrames([{ bytes: ethernet(0x8100, outer) }]);
  t.strictSame(result.describe(result.segments[0]!), {
    vlans: [11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6],
    tunnel: 'vxlan',
    vni: 3,
  });
});

t.test('the same packet in two VLANs, or in none, has three encapsulations', async (t) => {
  const frames = [
    ethernet(0x0800, packet4),
    ethernet(0x8100, vlan(7, 0x0800, packet4)),
    ethernet(0x8100, vlan(8, 0x0800, packet4)),
    ethernet(0x8100, vlan(7, 0x0800, packet4)),
    ethernet(0x8100, vlan(0, 0x0800, packet4)),
  ];
  const ids = decodeFrames(frames.map((bytes) => ({ bytes }))).segments.map((s) => s.encapsulation);
  t.equal(ids[0], 0);
  t.equal(new Set(ids.slice(0, 3)).size, 3);
  t.equal(ids[3], ids[1]);
  t.equal(ids[4], 0, 'a priority tag names no VLAN');
});

t.test('the length of an 802.3 frame ends it, also inside a VLAN', async (t) => {
  const noLength = ipv4({ totalLength: 0 }, tcp({}, text(5)));
  const padded = concat(snap(0x0800, noLength), new Uint8Array(12));
  const body = snap(0x0800, noLength).subarray(14);
  const tagged = concat(ethernet(0x8100, vlan(3, body.length, body)), new Uint8Array(12));
  const { segments } = decodeFrames([{ bytes: padded }, { bytes: tagged }]);
  t.strictSame(
    segments.map((s) => s.length),
    [5, 5],
  );
});

t.test('an MPLS stack is passed whatever its labels; its payload is told by the first nibble', async (t) => {
  const stack = Array.from({ length: MAX_MPLS_LABELS }, (_, i) => i + 16);
  const frames = [
    mpls([3], packet4),
    mpls(stack, packet6),
    mpls([...stack, 40], packet4),
    mpls([13], text(40).fill(0x10)),
  ].map((bytes) => ({ bytes: ethernet(0x8847, bytes) }));
  const result = decodeFrames(frames);
  t.strictSame(
    result.segments.map((s) => s.source),
    ['10.77.0.2', '2001:db8::2'],
  );
  t.equal(result.segments[0]?.encapsulation, result.segments[1]?.encapsulation, 'labels differ by direction');
  t.strictSame(result.describe(result.segments[0]!), { vlans: [], tunnel: 'mpls' });
  t.match(result.decoder.statistics, { otherPackets: 1, undecoded: { 'nested-too-deep': 1 } });
});

t.test('PPPoE sessions are kept apart and their length is obeyed', async (t) => {
  const noLength = ipv4({ totalLength: 0 }, tcp({}, text(5)));
  const frames = [pppoe(1, 0x21, noLength), pppoe(2, 0x21, noLength), pppoe(1, 0xc021, text(20))];
  const result = decodeFrames(frames.map((bytes) => ({ bytes: ethernet(0x8864, concat(bytes, text(10))) })));
  t.strictSame(
    result.segments.map((s) => [s.length, result.describe(s).vni]),
    [
      [5, 1],
      [5, 2],
    ],
  );
  t.equal(result.decoder.statistics.otherPackets, 1);
});

t.test('the cooked header of version 1 leads to IP by EtherType, to LLC by 4', async (t) => {
  const llc = snap(0x0800, packet4).subarray(14);
  const frames = [
    concat(cookedHeader(0x0800), packet4),
    concat(cookedHeader(4), llc),
    concat(cookedHeader(1), text(30)),
  ];
  const { segments, decoder } = decodeFrames(frames.map((bytes) => ({ bytes, linkType: 113 })));
  t.strictSame(
    segments.map((s) => s.frame),
    [1, 2],
  );
  t.equal(decoder.statistics.otherPackets, 1);
});

t.test('the cooked header of version 2 tells interfaces apart', async (t) => {
  const frame = (index: number, interfaceId: number) => ({
    bytes: concat(cooked2Header(0x0800, index), packet4),
    linkType: 276,
    interfaceId,
  });
  const plain = { bytes: ethernet(0x0800, packet4), interfaceId: 5 };
  const { segments } = decodeFrames([frame(2, 0), frame(3, 0), frame(2, 1), frame(2, 0), frame(0xffff_ffff, 0), plain]);
  const ids = segments.map((s) => s.interfaceId);
  t.equal(new Set([ids[0], ids[1], ids[2], ids[4]]).size, 4);
  t.equal(ids[3], ids[0]);
  t.equal(ids[5], 5);
  t.ok(ids.slice(0, 5).every((id) => id >= FIRST_COOKED_INTERFACE));
});

t.test('more kernel interfaces than the limit share one id', async (t) => {
  const frames = Array.from({ length: MAX_COOKED_INTERFACES + 3 }, (_, index) => ({
    bytes: concat(cooked2Header(0x0800, index), packet4),
    linkType: 276,
  }));
  const ids = decodeFrames(frames).segments.map((s) => s.interfaceId);
  t.equal(new Set(ids).size, MAX_COOKED_INTERFACES + 1);
  t.equal(Math.max(...ids), FIRST_COOKED_INTERFACE + MAX_COOKED_INTERFACES);
});

t.test('link types have the names of the tcpdump.org registry', async (t) => {
  t.equal(linkTypeName(127), 'LINKTYPE_IEEE802_11_RADIOTAP');
  t.equal(linkTypeName(113), 'LINKTYPE_LINUX_SLL');
  t.equal(linkTypeName(9999), 'unknown');
});
