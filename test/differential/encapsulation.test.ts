import path from 'node:path';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Report } from '../../src/model/report.ts';
import { LoggedConnection, PacketLog } from '../support/capture-tools.ts';
import { recording } from '../support/expected.ts';
import {
  concat,
  cooked2Header,
  cookedHeader,
  ethernet,
  fragmentHeader,
  geneve,
  gre,
  internetChecksum,
  ipv4,
  ipv6,
  mpls,
  pppoe,
  udp,
  vlan,
  vxlan,
} from '../support/frames.ts';
import { type Frame, frames, scratch } from '../support/transform.ts';

// A recording carried in every way that the project knows has to give what it gives bare.

const file = scratch(t);
let files = 0;

/** Names of members come from the recording's own addresses: they are judged alike where the addresses are. */
const read = (captures: readonly string[]): Promise<Report> =>
  analyse({ captures, configurations: [], expect: [], failOn: 'medium', now: Date.parse('2026-11-22T15:00:00Z') });

function write(list: readonly Frame[], linkType: number): string {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(linkType, 20);
  const records = list.flatMap(({ seconds, micros, data }) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(seconds, 0);
    record.writeUInt32LE(micros, 4);
    record.writeUInt32LE(data.length, 8);
    record.writeUInt32LE(data.length, 12);
    return [record, data];
  });
  return file(`wrapped-${files++}.pcap`, Buffer.concat([header, ...records]));
}

/** The IPv4 packet of a frame, without Ethernet padding; undefined for ARP. */
function ipOf({ data }: Frame): Buffer | undefined {
  return data.readUInt16BE(12) === 0x0800 ? data.subarray(14, 14 + data.readUInt16BE(16)) : undefined;
}

const OUTER = { source: [192, 0, 2, 1], destination: [192, 0, 2, 2] };
const outer = (protocol: number, bytes: Uint8Array): Uint8Array =>
  ethernet(0x0800, ipv4({ ...OUTER, protocol }, bytes));
const outer6 = (next: number, bytes: Uint8Array): Uint8Array => ethernet(0x86dd, ipv6({ next }, bytes));
const word = (value: number, order: 'LE' | 'BE'): Uint8Array => {
  const bytes = Buffer.alloc(4);
  if (order === 'LE') bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
};

/** ERSPAN type II: eight octets of header behind GRE with a sequence number (draft-foschiano-erspan-03 section 4.2). */
const erspan2 = (frame: Uint8Array): Uint8Array =>
  gre({ type: 0x88be, sequence: 7 }, concat(Uint8Array.of(0x10, 0x0a, 0, 5, 0, 0, 0, 0), frame));

/** ERSPAN type III: twelve octets, no platform-specific part (section 4.3). */
const erspan3 = (frame: Uint8Array): Uint8Array =>
  gre({ type: 0x22eb, sequence: 7 }, concat(Uint8Array.of(0x20, 0x0a, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0), frame));

interface Way {
  readonly name: string;
  readonly linkType: number;
  wrap(ip: Buffer, frame: Buffer): Uint8Array;
}

