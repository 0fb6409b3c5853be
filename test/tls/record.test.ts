import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Reader } from '../../src/bytes/reader.ts';
import { readRecord, writeRecords } from '../../src/tls/record.ts';

t.test('records are split at 2^14 and refused above the limit', async (t) => {
  const fragment = new Uint8Array(40_000).map((_, i) => i & 0xff);
  const reader = new Reader(writeRecords({ type: 22, version: 0x0303, fragment }));
  const parts = [];
  while (reader.remaining > 0) {
    parts.push(readRecord(reader).fragment);
  }
  t.strictSame(
    parts.map((p) => p.length),
    [16384, 16384, 7232],
  );
  t.equal(Buffer.concat(parts).compare(fragment), 0);
  t.throws(() => readRecord(new Reader(fromHex('1703034801'))), { name: 'DecodeError', fault: 'length-out-of-range' });
  t.throws(() => readRecord(new Reader(fromHex('1704030001'))), { name: 'DecodeError', fault: 'illegal-value' });
});
