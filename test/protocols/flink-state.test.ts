import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import {
  backendState,
  checkpointMetadata,
  isCompressedState,
  ROCKSDB_FOOTER_BYTES,
  rocksdbTable,
  snappyStream,
  stateHead,
} from '../../src/protocols/flink-state.ts';

interface StateFile {
  readonly kind: string;
  readonly size: number;
  readonly head: string;
  readonly tail: string;
}

const url = new URL('../../../test/vectors/flink/state-files.json', import.meta.url);
const { files } = JSON.parse(readFileSync(url, 'utf8')) as { files: Readonly<Record<string, StateFile>> };

const atRest = new URL('../../../test/vectors/state-at-rest/', import.meta.url);
for (const version of ['1.20.3', '2.3.0']) {
  t.test(`the manifest that RocksDB of Flink ${version} writes is told by its start`, async (t) => {
    const manifest = new Uint8Array(readFileSync(new URL(`${version}/MANIFEST`, atRest)));
    t.equal(stateHead(manifest, 0, manifest.length), 'rocksdb-manifest');
    // Up to the name of the comparator, which is proof.
    const name = Buffer.from(manifest).indexOf('leveldb.BytewiseComparator');
    t.equal(stateHead(manifest, 0, name + 25), undefined);
  });
}

for (const [name, file] of Object.entries(files)) {
  t.test(`${name} is ${file.kind}`, async (t) => {
    const head = fromHex(file.head);
    const tail = fromHex(file.tail);
    const found = stateHead(head, 0, head.length) ?? rocksdbTable(tail, 0, tail.length);
    t.equal(found, file.kind);
  });

  t.test(`${name} is found at an offset, and nothing outside the span is looked at`, async (t) => {
    const head = fromHex(file.head);
    const shifted = new Uint8Array(head.length + 200).fill(0xff);
    shifted.set(head, 100);
    t.equal(stateHead(shifted, 100, 100 + head.length), stateHead(head, 0, head.length));
    t.equal(stateHead(shifted, 100, 103), undefined);
  });
}

t.test('tells the version and id of checkpoint metadata, with and without master states', async (t) => {
  const start = '4960672d 00000006 0000000000000007';
  const read = (hex: string) => {
    const bytes = fromHex(hex);
    return checkpointMetadata(bytes, 0, bytes.length);
  };
  t.same(read(`${start} 00000000 00000005`), { version: 6, checkpointId: 7 });
  t.same(read(`${start} 00000001 c96b1696`), { version: 6, checkpointId: 7 });
  t.equal(read(`${start} 00000001 00000000`), undefined);
  t.equal(read(start), undefined, 'the magic alone stands in any file once in 4 GiB');
});

t.test('knows operator state of 1.17 and before, which has no compression flag', async (t) => {
  const bytes = fromHex(`00000005 0001 0011 ${Buffer.from('SourceReaderState').toString('hex')}`);
  t.equal(backendState(bytes, 0, bytes.length), 'operator-state');
  t.equal(isCompressedState(bytes, 0, bytes.length), false);
});

t.test('believes a key serializer of the user’s own only where the keyed state type follows', async (t) => {
  const name = Buffer.from('com.example.keys.CardSerializer$Snapshot');
  const start = Buffer.concat([fromHex('00000006 00 00000002 0028'), name]);
  const type = Buffer.from('\x00\x10KEYED_STATE_TYPE\x00', 'latin1');
  const whole = new Uint8Array(Buffer.concat([start, fromHex('00000001'), type]));
  t.equal(name.length, 0x28);
  t.equal(backendState(whole, 0, whole.length), 'keyed-state');
  t.equal(backendState(new Uint8Array(start), 0, start.length), undefined);
});

t.test('finds the snappy stream of compressed state', async (t) => {
  const bytes = fromHex('00000006 01 ff06000073 4e61507059');
  t.equal(snappyStream(bytes, 0, bytes.length), 5);
  t.equal(snappyStream(bytes, 0, bytes.length - 1), -1);
  t.equal(isCompressedState(bytes, 0, bytes.length), true);
});

t.test('a table is known by the last eight bytes alone', async (t) => {
  const footer = fromHex('f7cff485b741e288');
  t.equal(rocksdbTable(footer, 0, ROCKSDB_FOOTER_BYTES), 'rocksdb-sst');
  t.equal(rocksdbTable(footer, 0, 7), undefined);
  t.equal(rocksdbTable(footer, 1, 8), undefined);
});

t.test('random bytes are no state', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => stateHead(bytes, 0, bytes.length) === undefined),
    { numRuns: 5000 },
  );
});

t.test('what began like the headers of many ordinary files is no state', async (t) => {
  for (const hex of ['00000006 00', '00000006 00 0000 0000 00', '00000005 0000 0000', '00000006 00 0001 0000']) {
    const bytes = fromHex(hex);
    t.equal(stateHead(bytes, 0, bytes.length), undefined, hex);
  }
});