const ETHERNET = 1;
const WAYS: readonly Way[] = [
  { name: 'VLAN', linkType: ETHERNET, wrap: (ip) => ethernet(0x8100, vlan(7, 0x0800, ip)) },
  { name: 'QinQ', linkType: ETHERNET, wrap: (ip) => ethernet(0x88a8, vlan(100, 0x8100, vlan(7, 0x0800, ip))) },
  {
    name: 'VLAN stack of four',
    linkType: ETHERNET,
    wrap: (ip) => ethernet(0x9100, vlan(1, 0x9100, vlan(2, 0x8100, vlan(3, 0x8100, vlan(4, 0x0800, ip))))),
  },
  { name: 'MPLS', linkType: ETHERNET, wrap: (ip) => ethernet(0x8847, mpls([100, 200], ip)) },
  { name: 'PPPoE', linkType: ETHERNET, wrap: (ip) => ethernet(0x8864, pppoe(9, 0x21, ip)) },
  { name: 'GRE', linkType: ETHERNET, wrap: (ip) => outer(47, gre({}, ip)) },
  {
    name: 'GRE with key and checksum over IPv6',
    linkType: ETHERNET,
    wrap: (ip) => outer6(47, gre({ key: 3, checksum: true }, ip)),
  },
  { name: 'ERSPAN I', linkType: ETHERNET, wrap: (_ip, frame) => outer(47, gre({ type: 0x88be }, frame)) },
  { name: 'ERSPAN II', linkType: ETHERNET, wrap: (_ip, frame) => outer(47, erspan2(frame)) },
  { name: 'ERSPAN III', linkType: ETHERNET, wrap: (_ip, frame) => outer(47, erspan3(frame)) },
  {
    name: 'Geneve with options',
    linkType: ETHERNET,
    wrap: (_ip, frame) => outer(17, udp(50_000, 6081, geneve(7, 0x6558, new Uint8Array(8), frame))),
  },
  { name: 'VXLAN on 8472', linkType: ETHERNET, wrap: (_ip, frame) => outer(17, udp(50_000, 8472, vxlan(7, frame))) },
  {
    name: 'VXLAN over IPv6 in a VLAN',
    linkType: ETHERNET,
    wrap: (_ip, frame) => ethernet(0x8100, vlan(5, 0x86dd, ipv6({ next: 17 }, udp(50_000, 4789, vxlan(7, frame))))),
  },
  { name: 'IPIP', linkType: ETHERNET, wrap: (ip) => outer(4, ip) },
  { name: '4in6', linkType: ETHERNET, wrap: (ip) => outer6(4, ip) },
  { name: 'SLL', linkType: 113, wrap: (ip) => concat(cookedHeader(0x0800), ip) },
  { name: 'SLL2', linkType: 276, wrap: (ip) => concat(cooked2Header(0x0800, 3), ip) },
  { name: 'RAW', linkType: 101, wrap: (ip) => ip },
  { name: 'RAW, number of OpenBSD', linkType: 14, wrap: (ip) => ip },
  { name: 'RAW, number of BSD', linkType: 12, wrap: (ip) => ip },
  { name: 'IPv4', linkType: 228, wrap: (ip) => ip },
  { name: 'NULL, little-endian', linkType: 0, wrap: (ip) => concat(word(2, 'LE'), ip) },
  { name: 'NULL, big-endian', linkType: 0, wrap: (ip) => concat(word(2, 'BE'), ip) },
  { name: 'LOOP', linkType: 108, wrap: (ip) => concat(word(2, 'BE'), ip) },
];

/** IPv6 addresses that end in the octets of the IPv4 ones: fd00::a4d:1 for 10.77.0.1. */
const address6 = (ip: Buffer, at: number): number[] => [
  0xfd,
  ...new Array<number>(11).fill(0),
  ...ip.subarray(at, at + 4),
];

/** The TCP segment of an IPv4 packet in an IPv6 one, its checksum made anew. */
function inIpv6(
  ip: Buffer,
  fields: { readonly next?: number } = {},
  around = (tcp: Uint8Array): Uint8Array => tcp,
): Uint8Array {
  const segment = Uint8Array.from(ip.subarray((ip[0]! & 15) * 4));
  const [source, destination] = [address6(ip, 12), address6(ip, 16)];
  segment.set([0, 0], 16);
  const pseudo = concat(Uint8Array.from([...source, ...destination]), word(segment.length, 'BE'), word(6, 'BE'));
  const sum = internetChecksum(concat(pseudo, segment));
  segment.set([sum >> 8, sum & 255], 16);
  return ipv6({ source, destination, ...fields }, around(segment));
}

