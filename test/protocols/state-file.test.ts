import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { crc32c } from '../../src/protocols/rocksdb-record.ts';
import {
  FILE_CONTENT_KINDS,
  type FileContent,
  type FileContentKind,
  fileContent,
  SAMPLE_HEAD_BYTES,
  SAMPLE_TAIL_BYTES,
} from '../../src/protocols/state-file.ts';

const folder = new URL('../../../test/vectors/state-at-rest/', import.meta.url);

function read(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

function contentOf(bytes: Uint8Array): FileContent {
  const tail = bytes.subarray(Math.max(0, bytes.length - SAMPLE_TAIL_BYTES));
  return fileContent({ size: bytes.length, head: bytes.subarray(0, SAMPLE_HEAD_BYTES), tail });
}

/** By the names that Flink and RocksDB gave them, or the settings that made them; offsets by the formats. */
const TRUTH: Readonly<Record<string, readonly [FileContentKind, number | undefined]>> = {
  '1.20.3-job/heap_metadata': ['checkpoint-metadata', 0],
  '1.20.3-job/rocksdb_metadata': ['checkpoint-metadata', 0],
  '1.20.3-job/keyed-state': ['keyed-state', 0],
  '1.20.3-job/keyed-metadata': ['keyed-state', 0],
  '1.20.3-job/operator-state': ['operator-state', 0],
  '1.20.3-job/snappy-keyed-state': ['keyed-state', 0],
  '1.20.3-job/snappy-operator-state': ['operator-state', 0],
  '1.20.3-job/table.sst': ['rocksdb-sst', read('1.20.3-job/table.sst').length - 8],
  '1.20.3-job/uncompressed-table.sst': ['rocksdb-sst', read('1.20.3-job/uncompressed-table.sst').length - 8],
  '1.20.3-job/MANIFEST': ['rocksdb-manifest', 9],
  '1.20.3-job/CURRENT': ['rocksdb-current', 0],
  ...Object.fromEntries(
    ['1.20.3', '2.3.0'].flatMap((version): [string, readonly [FileContentKind, number | undefined]][] => [
      [`${version}/savepoint_metadata`, ['savepoint-metadata', 0]],
      [`${version}/checkpoint_metadata`, ['checkpoint-metadata', 0]],
      [`${version}/completedCheckpoint`, ['completed-checkpoint', 0]],
      [`${version}/submittedJobGraph`, ['job-graph', 0]],
      [`${version}/job-archive`, ['job-archive', 0]],
      [`${version}/CURRENT`, ['rocksdb-current', 0]],
      [`${version}/OPTIONS`, ['rocksdb-options', 0]],
      [`${version}/write-ahead.log`, ['rocksdb-write-ahead-log', 0]],
      [`${version}/long-write-ahead.log`, ['rocksdb-write-ahead-log', 0]],
      [`${version}/IDENTITY`, ['unknown', undefined]],
    ]),
  ),
  '1.20.3/table.sst': ['rocksdb-sst', read('1.20.3/table.sst').length - 8],
  '2.3.0/table.sst': ['rocksdb-sst', read('2.3.0/table.sst').length - 8],
  '1.20.3/legacy.sst': ['rocksdb-sst', read('1.20.3/legacy.sst').length - 8],
  '2.3.0/legacy.sst': ['rocksdb-sst', read('2.3.0/legacy.sst').length - 8],
  '1.20.3/MANIFEST': ['rocksdb-manifest', Buffer.from(read('1.20.3/MANIFEST')).indexOf('leveldb.')],
  '2.3.0/MANIFEST': ['rocksdb-manifest', Buffer.from(read('2.3.0/MANIFEST')).indexOf('leveldb.')],
};

for (const [name, [kind, offset]] of Object.entries(TRUTH)) {
  t.test(`tells ${name} by its bytes, with the place of the proof`, async (t) => {
    const content = contentOf(read(name));
    t.equal(content.kind, kind);
    t.equal('proof' in content ? content.proof.offset : undefined, offset);
    if ('proof' in content) t.notMatch(content.proof.text, 'STATE-CARD', 'state itself is never the proof');
  });
}

t.test('tells versions and checkpoints of metadata', async (t) => {
  const seen = ['1.20.3/savepoint_metadata', '2.3.0/checkpoint_metadata', '1.20.3-job/rocksdb_metadata'].map((name) => {
    const content = contentOf(read(name));
    return 'checkpointId' in content ? [content.version, content.checkpointId] : undefined;
  });
  // Flink 1.16 to 1.20 write version 4, 2.1 and newer 6 (flink-runtime, MetadataSerializers); ids as they were made.
  t.strictSame(seen, [
    [4, 9],
    [6, 10],
    [4, 7],
  ]);
});

t.test('tells snapshot compression and the format of tables', async (t) => {
  const of = (name: string): unknown => {
    const content = contentOf(read(name));
    return 'compression' in content ? content.compression : 'format' in content ? content.format : undefined;
  };
  t.equal(of('1.20.3-job/keyed-state'), 'none');
  t.equal(of('1.20.3-job/snappy-keyed-state'), 'snappy');
  t.equal(of('1.20.3-job/snappy-operator-state'), 'snappy');
  t.equal(of('2.3.0/table.sst'), 'block-based');
  t.equal(of('2.3.0/legacy.sst'), 'legacy');
});

t.test('names the classes of what is serialized', async (t) => {
  const content = contentOf(read('2.3.0/completedCheckpoint'));
  t.equal(
    'className' in content ? content.className : undefined,
    'org.apache.flink.runtime.checkpoint.CompletedCheckpoint',
  );
  const plain = contentOf(new Uint8Array(Buffer.from('aced00057732', 'hex')));
  t.equal(plain.kind, 'java-serialized');
  t.notOk('className' in plain);
});

t.test('believes a short log of RocksDB by its checksum alone', async (t) => {
  const log = read('1.20.3/write-ahead.log');
  t.match(contentOf(log), { checksum: 'right' });
  t.match(contentOf(read('1.20.3/long-write-ahead.log')), { checksum: 'not-in-window' });
  for (let at = 0; at < log.length; at++) {
    const damaged = Uint8Array.from(log);
    damaged[at]! ^= 0x40;
    t.not(contentOf(damaged).kind, 'rocksdb-write-ahead-log', `byte ${at}`);
  }
});

t.test('computes CRC-32C as RFC 3720 appendix B.4 does', async (t) => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
  t.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  t.equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
  t.equal(crc32c(ascending, 0, 32), 0x46dd794e);
});

