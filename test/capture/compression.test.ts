import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { type Compression, createDecompressor, detectCompression } from '../../src/capture/compression.ts';
import { MAX_ZSTD_WINDOW_BYTES, ZstdFrames } from '../../src/capture/zstd-frames.ts';
import { pieces } from '../support/capture-record.ts';
import { concat } from '../support/pcap-writer.ts';
import { zstdFrame, zstdSkippableFrame } from '../support/zstd-writer.ts';

/** Hardly compressible, so that places in the compressed stream stand for places in the content. */
const content = new Uint8Array(300_000);
for (let i = 0, state = 1; i < content.length; i++) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  content[i] = state >>> 24;
}

interface Decompressed {
  readonly bytes: Uint8Array;
  readonly damage: string | undefined;
}

/** Pieces are overwritten as soon as they were taken. */
async function decompress(compression: Compression, bytes: Uint8Array, chunk = 65_536): Promise<Decompressed> {
  const parts: Uint8Array[] = [];
  const decompressor = createDecompressor(compression, (out, start, end) => {
    parts.push(new Uint8Array(out.subarray(start, end)));
  });
  for (const piece of pieces(bytes, chunk)) {
    const buffer = new Uint8Array(piece);
    await decompressor.push(buffer, 0, buffer.length);
    buffer.fill(0xee);
  }
  await decompressor.finish();
  return { bytes: concat(...parts), damage: decompressor.damage };
}

const same = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

t.test('knows compressions by their magic', async (t) => {
  const magics: readonly (readonly [string, string | undefined])[] = [
    ['1f8b0800', 'gzip'],
    ['28b52ffd', 'zstd'],
    ['502a4d18', 'zstd'],
    ['5f2a4d18', 'zstd'],
    ['04224d18', 'lz4'],
    ['425a6839', 'bzip2'],
    ['fd377a585a00', 'xz'],
    ['1f9d90ff', 'compress'],
    ['504b0304', 'zip'],
    ['377abcaf271c', '7-zip'],
    ['d4c3b2a1', undefined],
    ['0a0d0d0a', undefined],
    ['1f8b', undefined],
  ];
  for (const [magic, name] of magics) t.equal(detectCompression(Buffer.from(magic, 'hex')), name, magic);
});

t.test('reads gzip of one and of several members, cut anywhere into pieces', async (t) => {
  const first = gzipSync(content.subarray(0, 1000));
  const members = concat(first, gzipSync(new Uint8Array(0)), gzipSync(content.subarray(1000)));
  for (const chunk of [1, 7, first.length, 65_536]) {
    const { bytes, damage } = await decompress('gzip', members, chunk === 1 ? 211 : chunk);
    t.ok(same(bytes, content), `pieces of ${chunk}`);
    t.equal(damage, undefined);
  }
});

t.test('keeps what a cut gzip stream gave, and says that it was cut', async (t) => {
  const gzip = gzipSync(content);
  for (const length of [20, 1000, gzip.length - 9, gzip.length - 1]) {
    const { bytes, damage } = await decompress('gzip', gzip.subarray(0, length));
    t.ok(same(bytes, content.subarray(0, bytes.length)), `${length} bytes`);
    t.match(damage, /unexpected end of file/);
  }
  const { bytes } = await decompress('gzip', gzip.subarray(0, gzip.length - 9));
  t.ok(bytes.length > content.length * 0.97, 'almost nothing is held back');
});

t.test('notices damage in gzip by its checksum and its structure', async (t) => {
  const gzip = gzipSync(content);
  const wrongChecksum = new Uint8Array(gzip);
  wrongChecksum[gzip.length - 8]! ^= 1;
  t.match((await decompress('gzip', wrongChecksum)).damage, /incorrect data check/);
  const garbageBehind = concat(gzip, Uint8Array.of(1, 2, 3, 4));
  const { bytes, damage } = await decompress('gzip', garbageBehind);
  t.ok(same(bytes, content.subarray(0, bytes.length)));
  t.ok(bytes.length > content.length * 0.97);
  t.match(damage, /incorrect header check/);
  const zerosBehind = await decompress('gzip', concat(gzip, new Uint8Array(512)), gzip.length);
  t.ok(same(zerosBehind.bytes, content));
  t.equal(zerosBehind.damage, undefined, 'padding of tape blocks is no damage');
});

