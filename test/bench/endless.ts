import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/model/report.ts';
import { pcapBytes, recordings } from '../support/expected.ts';

// Feeds `flinkprobe analyze -` through a pipe with what never ends, and prints what it took:
//   node dist/test/bench/endless.js [recordings|open|syns|holes|random]... [--mb N]
// Every figure is of one run. The resident set is the kernel's high-water mark (Linux only).

const MAIN = fileURLToPath(new URL('../../bundle/cli/main.js', import.meta.url));
const MIB = 1024 * 1024;

/** Pieces of a capture, the file header left out. */
type Source = (bytes: number) => Generator<Buffer>;

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** All recordings one behind the other, again and again: other networks, other sequence numbers, later times. */
function* repeatedRecordings(bytes: number): Generator<Buffer> {
  const base = Buffer.concat(recordings().map((one) => Buffer.from(pcapBytes(one)).subarray(24)));
  const first = base.readUInt32LE(0);
  for (let sent = 0, round = 0; sent < bytes; round++) {
    const copy = Buffer.from(base);
    for (let at = 0; at < copy.length; ) {
      const length = copy.readUInt32LE(at + 8);
      copy.writeUInt32LE(first + 60 * round + Math.floor((at / copy.length) * 60), at);
      renumber(copy, at + 16, round);
      at += 16 + length;
    }
    for (let at = 0; at < copy.length; at += MIB) yield copy.subarray(at, at + MIB);
    sent += copy.length;
  }
}

/** Gives the TCP packet of an Ethernet frame to another network and another connection. Its checksums turn false. */
function renumber(bytes: Buffer, frame: number, round: number): void {
  if (bytes.readUInt16BE(frame + 12) !== 0x0800 || bytes[frame + 23] !== 6) return;
  bytes[frame + 27] = (bytes[frame + 27]! + round) & 0xff;
  bytes[frame + 31] = (bytes[frame + 31]! + round) & 0xff;
  const tcp = frame + 14 + (bytes[frame + 14]! & 15) * 4;
  for (const at of (bytes[tcp + 13]! & 16) === 0 ? [4] : [4, 8]) {
    bytes.writeUInt32BE((bytes.readUInt32BE(tcp + at) + round * 1_000_003) >>> 0, tcp + at);
  }
}

interface Packet {
  readonly seconds: number;
  readonly from: number;
  readonly to: number;
  readonly ports: readonly [number, number];
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload?: Buffer;
}

function record(packet: Packet): Buffer {
  const payload = packet.payload ?? Buffer.alloc(0);
  const bytes = Buffer.alloc(70 + payload.length);
  bytes.writeUInt32LE(packet.seconds, 0);
  bytes.writeUInt32LE(54 + payload.length, 8);
  bytes.writeUInt32LE(54 + payload.length, 12);
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0], 16);
  bytes.writeUInt16BE(40 + payload.length, 32);
  bytes.set([64, 6], 38);
  bytes.writeUInt32BE(packet.from >>> 0, 42);
  bytes.writeUInt32BE(packet.to >>> 0, 46);
  bytes.writeUInt16BE(packet.ports[0], 50);
  bytes.writeUInt16BE(packet.ports[1], 52);
  bytes.writeUInt32BE(packet.sequence >>> 0, 54);
  bytes.writeUInt32BE(packet.acknowledgement >>> 0, 58);
  bytes.set([0x50, packet.flags, 0xff, 0xff], 62);
  payload.copy(bytes, 70);
  return bytes;
}

const SERVER = 0x0a4d_0001;

/** A ClientHello of TLS 1.2 with one suite and a server name of its own. */
function clientHello(n: number): Buffer {
  const name = Buffer.from(`host-${n}.example`);
  const random = createHash('sha256').update(String(n)).digest();
  const sni = Buffer.concat([u16(0), u16(name.length + 5), u16(name.length + 3), Buffer.of(0), u16(name.length), name]);
  const body = Buffer.concat([
    u16(0x0303),
    random,
    Buffer.of(0),
    u16(2),
    u16(0xc02f),
    Buffer.of(1, 0),
    u16(sni.length),
    sni,
  ]);
  const message = Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
  return Buffer.concat([Buffer.of(22, 3, 1), u16(message.length), message]);
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

interface Dialling {
  readonly count: number;
  /** What follows the handshake of TCP. */
  readonly say: (n: number, packet: Omit<Packet, 'payload'>) => Buffer[];
}

/** Connections from ever new clients that never end. */
function* dialled({ count, say }: Dialling): Generator<Buffer> {
  let parts: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const client = { seconds: 1_800_000_000 + Math.floor(n / 1000), from: 0x0a00_0000 + (n >> 4), to: SERVER };
    const ports = [20_000 + (n & 15), 6123] as const;
    parts.push(record({ ...client, ports, sequence: n, acknowledgement: 0, flags: 2 }));
    parts.push(...say(n, { ...client, ports, sequence: n + 1, acknowledgement: 1, flags: 24 }));
    if (parts.length > 2000) {
      yield Buffer.concat(parts);
      parts = [];
    }
  }
  yield Buffer.concat(parts);
}

