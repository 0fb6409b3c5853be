import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { type CrossCheck, crossCheck } from '../../src/capture/cross-check.ts';
import { readCapture } from '../../src/capture/file.ts';
import { PacketDigest } from '../../src/capture/packet-digest.ts';
import { concat, type PcapRecord, pcapFile, pcapRecord } from '../support/pcap-writer.ts';

/** A recording of a Flink cluster; see the README beside it. */
const recording = gunzipSync(readFileSync(new URL('../../../test/captures/1.20.3-rest-mtls.pcap.gz', import.meta.url)));
const records: readonly PcapRecord[] = Array.from({ length: 40 }, (_, i) => ({
  seconds: 1000 + i,
  fraction: i * 20_000,
  data: new Uint8Array(i),
  original: 3 * i,
}));

async function check(file: string): Promise<CrossCheck> {
  return crossCheck(file, await readCapture(file, { onPacket: () => {} }));
}

t.test('agrees on classic captures in both byte orders, whole and cut in a record', async (t) => {
  const folder = t.testdir({
    recording,
    'cut-recording': recording.subarray(0, recording.length - 7),
    little: Buffer.from(pcapFile(records)),
    big: Buffer.from(pcapFile(records, { order: 'big-endian' })),
    'no-packet': Buffer.from(pcapFile([])),
    'late-fraction': Buffer.from(pcapFile([{ seconds: 1, fraction: 3_000_001, data: new Uint8Array(5) }])),
  });
  for (const name of ['recording', 'cut-recording', 'little', 'big', 'no-packet', 'late-fraction']) {
    t.same(await check(path.join(folder, name)), { verdict: 'agrees' }, name);
  }
});

t.test('is not applicable to what the second reader cannot read', async (t) => {
  const folder = t.testdir({
    nanoseconds: Buffer.from(pcapFile(records, { magic: 0xa1b23c4d })),
    modified: Buffer.from(
      pcapFile(
        records.map((one) => ({ ...one, extra: new Uint8Array(8) })),
        { magic: 0xa1b2cd34 },
      ),
    ),
    gzip: gzipSync(pcapFile(records)),
  });
  t.match(await check(path.join(folder, 'nanoseconds')), { verdict: 'not-applicable', because: /pcap-ns/ });
  t.match(await check(path.join(folder, 'modified')), { verdict: 'not-applicable', because: /pcap-modified/ });
  t.match(await check(path.join(folder, 'gzip')), { verdict: 'not-applicable', because: /gzip/ });
  const summary = { format: 'pcap', compression: 'none', digest: new PacketDigest(), ended: 'end' } as const;
  t.match(await crossCheck('-', summary), { verdict: 'not-applicable', because: /standard input/ });
});

t.test('names the first packet that differs', async (t) => {
  const before = pcapFile(records.slice(0, 10));
  const damage = pcapRecord({ seconds: 1, fraction: 1, captured: 0xf000_0000, data: new Uint8Array(50).fill(0xff) });
  const after = records.slice(10).map((record) => pcapRecord(record));
  const folder = t.testdir({ x: Buffer.from(concat(before, damage, ...after)) });
  const result = await check(path.join(folder, 'x'));
  t.match(result, {
    verdict: 'disagrees',
    problem: { reason: 'readers-disagree', message: /packet 11: it stopped at a record of/ },
  });
  t.equal(result.problem?.offset, before.length + damage.length);
  t.match(result.problem?.message, '40 packets here, 10 there');
});

t.test('says so where the file has changed since it was read', async (t) => {
  const folder = t.testdir({ x: Buffer.from(pcapFile(records)) });
  const file = path.join(folder, 'x');
  const summary = await readCapture(file, { onPacket: () => {} });
  writeFileSync(file, pcapFile(records.slice(0, 39)));
  t.match(await crossCheck(file, summary), {
    verdict: 'disagrees',
    problem: { message: /has changed.*40 packets here, 39 there/ },
  });
});

t.test('a digest depends on every field and on the order', async () => {
  type Fields = [number, number, number, number];
  const fields: fc.Arbitrary<Fields> = fc.tuple(fc.nat(), fc.nat(), fc.nat(0xffff_ffff), fc.nat(999_999_999));
  const digest = (list: readonly Fields[]): PacketDigest => {
    const result = new PacketDigest();
    for (const one of list) result.addFields(...one);
    return result;
  };
  const property = fc.property(
    fc.array(fields, { minLength: 2, maxLength: 20 }),
    fc.nat(),
    fc.nat(3),
    fc.integer({ min: 1, max: 1000 }),
    (list, at, field, by) => {
      const changed = list.map((one): Fields => [...one]);
      changed[at % list.length]![field]! += by;
      const swapped = list.toReversed();
      const isSymmetric = JSON.stringify(swapped) === JSON.stringify(list);
      return (
        digest(list).equals(digest(list)) &&
        !digest(list).equals(digest(changed)) &&
        !digest(list).equals(digest(list.slice(1))) &&
        (isSymmetric || !digest(list).equals(digest(swapped)))
      );
    },
  );
  fc.assert(property, { numRuns: 500 });
});