t.test('tells jars from other ZIP files, and compressed streams by name', async (t) => {
  const zip = (name: string): Uint8Array =>
    new Uint8Array(Buffer.concat([Buffer.from('504b0304', 'hex'), Buffer.alloc(26), Buffer.from(name)]));
  t.equal(contentOf(zip('META-INF/MANIFEST.MF')).kind, 'jar');
  t.equal(contentOf(zip('job.py')).kind, 'zip');
  t.match(contentOf(new Uint8Array(gzipSync('x'.repeat(5000)))), { kind: 'compressed', format: 'gzip' });
});

t.test('calls bytes without a pattern opaque, never text, tables or few bytes', async (t) => {
  const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16, 9));
  const encrypted = new Uint8Array(cipher.update(Buffer.from(read('1.20.3-job/uncompressed-table.sst'))));
  t.equal(contentOf(encrypted).kind, 'opaque');
  t.equal(contentOf(encrypted.subarray(0, 400)).kind, 'unknown');
  t.equal(contentOf(new Uint8Array(Buffer.from('the quick brown fox '.repeat(200)))).kind, 'unknown');
  t.equal(contentOf(new Uint8Array(0)).kind, 'empty');
  const body = read('1.20.3-job/uncompressed-table.sst').subarray(0, 3000);
  t.equal(contentOf(body).kind, 'unknown', 'a table that is cut has no footer and much pattern');
});

t.test('says nothing wrong of any prefix', async (t) => {
  const wrong: string[] = [];
  for (const [name, [kind]] of Object.entries(TRUTH)) {
    const bytes = read(name);
    // A savepoint tells so at its end; the text of CURRENT and of metadata's head stands for itself.
    const allowed = new Set<FileContentKind>(['unknown', 'opaque', 'empty', kind]);
    if (kind === 'savepoint-metadata') allowed.add('checkpoint-metadata');
    if (kind === 'job-graph' || kind === 'completed-checkpoint') allowed.add('java-serialized');
    for (let end = 0; end < bytes.length; end++) {
      const { kind: told } = contentOf(bytes.subarray(0, end));
      if (!allowed.has(told)) wrong.push(`${name}: ${end} bytes are told as ${told}`);
      if (kind === 'rocksdb-sst' && told === kind) wrong.push(`${name}: a table without its footer at ${end}`);
    }
  }
  t.strictSame(wrong, []);
});

t.test('withstands random bytes, and tells almost none of them as state', async (t) => {
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(5000),
      (head, tail, size) => {
        const { kind } = fileContent({ size, head, tail });
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        return FILE_CONTENT_KINDS.includes(kind);
      },
    ),
    { numRuns: 5000 },
  );
  t.strictSame(
    [...kinds.keys()].filter((kind) => kind !== 'unknown' && kind !== 'empty' && kind !== 'opaque'),
    [],
  );
});

t.test('withstands every change of one byte of every file, with its proof inside of it', async (t) => {
  const wrong: string[] = [];
  for (const name of Object.keys(TRUTH)) {
    const bytes = Uint8Array.from(read(name));
    for (let at = 0; at < bytes.length; at += 3) {
      const before = bytes[at]!;
      bytes[at] = before ^ 0xff;
      const content = contentOf(bytes);
      if (!FILE_CONTENT_KINDS.includes(content.kind)) wrong.push(`${name}: byte ${at}`);
      if ('proof' in content) {
        const { offset, length } = content.proof;
        if (offset < 0 || length < 1 || offset + length > bytes.length)
          wrong.push(`${name}: byte ${at}: ${offset}+${length}`);
      }
      bytes[at] = before;
    }
  }
  t.strictSame(wrong, []);
});

t.test('a file of merged segments is what its first segment is', (t) => {
  const merged = Buffer.concat([read('1.20.3-job/keyed-state'), read('1.20.3-job/operator-state')]);
  t.match(contentOf(new Uint8Array(merged)), { kind: 'keyed-state', proof: { offset: 0 } });
  t.end();
});

t.test('files that begin with counts and lengths alone are called nothing', (t) => {
  // Channel state: version 0, then a buffer with its length. Changelog: not compressed, one change of key group 3.
  const text = Buffer.from('a record of some job, in clear, and nothing that Flink wrote itself. '.repeat(4));
  const channel = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 1, 20]), text]);
  const changelog = Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 1, 20]), text]);
  for (const bytes of [channel, changelog]) t.strictSame(contentOf(new Uint8Array(bytes)), { kind: 'unknown' });
  t.end();
});