t.test('reads zstd frames and passes over skippable ones, cut anywhere into pieces', async (t) => {
  const stream = concat(
    zstdSkippableFrame(Uint8Array.of(1, 2, 3)),
    zstdFrame(content.subarray(0, 70_000), 999),
    zstdFrame(new Uint8Array(0)),
    zstdSkippableFrame(new Uint8Array(0)),
    zstdFrame(content.subarray(70_000)),
  );
  for (const chunk of [13, 1024, 65_536, stream.length]) {
    const { bytes, damage } = await decompress('zstd', stream, chunk);
    t.ok(same(bytes, content), `pieces of ${chunk}`);
    t.equal(damage, undefined);
  }
});

const zstd = spawnSync('zstd', ['--version']);
const withoutZstd = zstd.error === undefined ? false : 'zstd not found';

t.test('reads what the zstd tool writes', { skip: withoutZstd }, async (t) => {
  for (const options of [['-1'], ['-3'], ['-19', '--no-check'], ['-6', '--content-size'], ['--long=27']]) {
    const { stdout } = spawnSync('zstd', ['-c', ...options], { input: content, maxBuffer: 1 << 24 });
    const { bytes, damage } = await decompress('zstd', concat(stdout, stdout), 10_007);
    t.ok(same(bytes, concat(content, content)), options.join(' '));
    t.equal(damage, undefined);
  }
});

t.test('keeps what a cut or damaged zstd stream gave, and says so', async (t) => {
  const stream = zstdFrame(content, 10_000);
  for (const length of [6, 30, 100_000, stream.length - 1]) {
    const { bytes, damage } = await decompress('zstd', stream.subarray(0, length), 1000);
    t.ok(same(bytes, content.subarray(0, bytes.length)), `${length} bytes`);
    t.type(damage, 'string', `${length} bytes: ${damage}`);
  }
  const garbageBehind = await decompress('zstd', concat(stream, content.subarray(7, 100)));
  t.ok(same(garbageBehind.bytes, content));
  t.type(garbageBehind.damage, 'string');
});

t.test('refuses zstd windows above the limit before any memory is taken', async (t) => {
  // RFC 8878 section 3.1.1.1.2: exponent 18, window 2^28.
  t.match(new ZstdFrames().push(zstdFrame(content, 1000, 18 << 3), 0, 7), /window of 268435456 bytes/);
  t.equal(new ZstdFrames().push(zstdFrame(content, 1000, 17 << 3), 0, 7), undefined, `${MAX_ZSTD_WINDOW_BYTES}`);
  t.type((await decompress('zstd', zstdFrame(content, 1000, 18 << 3))).damage, 'string');
});

t.test('knows whether a zstd stream ends between frames, at every cut', async (t) => {
  const frames = [zstdFrame(content.subarray(0, 50), 20), zstdSkippableFrame(content.subarray(0, 9))];
  const stream = concat(...frames);
  const boundaries = [0, frames[0]!.length, stream.length];
  for (let length = 0; length <= stream.length; length++) {
    const walker = new ZstdFrames();
    for (const piece of pieces(stream.subarray(0, length), 3)) t.equal(walker.push(piece, 0, piece.length), undefined);
    t.equal(walker.isBetweenFrames, boundaries.includes(length), `${length} bytes`);
  }
});

t.test('throws what the sink throws', async (t) => {
  const fault = new Error('of the sink');
  const failing = (): never => {
    throw fault;
  };
  for (const [compression, bytes] of [
    ['gzip', gzipSync(content)],
    ['zstd', zstdFrame(content)],
  ] as const) {
    const decompressor = createDecompressor(compression, failing);
    const run = async () => {
      await decompressor.push(bytes, 0, bytes.length);
      await decompressor.finish();
    };
    await t.rejects(run(), fault);
  }
});

t.test('damaged streams neither throw nor hang', async () => {
  const sources: readonly (readonly [Compression, Uint8Array])[] = [
    ['gzip', gzipSync(content.subarray(0, 5000))],
    ['zstd', zstdFrame(content.subarray(0, 5000), 700)],
  ];
  const property = fc.asyncProperty(
    fc.constantFrom(...sources),
    fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 50, max: 3000 }),
    async ([compression, bytes], changes, chunk) => {
      const damaged = new Uint8Array(bytes);
      for (const [at, value] of changes) damaged[at % damaged.length] = value;
      await decompress(compression, damaged, chunk);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});
