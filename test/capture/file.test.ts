import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { type CaptureHandlers, type CaptureOptions, type CaptureSummary, readCapture } from '../../src/capture/file.ts';
import { MAX_LISTED_PROBLEMS } from '../../src/capture/problems.ts';
import type { Problem } from '../../src/model/report.ts';
import { concat, pcapFile, pcapHeader, pcapRecord } from '../support/pcap-writer.ts';
import { PcapngWriter } from '../support/pcapng-writer.ts';
import { zstdFrame } from '../support/zstd-writer.ts';

/** A recording of a Flink cluster; see the README beside it. */
const recording = gunzipSync(readFileSync(new URL('../../../test/captures/1.20.3-rest-mtls.pcap.gz', import.meta.url)));
const readerModule = new URL('../../src/capture/file.js', import.meta.url).href;
const small = pcapFile([
  { seconds: 20, fraction: 7, data: new Uint8Array(60) },
  { seconds: 10, fraction: 9, data: new Uint8Array(54), original: 100 },
  { seconds: 20, fraction: 8, data: new Uint8Array(61) },
]);

type Line = readonly [frame: number, length: number, captured: number, seconds: number, nanoseconds: number];

async function read(
  file: string,
  options: CaptureOptions = {},
  handlers: Partial<CaptureHandlers> = {},
): Promise<{
  readonly summary: CaptureSummary;
  readonly lines: readonly Line[];
  readonly problems: readonly Problem[];
}> {
  const lines: Line[] = [];
  const problems: Problem[] = [];
  const summary = await readCapture(
    file,
    {
      onPacket: ({ frame, originalLength, start, end, seconds, nanoseconds }) =>
        lines.push([frame, originalLength, end - start, seconds, nanoseconds]),
      onProblem: (problem) => problems.push(problem),
      ...handlers,
    },
    options,
  );
  return { summary, lines, problems };
}

t.test('tells of a file what is in it', async (t) => {
  const folder = t.testdir({ 'x.pcap': Buffer.from(small) });
  const { summary } = await read(path.join(folder, 'x.pcap'), {}, { firstFrame: 10, firstInterfaceId: 2 });
  t.match(summary, {
    path: path.join(folder, 'x.pcap'),
    format: 'pcap',
    compression: 'none',
    packets: 3,
    bytes: small.length,
    cutPackets: 1,
    captureDrops: 0,
    firstPacket: { seconds: 10, nanoseconds: 9000 },
    lastPacket: { seconds: 20, nanoseconds: 8000 },
    precision: 'us',
    linkTypes: [1],
    ended: 'end',
    nextFrame: 13,
    nextInterfaceId: 3,
  });
  t.same(summary.problems, []);
});

t.test('finds format and compression by content, never by name', async (t) => {
  const w = new PcapngWriter();
  const pcapng = concat(w.sectionHeader(), w.interfaceDescription(), w.enhancedPacket(0, 5n, new Uint8Array(60)));
  const folder = t.testdir({
    'a.gz': Buffer.from(small),
    'b.pcap': gzipSync(small),
    'c.pcapng': Buffer.from(zstdFrame(small, 50)),
    'd.txt': gzipSync(pcapng),
  });
  const cases = [
    ['a.gz', 'pcap', 'none', 3],
    ['b.pcap', 'pcap', 'gzip', 3],
    ['c.pcapng', 'pcap', 'zstd', 3],
    ['d.txt', 'pcapng', 'gzip', 1],
  ] as const;
  for (const [name, format, compression, packets] of cases) {
    const { summary } = await read(path.join(folder, name));
    t.match(summary, { format, compression, packets, problems: [] }, name);
  }
  t.equal((await read(path.join(folder, 'b.pcap'))).summary.bytes, small.length, 'bytes count after decompression');
});