const back = (one: Omit<Packet, 'payload'>, flags: number): Packet => ({
  ...one,
  from: one.to,
  to: one.from,
  ports: [one.ports[1], one.ports[0]],
  sequence: 0,
  acknowledgement: one.sequence,
  flags,
});

/** One connection of random bytes, both ways. */
function* randomBytes(bytes: number): Generator<Buffer> {
  const pool = Buffer.concat(Array.from({ length: 40_000 }, (_, n) => createHash('sha256').update(`r${n}`).digest()));
  const packet = { seconds: 1_800_000_000, from: 0x0a4d_0002, to: SERVER, ports: [40_000, 6121] as const };
  yield record({ ...packet, sequence: 0, acknowledgement: 0, flags: 2 });
  yield record({ ...back({ ...packet, sequence: 1, acknowledgement: 0, flags: 0 }, 18), sequence: 0 });
  const next: [number, number] = [1, 1];
  let parts: Buffer[] = [];
  for (let sent = 0, n = 0; sent < bytes; n++) {
    const at = (n * 7919) % (pool.length - 1448);
    const payload = Buffer.from(pool.subarray(at, at + 1448));
    // No piece comes twice: the pool alone would repeat.
    payload.writeUInt32BE(Math.imul(n, 2_654_435_761) >>> 0, n % 1400);
    const side = n % 3 === 0 ? 1 : 0;
    const seconds = packet.seconds + Math.floor(n / 10_000);
    const one = { ...packet, seconds, sequence: next[0], acknowledgement: next[1], flags: 24 };
    parts.push(record(side === 0 ? { ...one, payload } : { ...back(one, 24), sequence: next[1], payload }));
    next[side] += payload.length;
    sent += payload.length;
    if (parts.length >= 700) {
      yield Buffer.concat(parts);
      parts = [];
    }
  }
  yield Buffer.concat(parts);
}

const SOURCES: Readonly<Record<string, Source>> = {
  recordings: repeatedRecordings,
  open: () => dialled({ count: 100_000, say: (n, one) => [record({ ...one, payload: clientHello(n) })] }),
  syns: () => dialled({ count: 1_000_000, say: () => [] }),
  // Each connection misses its first octet and holds 1400 that it cannot use.
  holes: (bytes) =>
    dialled({
      count: Math.ceil(bytes / 1500),
      say: (_n, one) => [record({ ...one, sequence: one.sequence + 1, payload: Buffer.alloc(1400, 'x') })],
    }),
  random: randomBytes,
};

interface Run {
  readonly seconds: number;
  readonly sent: number;
  /** MiB. */
  readonly peak: number;
  readonly code: number | null;
  readonly report: Report;
}

async function feed(source: Generator<Buffer>): Promise<Run> {
  const started = process.hrtime.bigint();
  const child = spawn(process.execPath, [MAIN, 'analyze', '-', '--format', 'json'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, highWater(child));
  }, 50);
  const closed = once(child, 'close');
  let sent = 0;
  for (const piece of prefixed(source)) {
    sent += piece.length;
    if (!child.stdin.write(piece)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [code] = (await closed) as [number | null];
  clearInterval(watch);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { seconds, sent, peak, code, report: JSON.parse(Buffer.concat(output).toString('utf8')) as Report };
}

function* prefixed(source: Generator<Buffer>): Generator<Buffer> {
  yield fileHeader();
  yield* source;
}

/** VmHWM (proc(5)), MiB; 0 where the system does not tell. */
function highWater({ pid }: ChildProcess): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf('--mb');
  const bytes = (at < 0 ? 1024 : Number(args[at + 1])) * MIB;
  const named = args.filter((word) => word in SOURCES);
  for (const name of named.length > 0 ? named : Object.keys(SOURCES)) {
    const run = await feed(SOURCES[name]!(bytes));
    const { report } = run;
    const { limits = {}, problems = [] } = report.inputs[0]?.quality ?? {};
    const kinds = [...new Set(report.observations.map((one) => `${one.kind} ${one.plaintext?.protocol ?? ''}`.trim()))];
    const facts = {
      MiB: Math.round(run.sent / MIB),
      seconds: Number(run.seconds.toFixed(1)),
      peakMiB: Math.round(run.peak),
      exit: run.code,
      connections: report.summary?.connections,
      attempts: report.summary?.unansweredAttempts,
      observations: report.observations.length,
      findings: report.findings.length,
      kinds: kinds.slice(0, 8),
      limits,
      problems: problems.length,
    };
    process.stdout.write(`${name}: ${JSON.stringify(facts)}\n`);
  }
}

await main(process.argv.slice(2));