const SIXES: readonly Way[] = [
  { name: 'IPv6', linkType: ETHERNET, wrap: (ip) => ethernet(0x86dd, inIpv6(ip)) },
  { name: '6in4', linkType: ETHERNET, wrap: (ip) => outer(41, inIpv6(ip)) },
  { name: 'IPv6 in RAW', linkType: 229, wrap: (ip) => inIpv6(ip) },
  { name: 'IPv6 in NULL of macOS', linkType: 0, wrap: (ip) => concat(word(30, 'LE'), inIpv6(ip)) },
  { name: 'IPv6 in SLL', linkType: 113, wrap: (ip) => concat(cookedHeader(0x86dd), inIpv6(ip)) },
  {
    name: 'IPv6 with atomic fragments',
    linkType: ETHERNET,
    wrap: (ip) =>
      ethernet(
        0x86dd,
        inIpv6(ip, { next: 44 }, (tcp) => fragmentHeader(6, 0, false, 9, tcp)),
      ),
  },
];

/** The same frame as another host with the same addresses would send it: other sequence numbers and identification. */
function otherConnection(frame: Buffer): Buffer {
  const data = Buffer.from(frame);
  data.writeUInt16BE(data.readUInt16BE(18) ^ 0x5555, 18);
  const tcp = 14 + (data[14]! & 15) * 4;
  for (const at of (data[tcp + 13]! & 16) === 0 ? [4] : [4, 8]) {
    data.writeUInt32BE((data.readUInt32BE(tcp + at) + 0x0100_0000) >>> 0, tcp + at);
  }
  return data;
}

/** Findings and connections without what a wrapper changes: where it ran, and addresses in their other form. */
function gist(report: Report): unknown {
  const parts = {
    observations: report.observations.map(({ encapsulation: _around, ...rest }) => rest),
    findings: report.findings.map(({ fingerprint: _print, ...rest }) => rest),
    verdict: report.verdict,
    summary: { ...report.summary, datagrams: 0 },
  };
  const flat = JSON.stringify(parts, (key, value: unknown) => (/^frames?$/.test(key) ? undefined : value));
  return JSON.parse(flat.replaceAll(/\[?fd00::a4d:([123489])\]?/g, '10.77.0.$1').replaceAll(/frames? \d+/g, 'frame'));
}

for (const name of ['1.20.3-w-cert-client', '1.20.3-w-off', '1.20.3-wd-mixed']) {
  const list = frames(recording(name)).filter((frame) => ipOf(frame) !== undefined);
  const bare = write(list, ETHERNET);

  t.test(`${name}: the same findings in every wrapper`, async (t) => {
    const expected = gist(await read([bare]));
    for (const way of [...WAYS, ...SIXES]) {
      const wrapped = list.map((frame) => ({ ...frame, data: Buffer.from(way.wrap(ipOf(frame)!, frame.data)) }));
      const report = await read([write(wrapped, way.linkType)]);
      t.strictSame(report.inputs[0]!.quality!.undecodedPackets, 0, `${way.name}: all packets decoded`);
      t.equal(report.inputs[0]!.quality!.duplicates, 0);
      t.strictSame(gist(report), expected, way.name);
    }
  });

  t.test(`${name}: the same inner addresses in two networks are two clusters`, async (t) => {
    const single = await read([bare]);
    for (const around of [
      (vni: number, frame: Buffer) => outer(17, udp(50_000, 4789, vxlan(vni, frame))),
      (vni: number, frame: Buffer) => outer(17, udp(50_000, 6081, geneve(vni, 0x6558, new Uint8Array(0), frame))),
      (id: number, frame: Buffer) => ethernet(0x8100, vlan(id, 0x0800, ipOf({ data: frame } as Frame)!)),
      (key: number, frame: Buffer) => outer(47, gre({ key }, ipOf({ data: frame } as Frame)!)),
    ]) {
      const both = list.flatMap((frame) => [
        { ...frame, data: Buffer.from(around(5, frame.data)) },
        { ...frame, data: Buffer.from(around(6, otherConnection(frame.data))) },
      ]);
      const report = await read([write(both, ETHERNET)]);
      t.equal(report.observations.length, 2 * single.observations.length);
      t.equal(report.inputs[0]!.quality!.duplicates, 0, 'nothing of one network is a copy of the other');
      t.equal(report.summary!.tlsBytes, 2 * single.summary!.tlsBytes);
      t.equal(report.summary!.clearBytes, 2 * single.summary!.clearBytes);
    }
  });

  t.test(`${name}: every segment in three fragments, shuffled`, async (t) => {
    let seed = 11;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const pieces = list.flatMap((frame, index) => {
      const parts = fragmentsOf(ipOf(frame)!, index & 0xffff);
      for (let at = parts.length - 1; at > 0; at--) {
        const other = random(at + 1);
        [parts[at], parts[other]] = [parts[other]!, parts[at]!];
      }
      return parts.map((ip) => ({ ...frame, data: Buffer.from(ethernet(0x0800, ip)) }));
    });
    t.ok(pieces.length > 2.5 * list.length);
    const report = await read([write(pieces, ETHERNET)]);
    t.strictSame(gist(report), gist(await read([bare])));
    t.equal(report.inputs[0]!.quality!.gaps, 0);
  });
}

