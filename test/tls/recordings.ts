import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Side } from '../../src/bytes/stream.ts';
import type { Event } from './feeding.ts';

/** A TCP connection of a recording; the recordings are complete, in Ethernet, IPv4 and almost in order. */
export interface RecordedConnection {
  readonly client: string;
  readonly server: string;
  readonly serverPort: number;
  readonly answered: boolean;
  readonly start: 'syn' | 'midstream';
  readonly events: Event[];
}

/** The folder that holds package.json: test data are not compiled. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    folder = dirname(folder);
  }
  return folder;
}

interface Flow {
  readonly connection: RecordedConnection & { answered: boolean };
  readonly isn: number;
  readonly next: [number | undefined, number | undefined];
  readonly waiting: [Map<number, Uint8Array>, Map<number, Uint8Array>];
}

/**
 * Connections of a recording in `test/captures`. A reader of its own, so that these tests do not stand on the one
 * under `src/capture`: little-endian pcap, Ethernet, IPv4, retransmissions dropped, early segments held back.
 */
export function recordedConnections(name: string): readonly RecordedConnection[] {
  const file = gunzipSync(readFileSync(join(packageRoot(), 'test/captures', `${name}.pcap.gz`)));
  const linkHeader = (file.readUInt32LE(20) & 0xffff) === 1 ? 14 : 16;
  const flows = new Map<string, Flow>();
  const connections: RecordedConnection[] = [];
  let frame = 0;
  for (let at = 24; at + 16 <= file.length; ) {
    const captured = file.readUInt32LE(at + 8);
    frame++;
    const packet = file.subarray(at + 16 + linkHeader, at + 16 + captured);
    at += 16 + captured;
    if (packet.length >= 40 && packet[0]! >> 4 === 4 && packet[9] === 6) {
      take(packet, frame, flows, connections);
    }
  }
  return connections;
}

function take(packet: Buffer, frame: number, flows: Map<string, Flow>, connections: RecordedConnection[]): void {
  const tcp = packet.subarray((packet[0]! & 15) * 4, packet.readUInt16BE(2));
  const source = `${packet.subarray(12, 16).join('.')}:${tcp.readUInt16BE(0)}`;
  const destination = `${packet.subarray(16, 20).join('.')}:${tcp.readUInt16BE(2)}`;
  const sequence = tcp.readUInt32BE(4);
  const flags = tcp[13]!;
  const syn = (flags & 0x12) === 0x02;
  const key = [source, destination].sort().join(' ');
  let flow = flows.get(key);
  if (flow === undefined || (syn && flow.isn !== sequence)) {
    const serverPort = tcp.readUInt16BE(2);
    const start = syn ? 'syn' : 'midstream';
    const connection = { client: source, server: destination, serverPort, answered: false, start, events: [] } as const;
    flow = {
      connection: { ...connection, events: [] },
      isn: sequence,
      next: [undefined, undefined],
      waiting: [new Map(), new Map()],
    };
    flows.set(key, flow);
    connections.push(flow.connection);
  }
  const side: Side = source === flow.connection.client ? 0 : 1;
  if ((flags & 0x12) === 0x12) {
    flow.connection.answered = true;
  }
  if ((flags & 0x02) !== 0) {
    flow.next[side] = (sequence + 1) >>> 0;
  }
  flow.next[side] ??= sequence;
  const payload = tcp.subarray((tcp[12]! >> 4) * 4);
  if (payload.length > 0) {
    flow.waiting[side].set(sequence, payload);
    drain(flow, side, frame);
  }
  if ((flags & 0x05) !== 0) {
    flow.connection.events.push({ kind: 'close', side, how: (flags & 0x01) !== 0 ? 'fin' : 'rst' });
  }
}

function drain(flow: Flow, side: Side, frame: number): void {
  const waiting = flow.waiting[side];
  for (const [sequence, payload] of [...waiting].sort((a, b) => (a[0] - b[0]) | 0)) {
    const known = (flow.next[side]! - sequence) | 0;
    if (known < 0) {
      return;
    }
    waiting.delete(sequence);
    if (known < payload.length) {
      flow.connection.events.push({ kind: 'data', side, bytes: payload.subarray(known), frame });
      flow.next[side] = (sequence + payload.length) >>> 0;
    }
  }
}
