import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';

/** `false` where the program can be started, else the reason to skip a test by name. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.find((name) => spawnSync(name, ['-version'], { stdio: 'ignore' }).error !== undefined);
  return absent === undefined ? false : `${absent} not found`;
}

/** `false` where this machine has `::1`, else the reason to skip a test by name. */
export const noIpv6: string | false = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)
  ? false
  : '::1 not found';

const OUTPUT_MAX = 256 * 1024 * 1024;

export function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: OUTPUT_MAX,
  });
}

/** Out-of-order segments are data like any other; port 6121 is SPDY to Wireshark, which would hide the TLS on it. */
const READ = ['-n', '-o', 'tcp.reassemble_out_of_order:TRUE', '--disable-protocol', 'spdy'];

/** One object a frame that passes the display filter: each field with all its values in the frame. */
export function tsharkRows<F extends string>(
  file: string,
  filter: string,
  fields: readonly F[],
  more: readonly string[] = [],
): Record<F, string[]>[] {
  const wanted = fields.flatMap((field) => ['-e', field]);
  const layout = ['-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=|'];
  const output = run('tshark', [...READ, ...more, '-r', file, '-Y', filter, ...layout, ...wanted]);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      const row = fields.map((field, at) => [field, (values[at] ?? '').split('|').filter((one) => one !== '')]);
      return Object.fromEntries(row) as Record<F, string[]>;
    });
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;

/** Octets a segment of the recording carries at most, as on Ethernet with timestamps. */
const SEGMENT = 1448;

interface Packet {
  readonly milliseconds: number;
  readonly bytes: Buffer;
}

/** Ends of a recorded connection: 10.77.0.2 with the client's real port, 10.77.0.1 with the real server port. */
const HOSTS = [
  [10, 77, 0, 2],
  [10, 77, 0, 1],
] as const;

/** Writes TCP packets of connections that a proxy saw: SYNs, segments, acknowledgements, FIN or RST. */
export class PacketLog {
  readonly packets: Packet[] = [];
  #identification = 1;

  /** Classic pcap, microseconds, Ethernet. */
  pcap(packets: readonly Packet[] = this.packets): Buffer {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(262_144, 16);
    header.writeUInt32LE(1, 20);
    const records = packets.flatMap(({ milliseconds, bytes }, at) => {
      const record = Buffer.alloc(16);
      record.writeUInt32LE(Math.floor(milliseconds / 1000), 0);
      // Packets of one millisecond keep their order.
      record.writeUInt32LE(Math.floor(milliseconds % 1000) * 1000 + (at % 1000), 4);
      record.writeUInt32LE(bytes.length, 8);
      record.writeUInt32LE(bytes.length, 12);
      return [record, bytes];
    });
    return Buffer.concat([header, ...records]);
  }

  add(ports: readonly [number, number], side: 0 | 1, fields: TcpHeader, payload: Buffer = Buffer.alloc(0)): void {
    const other = side === 0 ? 1 : 0;
    const bytes = Buffer.alloc(54 + payload.length);
    bytes.set([2, 0, 0, 0, 0, 1 + other, 2, 0, 0, 0, 0, 1 + side, 8, 0, 0x45], 0);
    bytes.writeUInt16BE(40 + payload.length, 16);
    bytes.writeUInt16BE(this.#identification++ & 0xffff, 18);
    bytes.set([0x40, 0, 64, 6], 20);
    bytes.set([...HOSTS[side], ...HOSTS[other]], 26);
    bytes.writeUInt16BE(checksum(bytes.subarray(14, 34), 0), 24);
    bytes.writeUInt16BE(ports[side], 34);
    bytes.writeUInt16BE(ports[other], 36);
    bytes.writeUInt32BE(fields.sequence >>> 0, 38);
    bytes.writeUInt32BE(fields.acknowledgement >>> 0, 42);
    bytes.set([0x50, fields.flags, 0xff, 0xff], 46);
    payload.copy(bytes, 54);
    const pseudo = 6 + 20 + payload.length + sum16(bytes.subarray(26, 34));
    bytes.writeUInt16BE(checksum(bytes.subarray(34), pseudo), 50);
    this.packets.push({ milliseconds: Date.now(), bytes });
  }
}

interface TcpHeader {
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
}

function sum16(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length % 2 === 0 ? sum : sum + (bytes.at(-1)! << 8);
}

function checksum(bytes: Buffer, start: number): number {
  let sum = start + sum16(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** One TCP connection in a {@link PacketLog}: numbers what both sides say. */
export class LoggedConnection {
  readonly #log: PacketLog;
  readonly #ports: readonly [number, number];
  readonly #next: [number, number];

  constructor(log: PacketLog, ports: readonly [number, number], initial: readonly [number, number]) {
    this.#log = log;
    this.#ports = ports;
    log.add(ports, 0, { sequence: initial[0], acknowledgement: 0, flags: SYN });
    log.add(ports, 1, { sequence: initial[1], acknowledgement: initial[0] + 1, flags: SYN | ACK });
    this.#next = [initial[0] + 1, initial[1] + 1];
    this.#say(0, ACK);
  }

  data(side: 0 | 1, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const piece = bytes.subarray(at, at + SEGMENT);
      this.#say(side, ACK | PSH, piece);
      this.#next[side] += piece.length;
    }
    this.#say(side === 0 ? 1 : 0, ACK);
  }

  fin(side: 0 | 1): void {
    this.#say(side, FIN | ACK);
    this.#next[side]++;
    this.#say(side === 0 ? 1 : 0, ACK);
  }

  reset(side: 0 | 1): void {
    this.#say(side, RST | ACK);
  }

  #say(side: 0 | 1, flags: number, payload?: Buffer): void {
    const acknowledgement = this.#next[side === 0 ? 1 : 0];
    this.#log.add(this.#ports, side, { sequence: this.#next[side], acknowledgement, flags }, payload);
  }
}

/** Port of a server that listens on any free one of the loopback. */
export async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export interface Proxy {
  readonly port: number;
  /** Ends when every connection has ended and no more are taken. */
  close(): Promise<void>;
}

/** A port in front of `target` whose connections are logged as `server` (`target` where absent). */
export async function recordingProxy(log: PacketLog, target: number, server: number = target): Promise<Proxy> {
  const open = new Set<Promise<unknown>>();
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const ports = [near.remotePort ?? 1, server] as const;
    const logged = new LoggedConnection(log, ports, [ports[0] * 65_537, ports[0] * 131_071]);
    const ends = Promise.all([pass(near, far, 0, logged), pass(far, near, 1, logged)]);
    open.add(ends);
    void ends.then(() => open.delete(ends));
  });
  const port = await portOf(proxy);
  return {
    port,
    close: async () => {
      proxy.close();
      await Promise.all(open);
    },
  };
}

function pass(from: Socket, to: Socket, side: 0 | 1, logged: LoggedConnection): Promise<void> {
  from.on('data', (bytes) => {
    logged.data(side, bytes);
    to.write(bytes);
  });
  from.on('end', () => {
    logged.fin(side);
    to.end();
  });
  from.on('error', () => {
    logged.reset(side);
    to.destroy();
  });
  return new Promise((resolve) => from.once('close', () => resolve()));
}
