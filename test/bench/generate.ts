import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Flight, handshake, type Identity } from './handshakes.ts';

/** Writes a classic pcap (microseconds, Ethernet) through one large buffer. */
class PcapFile {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(4 * 1024 * 1024);
  #used = 0;
  packets = 0;
  bytes = 0;
  #micros = 1_790_000_000_000_000;

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
    const header = this.#claim(24);
    this.#buffer.writeUInt32LE(0xa1b2c3d4, header);
    this.#buffer.writeUInt16LE(2, header + 4);
    this.#buffer.writeUInt16LE(4, header + 6);
    this.#buffer.writeUInt32LE(262_144, header + 16);
    this.#buffer.writeUInt32LE(1, header + 20);
  }

  #claim(length: number): number {
    if (this.#used + length > this.#buffer.length) this.flush();
    const at = this.#used;
    this.#buffer.fill(0, at, at + length);
    this.#used += length;
    this.bytes += length;
    return at;
  }

  flush(): void {
    writeSync(this.#fd, this.#buffer, 0, this.#used);
    this.#used = 0;
  }

  /** One TCP segment in Ethernet and IPv4, as the kernel would send it. */
  segment(flow: Flow, side: 0 | 1, flags: number, sequence: number, payload: Uint8Array, step = 2): void {
    this.#micros += step;
    const length = 54 + payload.length;
    const at = this.#claim(16 + length);
    const b = this.#buffer;
    b.writeUInt32LE(Math.floor(this.#micros / 1e6), at);
    b.writeUInt32LE(this.#micros % 1e6, at + 4);
    b.writeUInt32LE(length, at + 8);
    b.writeUInt32LE(length, at + 12);
    const ip = at + 16 + 14;
    b.writeUInt16BE(0x0800, ip - 2);
    b[ip] = 0x45;
    b.writeUInt16BE(length - 14, ip + 2);
    b.writeUInt16BE(++this.packets & 0xffff, ip + 4);
    b.writeUInt16BE(0x4000, ip + 6);
    b[ip + 8] = 64;
    b[ip + 9] = 6;
    b.writeUInt32BE(flow.hosts[side], ip + 12);
    b.writeUInt32BE(flow.hosts[side === 0 ? 1 : 0], ip + 16);
    b.writeUInt16BE(checksum(b, ip, 20), ip + 10);
    const tcp = ip + 20;
    b.writeUInt16BE(flow.ports[side], tcp);
    b.writeUInt16BE(flow.ports[side === 0 ? 1 : 0], tcp + 2);
    b.writeUInt32BE(sequence >>> 0, tcp + 4);
    b.writeUInt32BE(flow.next[side === 0 ? 1 : 0] >>> 0, tcp + 8);
    b[tcp + 12] = 0x50;
    b[tcp + 13] = flags;
    b.writeUInt16BE(0xffff, tcp + 14);
    b.set(payload, tcp + 20);
  }

  close(): void {
    this.flush();
    closeSync(this.#fd);
  }
}

interface Flow {
  readonly hosts: readonly [number, number];
  readonly ports: readonly [number, number];
  readonly next: [number, number];
}

function checksum(bytes: Buffer, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += bytes.readUInt16BE(at + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const MSS = 1448;
const NOTHING = new Uint8Array(0);

function open(file: PcapFile, index: number, port: number): Flow {
  const client = 0x0a4d_0200 + (index % 200);
  const flow: Flow = {
    hosts: [client, 0x0a4d_0001],
    ports: [20_000 + (index % 40_000), port],
    next: [(index * 7919 + 1) >>> 0, (index * 104_729 + 5) >>> 0],
  };
  file.segment(flow, 0, 0x02, flow.next[0], NOTHING);
  flow.next[0]++;
  file.segment(flow, 1, 0x12, flow.next[1], NOTHING);
  flow.next[1]++;
  file.segment(flow, 0, 0x10, flow.next[0], NOTHING);
  return flow;
}

function send(file: PcapFile, flow: Flow, flights: readonly Flight[]): void {
  for (const { side, bytes } of flights) {
    for (let at = 0; at < bytes.length; at += MSS) {
      const part = bytes.subarray(at, Math.min(at + MSS, bytes.length));
      file.segment(flow, side, 0x18, flow.next[side], part);
      flow.next[side] = (flow.next[side] + part.length) >>> 0;
    }
    file.segment(flow, side === 0 ? 1 : 0, 0x10, flow.next[side === 0 ? 1 : 0], NOTHING);
  }
}

function close(file: PcapFile, flow: Flow): void {
  for (const side of [0, 1] as const) {
    file.segment(flow, side, 0x11, flow.next[side], NOTHING);
    flow.next[side]++;
  }
  file.segment(flow, 0, 0x10, flow.next[0], NOTHING);
}

/**
 * Bulk in one direction over several connections at once, `stream` giving the bytes; 1.5 % of the segments change
 * place with the next one of their connection. Every second segment is acknowledged.
 */
function bulk(
  file: PcapFile,
  flows: readonly Flow[],
  stream: (flow: number, at: number, length: number) => Uint8Array,
  size: number,
): number {
  const sent = flows.map(() => 0);
  let swapped = 0;
  let turn = 0;
  while (file.bytes < size) {
    const index = turn++ % flows.length;
    const flow = flows[index]!;
    const at = sent[index]!;
    const one = stream(index, at, MSS);
    const two = stream(index, at + MSS, MSS);
    const start = flow.next[0];
    const isSwapped = turn % 33 === 0;
    if (isSwapped) {
      swapped += 1;
      file.segment(flow, 0, 0x10, start + MSS, two);
      file.segment(flow, 0, 0x10, start, one);
    } else {
      file.segment(flow, 0, 0x10, start, one);
      file.segment(flow, 0, 0x10, start + MSS, two);
    }
    sent[index] = at + 2 * MSS;
    flow.next[0] = (start + 2 * MSS) >>> 0;
    file.segment(flow, 1, 0x10, flow.next[1], NOTHING);
  }
  return swapped;
}

/** Repeats a block for ever, starting anywhere. */
function repeating(block: Uint8Array): (flow: number, at: number, length: number) => Uint8Array {
  const twice = Buffer.concat([block, block.subarray(0, 65_536)]);
  return (_flow, at, length) => twice.subarray(at % block.length, (at % block.length) + length);
}

export interface Generated {
  readonly path: string;
  readonly bytes: number;
  readonly packets: number;
}

/** TLS 1.2 application data: real handshakes, then records of 16,408 bytes with random content. */
export async function tlsBulk(path: string, identity: Identity, size: number): Promise<Generated> {
  const file = new PcapFile(path);
  const flows: Flow[] = [];
  for (let i = 0; i < 8; i++) {
    const flow = open(file, i, 6121);
    send(file, flow, await handshake(identity, identity, 'TLSv1.2', Buffer.from('hello')));
    flows.push(flow);
  }
  const records: Uint8Array[] = [];
  for (let i = 0; i < 64; i++)
    records.push(Buffer.concat([Buffer.from([0x17, 3, 3, 0x40, 0x18]), randomBytes(0x4018)]));
  bulk(file, flows, repeating(Buffer.concat(records)), size);
  file.close();
  return { path, bytes: file.bytes, packets: file.packets };
}

/** Flink's shuffle in clear (NettyMessage frames of 1.20): one PartitionRequest, then BufferResponses of 32 KiB. */
export function clearBulk(path: string, size: number): Generated {
  const file = new PcapFile(path);
  const flows: Flow[] = [];
  const request = Buffer.concat([
    Buffer.from('00000061badc0ffe02', 'hex'),
    randomBytes(84),
    Buffer.from('00000002', 'hex'),
  ]);
  for (let i = 0; i < 8; i++) {
    // The side that dialled asks, the other one sends: here the flow is turned round, so that side 0 sends the bulk.
    const asked = open(file, i, 6121);
    send(file, asked, [{ side: 0, bytes: request }]);
    flows.push({
      hosts: [asked.hosts[1], asked.hosts[0]],
      ports: [asked.ports[1], asked.ports[0]],
      next: [asked.next[1], asked.next[0]],
    });
  }
  const frames: Uint8Array[] = [];
  for (let i = 0; i < 32; i++) {
    const header = Buffer.alloc(43);
    header.writeUInt32BE(43 + 32_768);
    Buffer.from('badc0ffe00', 'hex').copy(header, 4);
    header.writeUInt32BE(i, 29);
    header[37] = 1;
    header.writeUInt32BE(32_768, 39);
    frames.push(header, randomBytes(32_768));
  }
  bulk(file, flows, repeating(Buffer.concat(frames)), size);
  file.close();
  return { path, bytes: file.bytes, packets: file.packets };
}

/** Many short connections: mutual TLS, every other one TLS 1.3, a few hundred bytes each behind the handshake. */
export async function manyHandshakes(path: string, identities: readonly Identity[], count: number): Promise<Generated> {
  const file = new PcapFile(path);
  for (let i = 0; i < count; i++) {
    const identity = identities[i % identities.length]!;
    const flow = open(file, i, 6123);
    send(file, flow, await handshake(identity, identity, i % 2 === 0 ? 'TLSv1.2' : 'TLSv1.3', Buffer.alloc(300, i)));
    close(file, flow);
  }
  file.close();
  return { path, bytes: file.bytes, packets: file.packets };
}