t.test('refuses what is no capture, with the file, the reason and what was found', async (t) => {
  const folder = t.testdir({
    empty: '',
    text: 'hello, this is no capture\n',
    png: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    snoop: Buffer.from('736e6f6f700000000000000200000004', 'hex'),
    lz4: Buffer.from('04224d186440a7000000000000000000', 'hex'),
    xz: Buffer.from('fd377a585a000004e6d6b44600000000', 'hex'),
    bzip2: Buffer.from('425a6839314159265359000000000000', 'hex'),
    short: Buffer.from('d4c3', 'hex'),
    'cut-pcap': Buffer.from(small.subarray(0, 23)),
    'cut-pcapng': Buffer.from(new PcapngWriter().sectionHeader().subarray(0, 20)),
    'ascii-lf': Buffer.from('0a0d0a1c0000004d3c2b1a01000000ffff', 'hex'),
    'ascii-crlf': Buffer.from('0d0a0d0d0d0a1c0000004d3c2b1a01000000', 'hex'),
    'no-bom': Buffer.from('0a0d0d0a1c0000000000000001000000ffffffffffffffff1c000000', 'hex'),
    'old-version': Buffer.from(pcapFile([], { version: [1, 0] })),
    'empty-gzip': gzipSync(''),
    'text-gzip': gzipSync('hello, this is no capture\n'),
    'gzip-gzip': gzipSync(gzipSync(small)),
    'damaged-gzip': gzipSync(recording).fill(0xff, 10, 600),
    folder: {},
  });
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['missing', 'not-found', /no such file/],
    ['folder', 'is-a-folder', /is a folder/],
    ['empty', 'empty', /0 bytes/],
    ['text', 'not-a-capture', /at byte 0 found 68 65 6c 6c 6f 2c .*looks like text/],
    ['png', 'not-a-capture', /looks like a PNG image/],
    ['snoop', 'not-a-capture', /looks like a snoop capture/],
    ['short', 'not-a-capture', /found d4 c3$/],
    ['lz4', 'unsupported-compression', /compressed with lz4/],
    ['xz', 'unsupported-compression', /compressed with xz/],
    ['bzip2', 'unsupported-compression', /compressed with bzip2/],
    ['cut-pcap', 'truncated-header', /ends at byte 23/],
    ['cut-pcapng', 'truncated-header', /ends at byte 20/],
    ['ascii-lf', 'ascii-mode-transfer', /ASCII mode/],
    ['ascii-crlf', 'ascii-mode-transfer', /ASCII mode/],
    ['no-bom', 'not-a-capture', /byte-order magic/],
    ['old-version', 'unsupported-version', /version/],
    ['empty-gzip', 'empty', /after decompression/],
    ['text-gzip', 'not-a-capture', /looks like text/],
    ['gzip-gzip', 'unsupported-compression', /gzip inside gzip/],
    ['damaged-gzip', 'damaged-compression', /damaged gzip/],
  ];
  for (const [name, reason, message] of cases) {
    const file = path.join(folder, name);
    await t.rejects(read(file), { name: 'CaptureError', reason, path: file, message }, name);
    await t.rejects(read(file), { message: file }, 'names the file');
  }
});

const isRoot = process.getuid?.() === 0;

t.test(
  'refuses what it may not read',
  { skip: isRoot || process.platform === 'win32' ? 'root reads all' : false },
  async (t) => {
    const folder = t.testdir({ x: Buffer.from(small) });
    const file = path.join(folder, 'x');
    writeFileSync(file, small, { mode: 0 });
    spawnSync('chmod', ['000', file]);
    await t.rejects(read(file), { reason: 'unreadable', message: /no permission/ });
  },
);

t.test('keeps what stood before the damage, and says where it is', async (t) => {
  const cut = recording.subarray(0, recording.length - 5);
  const gzip = gzipSync(recording);
  const folder = t.testdir({
    cut,
    'cut-gzip': gzip.subarray(0, gzip.length >> 1),
    'cut-zstd': Buffer.from(zstdFrame(recording).subarray(0, 150_000)),
    'wrong-checksum': Buffer.from(concat(gzip.subarray(0, -8), new Uint8Array(8))),
    'damaged-gzip': Buffer.from(
      concat(gzip.subarray(0, gzip.length >> 1), new Uint8Array(50).fill(0x55), gzip.subarray(-9)),
    ),
  });
  const whole = (await read(path.join(folder, 'cut'))).lines;
  t.ok(whole.length > 1000);
  t.match((await read(path.join(folder, 'cut'))).problems, [{ reason: 'truncated-record' }]);
  for (const name of ['cut-gzip', 'cut-zstd', 'wrong-checksum']) {
    const { lines, problems, summary } = await read(path.join(folder, name));
    const [damage] = problems;
    t.equal(damage?.reason, 'damaged-compression', name);
    t.equal(damage?.offset, summary.bytes);
    t.ok(lines.length > 100, `${lines.length} packets`);
    t.same(lines.slice(0, whole.length), whole.slice(0, lines.length));
  }
  // deflate notices damage late: what it gives in between is nonsense, and is skipped as such.
  const { lines, problems } = await read(path.join(folder, 'damaged-gzip'));
  t.ok(problems.some(({ reason }) => reason === 'damaged-compression'));
  t.same(lines.slice(0, 500), whole.slice(0, 500));
});

t.test('lists the first problems and counts the rest', async (t) => {
  const good = (i: number) => pcapRecord({ seconds: 1000 + i, fraction: 0, data: new Uint8Array(20).fill(1) });
  const bad = pcapRecord({ seconds: 1, fraction: 1, captured: 0xffff_ffff, data: new Uint8Array(30).fill(0xff) });
  const rounds = Array.from({ length: 150 }, (_, i) => concat(bad, good(i), good(i), good(i)));
  const folder = t.testdir({ x: Buffer.from(concat(pcapHeader(), good(0), ...rounds)) });
  const { summary, problems } = await read(path.join(folder, 'x'));
  t.equal(summary.packets, 1 + 450);
  t.equal(summary.problems.length, MAX_LISTED_PROBLEMS + 1);
  t.match(summary.problems.at(-1), { reason: 'limit-reached', message: /^50 further problems/ });
  t.same(problems, summary.problems);
});

