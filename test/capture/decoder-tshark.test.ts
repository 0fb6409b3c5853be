import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {
  concat,
  decodeFrames,
  ethernet,
  extension,
  geneve,
  gre,
  ipv4,
  ipv6,
  jumboPayload,
  mpls,
  pcapFile,
  pppoe,
  snap,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../support/frames.ts';

const skip = spawnSync('tshark', ['--version']).error === undefined ? false : 'tshark not found';

const FIELDS = [
  'frame.number',
  'ip.src',
  'ipv6.src',
  'ip.dst',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.flags',
  'tcp.len',
  'tcp.checksum',
  'vlan.id',
  'ieee8021ad.id',
  'vxlan.vni',
  'geneve.vni',
  'tcp.checksum.status',
  'frame.protocols',
] as const;
type Row = Readonly<Record<(typeof FIELDS)[number], string>>;

function tshark(linkType: number, packets: readonly Uint8Array[]): Row[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-'));
  try {
    const file = path.join(folder, 'frames.pcap');
    writeFileSync(file, pcapFile(linkType, packets));
    const options = ['-d', 'udp.port==8472,vxlan', '-o', 'tcp.check_checksum:TRUE', '-T', 'fields'];
    const format = ['-E', 'separator=|', '-E', 'aggregator=;', ...FIELDS.flatMap((field) => ['-e', field])];
    const output = execFileSync('tshark', ['-n', '-r', file, '-Y', 'tcp', ...options, ...format], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
    const lines = output.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const values = line.split('|');
      return Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? ''])) as Row;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const innermost = (value: string): string => value.split(';').at(-1) ?? '';

function expectedOf(row: Row): unknown {
  const version = row['frame.protocols'].split(':').findLast((name) => name === 'ip' || name === 'ipv6');
  const [source, destination] = version === 'ip' ? [row['ip.src'], row['ip.dst']] : [row['ipv6.src'], row['ipv6.dst']];
  return {
    frame: Number(row['frame.number']),
    source: innermost(source),
    destination: innermost(destination),
    sourcePort: Number(row['tcp.srcport']),
    destinationPort: Number(row['tcp.dstport']),
    sequence: Number(row['tcp.seq_raw']),
    acknowledgement: Number(row['tcp.ack_raw']),
    flags: Number(row['tcp.flags']) & 0xff,
    length: Number(row['tcp.len']),
    checksum: Number(row['tcp.checksum']),
    vlans: [row['vlan.id'], row['ieee8021ad.id']]
      .flatMap((ids) => ids.split(';'))
      .filter((id) => id !== '' && id !== '0')
      .map(Number)
      .sort((a, b) => a - b),
  };
}

function differences(
  linkType: number,
  packets: readonly Uint8Array[],
): { rows: number; found: unknown[]; wanted: unknown[] } {
  const rows = tshark(linkType, packets);
  const result = decodeFrames(packets.map((bytes) => ({ bytes, linkType })));
  const found = result.segments.map((s) => ({
    frame: s.frame,
    source: s.source,
    destination: s.destination,
    sourcePort: s.sourcePort,
    destinationPort: s.destinationPort,
    sequence: s.sequence,
    acknowledgement: s.acknowledgement,
    flags: s.flags,
    length: s.length,
    checksum: s.checksum,
    vlans: [...result.describe(s).vlans].sort((a, b) => a - b),
  }));
  return { rows: rows.length, found, wanted: rows.map(expectedOf) };
}

/** An IP packet with its EtherType, and the layers that may be put around one. */
interface Layered {
  readonly type: 0x0800 | 0x86dd;
  readonly bytes: Uint8Array;
}

const tcpFields = fc.record({
  sourcePort: fc.integer({ min: 20_000, max: 20_100 }),
  destinationPort: fc.integer({ min: 30_000, max: 30_100 }),
  sequence: fc.nat(0xffff_ffff),
  acknowledgement: fc.nat(0xffff_ffff),
  flags: fc.constantFrom(0x02, 0x10, 0x12, 0x18, 0x11, 0x04),
  options: fc.nat(10).map((words) => new Uint8Array(words * 4).fill(1)),
  checksum: fc.constantFrom('right' as const, 'partial' as const, 0x1234),
});

const innerPacket: fc.Arbitrary<Layered> = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), tcpFields, fc.nat(64), fc.nat(10), fc.boolean())
  .map(([version, fields, length, words, extended]) => {
    const segment = tcp({ ...fields, version }, text(length));
    if (version === 4) {
      return { type: 0x0800, bytes: ipv4({ options: new Uint8Array(words * 4).fill(1) }, segment) };
    }
    const bytes = extended ? ipv6({ next: 60 }, extension(6, hexPadding(), segment)) : ipv6({}, segment);
    return { type: 0x86dd, bytes };
  });

function hexPadding(): Uint8Array {
  return Uint8Array.of(1, 4, 0, 0, 0, 0);
}