/** Three IPv4 fragments of a packet, cut at multiples of eight octets; fewer where it is too short. */
function fragmentsOf(ip: Buffer, identification: number): Uint8Array[] {
  const payload = ip.subarray((ip[0]! & 15) * 4);
  const third = Math.max(8, (payload.length / 3) & ~7);
  const starts = [0, third, 2 * third].filter((start) => start < payload.length);
  return starts.map((start, n) => {
    const end = starts[n + 1] ?? payload.length;
    const fields = { source: [...ip.subarray(12, 16)], destination: [...ip.subarray(16, 20)], identification };
    return ipv4({ ...fields, fragmentOffset: start, more: end < payload.length }, payload.subarray(start, end));
  });
}

t.test('a segment of 60 kB before segmentation offload, IP length 0, is read whole', async (t) => {
  const one = recording('1.20.3-w-cert-client');
  const list = frames(one).filter((frame) => ipOf(frame) !== undefined);
  const zeroed = list.map((frame) => {
    // Padding cannot be told from data where the length is 0: only frames without any are changed.
    const data = Buffer.from(frame.data);
    if (data.length === 14 + data.readUInt16BE(16)) data.writeUInt16BE(0, 16);
    return { ...frame, data };
  });
  t.strictSame(gist(await read([write(zeroed, ETHERNET)])), gist(await read([write(list, ETHERNET)])));

  const log = new PacketLog();
  const connection = new LoggedConnection(log, [40_000, 6121], [1, 1]);
  connection.data(0, Buffer.from('GET /jobs/overview HTTP/1.1\r\nHost: jm:8081\r\n\r\n'));
  const body = Buffer.alloc(60_000, 'x');
  const answer = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  const before = log.packets.length;
  connection.data(1, answer);
  const cut = log.packets.slice(before, -1);
  const header = cut[0]!.bytes.subarray(0, 54);
  const whole = Buffer.concat([header, ...cut.map(({ bytes }) => bytes.subarray(54))]);
  whole.writeUInt16BE(0, 16);
  connection.fin(0);
  connection.fin(1);
  const packets = [
    ...log.packets.slice(0, before),
    { ...cut[0]!, bytes: whole },
    ...log.packets.slice(before + cut.length),
  ];
  const report = await read([file('offload.pcap', log.pcap(packets))]);
  t.match(report.observations, [
    { kind: 'plaintext', bytes: { server: answer.length }, plaintext: { protocol: 'http' } },
  ]);
  t.match(report.observations[0]!.plaintext!.details, { bodyBytes: body.length, responses: 1 });
  t.match(report.inputs[0]!.quality, { gaps: 0, cutPackets: 0, undecodedPackets: 0 });
  t.equal(path.extname(report.inputs[0]!.path), '.pcap');
});