t.test('an aborted signal ends the reading cleanly', async (t) => {
  const folder = t.testdir({ x: recording, y: gzipSync(recording) });
  // The synchronous reader looks at the signal between chunks of 4 MiB: make it see some.
  const big = path.join(folder, 'big');
  writeFileSync(big, concat(recording, ...Array.from({ length: 12 }, () => recording.subarray(24))));
  const controller = new AbortController();
  const { summary, problems } = await read(big, { signal: controller.signal }, { onPacket: () => controller.abort() });
  t.equal(summary.ended, 'interrupted');
  t.ok(summary.bytes < recording.length * 12);
  t.match(problems, [{ reason: 'interrupted', offset: summary.bytes }]);
  await t.rejects(read(path.join(folder, 'x'), { signal: AbortSignal.abort() }), {
    name: 'CaptureError',
    reason: 'interrupted',
  });
});

/** Runs the reader in a process of its own; its answer is one line of JSON. */
function spawnReader(source: string, stdin: 'pipe' | number = 'pipe'): ChildProcess {
  const script = `
    import { readCapture } from ${JSON.stringify(readerModule)};
    const controller = new AbortController();
    process.on('SIGINT', () => controller.abort());
    let packets = 0;
    const onPacket = () => { if (packets++ === 0) process.stderr.write('first packet'); };
    const problems = [];
    const onProblem = (problem) => problems.push(problem.reason);
    try {
      const { ended, bytes, format, compression } = await readCapture(${JSON.stringify(source)}, { onPacket, onProblem }, controller);
      console.log(JSON.stringify({ ended, bytes, format, compression, packets, problems, cpu: process.cpuUsage().user }));
    } catch (error) {
      console.log(JSON.stringify({ reason: error.reason, message: error.message }));
    }`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: [stdin, 'pipe', 'pipe'] });
}

async function answerOf(child: ChildProcess): Promise<Record<string, unknown>> {
  let out = '';
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  await once(child, 'close');
  return JSON.parse(out);
}

t.test('reads standard input: a pipe in pieces, compressed, a file', async (t) => {
  const folder = t.testdir({ x: recording });
  const expected = { ended: 'end', bytes: recording.length, format: 'pcap', packets: 1933, problems: [] };
  expected.packets = (await read(path.join(folder, 'x'))).lines.length;
  for (const [bytes, compression] of [
    [recording, 'none'],
    [gzipSync(recording), 'gzip'],
    [zstdFrame(recording), 'zstd'],
  ] as const) {
    const child = spawnReader('-');
    const answer = answerOf(child);
    child.stdin!.write(bytes.subarray(0, 3));
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.stdin!.end(bytes.subarray(3));
    t.match(await answer, { ...expected, compression }, compression);
  }
  const { openSync, closeSync } = await import('node:fs');
  const fd = openSync(path.join(folder, 'x'), 'r');
  t.match(await answerOf(spawnReader('-', fd)), expected, 'a file');
  closeSync(fd);
});

t.test('an empty or foreign standard input is refused by that name', async (t) => {
  for (const [input, reason] of [
    ['', 'empty'],
    ['GET / HTTP/1.1\r\n', 'not-a-capture'],
  ] as const) {
    const child = spawnReader('-');
    const answer = answerOf(child);
    child.stdin!.end(input);
    t.match(await answer, { reason, message: /^standard input: / });
  }
});

t.test(
  'a silent pipe delivers what came, costs little and hears SIGINT',
  { skip: process.platform === 'win32' },
  async (t) => {
    const child = spawnReader('-');
    const answer = answerOf(child);
    child.stdin!.on('error', () => {});
    child.stdin!.write(recording.subarray(0, 10_000));
    await once(child.stderr!, 'data');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    child.kill('SIGINT');
    const { ended, bytes, problems, cpu } = (await answer) as {
      ended: string;
      bytes: number;
      problems: string[];
      cpu: number;
    };
    t.same([ended, bytes, problems], ['interrupted', 10_000, ['interrupted']]);
    t.ok(cpu < 600_000, `${cpu} microseconds of processor time, start included`);
  },
);

const mkfifo = spawnSync('mkfifo', ['--version']);

t.test('waits for the first writer of a FIFO', { skip: mkfifo.error ? 'mkfifo not found' : false }, async (t) => {
  const folder = t.testdir({ x: recording });
  const fifo = path.join(folder, 'fifo');
  spawnSync('mkfifo', [fifo]);
  const child = spawnReader(fifo);
  const answer = answerOf(child);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', path.join(folder, 'x'), fifo]);
  await once(writer, 'close');
  t.match(await answer, { ended: 'end', bytes: recording.length, problems: [] });
});