const outerFields = { source: [192, 0, 2, 1], destination: [192, 0, 2, 2] };
const frameOf = (packet: Layered) => ethernet(packet.type, packet.bytes);
const wrap = (protocol: number, bytes: Uint8Array): Layered => ({
  type: 0x0800,
  bytes: ipv4({ ...outerFields, protocol }, bytes),
});

const layer: fc.Arbitrary<(packet: Layered) => Layered> = fc.oneof(
  fc.nat(0xff_ffff).map((vni) => (p: Layered) => wrap(17, udp(50_000, 4789, vxlan(vni, frameOf(p))))),
  fc.nat(0xff_ffff).map((vni) => (p: Layered) => wrap(17, udp(50_000, 8472, vxlan(vni, frameOf(p))))),
  fc
    .nat(0xff_ffff)
    .map((vni) => (p: Layered) => wrap(17, udp(50_000, 6081, geneve(vni, p.type, new Uint8Array(8), p.bytes)))),
  fc.nat(7).map((mix) => (p: Layered) => {
    const key = (mix & 2) === 0 ? {} : { key: 77 };
    return wrap(47, gre({ type: p.type, ...key, ...((mix & 4) === 0 ? {} : { sequence: 1 }) }, p.bytes));
  }),
  fc.constant((p: Layered) => wrap(47, gre({ type: 0x6558 }, frameOf(p)))),
  fc.constant((p: Layered) => wrap(p.type === 0x0800 ? 4 : 41, p.bytes)),
  fc.constant((p: Layered): Layered => ({ type: 0x86dd, bytes: ipv6({ next: p.type === 0x0800 ? 4 : 41 }, p.bytes) })),
);

const link: fc.Arbitrary<(packet: Layered) => Uint8Array> = fc.oneof(
  fc.nat(46).map((padding) => (p: Layered) => concat(frameOf(p), new Uint8Array(padding))),
  fc.nat(4095).map((id) => (p: Layered) => ethernet(0x8100, vlan(id, p.type, p.bytes))),
  fc.constant((p: Layered) => ethernet(0x88a8, vlan(3000, 0x8100, vlan(7, p.type, p.bytes)))),
  fc.constant((p: Layered) => snap(p.type, p.bytes)),
  fc
    .integer({ min: 1, max: 4 })
    .map((n) => (p: Layered) => ethernet(0x8847, mpls([100, 200, 300, 400].slice(0, n), p.bytes))),
  fc.nat(0xffff).map((id) => (p: Layered) => ethernet(0x8864, pppoe(id, p.type === 0x0800 ? 0x21 : 0x57, p.bytes))),
);

t.test('layers stacked at random are decoded as tshark decodes them', { skip }, async (t) => {
  const arbitrary = fc
    .tuple(innerPacket, fc.array(layer, { maxLength: 3 }), link)
    .map(([packet, layers, around]) => around(layers.reduce((inside, put) => put(inside), packet)));
  const packets = fc.sample(arbitrary, { numRuns: 1500, seed: 6121 });
  const { rows, found, wanted } = differences(1, packets);
  t.ok(rows > 1400, `${rows} of 1500 packets are TCP to tshark`);
  t.strictSame(found, wanted);
});

t.test('every prefix that tshark can decode is decoded with the same values', { skip }, async (t) => {
  const packet = ipv4({}, tcp({ sequence: 99, options: new Uint8Array(12).fill(1) }, text(40)));
  const frame = ethernet(
    0x8100,
    vlan(7, 0x0800, ipv4({ protocol: 17 }, udp(50_000, 4789, vxlan(5, ethernet(0x0800, packet))))),
  );
  const prefixes = Array.from({ length: frame.length }, (_, i) => frame.subarray(0, i + 1));
  const { rows, found, wanted } = differences(1, prefixes);
  t.ok(rows > 40, `${rows} prefixes`);
  // tshark gives rows for headers without flags, and keeps the length that IP promised of a frame that has not got it.
  const whole = new Set(found.map((s) => (s as { frame: number }).frame));
  const rest = (rows: readonly unknown[]) =>
    rows
      .filter((s) => whole.has((s as { frame: number }).frame))
      .map((s) => ({ ...(s as object), length: 0, checksum: 0 }));
  t.strictSame(rest(found), rest(wanted));
});

t.test('BIG TCP has the length that tshark gives it', { skip }, async (t) => {
  const payload = text(80_000);
  const jumbo = ethernet(0x86dd, ipv6({ next: 0, payloadLength: 0 }, jumboPayload(6, tcp({ version: 6 }, payload))));
  const offloaded = ethernet(0x0800, ipv4({ totalLength: 0 }, tcp({}, payload)));
  const { found, wanted } = differences(1, [jumbo, offloaded]);
  t.strictSame(found, wanted);
  t.strictSame(
    found.map((s) => (s as { length: number }).length),
    [80_000, 80_000],
  );
});
