import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pcapBytes, type Recording } from './expected.ts';
import { vxlan } from './frames.ts';

/** A packet of a recording: Ethernet, IPv4, TCP, as tcpdump wrote it. */
export interface Frame {
  readonly seconds: number;
  readonly micros: number;
  readonly data: Buffer;
  readonly originalLength: number;
}

/** Reads the little-endian microsecond pcap of a recording; knows no other, and is no reader of ours. */
export function frames(one: Recording): Frame[] {
  const bytes = Buffer.from(pcapBytes(one));
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error(`${one.name}: not a little-endian microsecond pcap`);
  const list: Frame[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    list.push({
      seconds: bytes.readUInt32LE(at),
      micros: bytes.readUInt32LE(at + 4),
      originalLength: bytes.readUInt32LE(at + 12),
      data: bytes.subarray(at + 16, at + 16 + length),
    });
    at += 16 + length;
  }
  return list;
}

export function writeFrames(list: readonly Frame[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  const parts: Buffer[] = [header];
  for (const { seconds, micros, data, originalLength } of list) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(seconds, 0);
    record.writeUInt32LE(micros, 4);
    record.writeUInt32LE(data.length, 8);
    record.writeUInt32LE(originalLength, 12);
    parts.push(record, data);
  }
  return Buffer.concat(parts);
}

export interface TcpView {
  /** Sender's address and port, receiver's address and port. */
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly flags: number;
  readonly length: number;
}

/** TCP fields of a frame, or undefined for what is none (ARP). */
export function tcpOf({ data }: Frame): TcpView | undefined {
  if (data.length < 54 || data.readUInt16BE(12) !== 0x0800 || data[23] !== 6) return undefined;
  const tcp = 14 + (data[14]! & 15) * 4;
  const host = (at: number): string => [...data.subarray(at, at + 4)].join('.');
  return {
    from: `${host(26)}:${data.readUInt16BE(tcp)}`,
    to: `${host(30)}:${data.readUInt16BE(tcp + 2)}`,
    sequence: data.readUInt32BE(tcp + 4),
    flags: data[tcp + 13]!,
    length: data.readUInt16BE(16) - (data[14]! & 15) * 4 - (data[tcp + 12]! >> 4) * 4,
  };
}

/** Changes the places of each two neighbouring data segments of one direction; the times stay in order. */
export function swapNeighbours(list: readonly Frame[]): { readonly list: Frame[]; readonly swapped: number } {
  const result = [...list];
  const waiting = new Map<string, number>();
  let swapped = 0;
  for (let at = 0; at < result.length; at++) {
    const tcp = tcpOf(result[at]!);
    if (tcp === undefined) continue;
    if (tcp.length === 0 || (tcp.flags & 7) !== 0) {
      waiting.delete(`${tcp.from} ${tcp.to}`);
      continue;
    }
    const key = `${tcp.from} ${tcp.to}`;
    const before = waiting.get(key);
    if (before === undefined || result[at]!.seconds - result[before]!.seconds > 0) {
      waiting.set(key, at);
      continue;
    }
    const [a, b] = [result[before]!, result[at]!];
    result[before] = { ...b, seconds: a.seconds, micros: a.micros };
    result[at] = { ...a, seconds: b.seconds, micros: b.micros };
    waiting.delete(key);
    swapped++;
  }
  return { list: result, swapped };
}

/** The same frame inside VXLAN between two hosts of an underlay. */
export function inVxlan(frame: Frame, vni: number): Frame {
  const inner = vxlan(vni, frame.data);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(50_000, 0);
  udp.writeUInt16BE(4789, 2);
  udp.writeUInt16BE(8 + inner.length, 4);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(28 + inner.length, 2);
  ip[8] = 64;
  ip[9] = 17;
  Buffer.from([192, 0, 2, 1, 192, 0, 2, 2]).copy(ip, 12);
  const data = Buffer.concat([Buffer.from('020000000001020000000002', 'hex'), Buffer.from([8, 0]), ip, udp, inner]);
  return { ...frame, data, originalLength: data.length + frame.originalLength - frame.data.length };
}

/** A folder for the files of one test; goes with the test. */
export function scratch(t: { teardown(done: () => void): void }): (name: string, bytes: Uint8Array) => string {
  const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return (name, bytes) => {
    const file = path.join(folder, name);
    writeFileSync(file, bytes);
    return file;
  };
}
