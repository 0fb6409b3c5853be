import t from 'tap';
import { rule } from '../../src/rules/capture-lost-packets.ts';
import { finding, quality, tls, verdict } from '../support/observations.ts';

t.test('is inconclusive where the capturing machine dropped packets', async (t) => {
  const found = finding(rule, [tls()], { quality: [quality(), quality({ captureDrops: 1204 })] });
  t.equal(found.verdict, 'inconclusive');
  t.match(found.observed, '1,204 packets dropped by the capturing machine');
});

t.test('is inconclusive where the file is damaged, with the byte offset', async (t) => {
  const problems = [{ offset: 1607, reason: 'truncated-record', message: 'the last record is cut' }] as const;
  t.match(
    finding(rule, [], { quality: [quality({ problems })] }).observed,
    'the last record is cut (truncated-record at byte 1,607)',
  );
});

t.test('is inconclusive where a limit was hit or the two readers disagree', async (t) => {
  t.match(
    finding(rule, [], { quality: [quality({ limits: { MAX_CONNECTIONS: 3 } })] }).observed,
    'limit MAX_CONNECTIONS hit 3 times',
  );
  t.equal(verdict(rule, [], { quality: [quality({ crossCheck: 'disagrees' })] }), 'inconclusive');
});

t.test('never fails: a bad capture is no fault of the cluster', async (t) => {
  t.not(verdict(rule, [], { quality: [quality({ captureDrops: 1 })] }), 'fail');
});

t.test('passes an undamaged capture, bad checksums and duplicates included', async (t) => {
  t.equal(
    verdict(rule, [], { quality: [quality({ badChecksums: 400, duplicates: 12, crossCheck: 'agrees' })] }),
    'pass',
  );
});

t.test('is not applicable without a capture', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});
