import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { recording } from '../support/expected.ts';
import { frames, writeFrames } from '../support/transform.ts';
import { until } from '../support/until.ts';
import { watching } from './watching.ts';

t.test('captures that are rotated into a folder are read once each, as one run', async (t) => {
  const folder = t.testdir();
  const heard = await watching(t, { folder, everyMs: 60_000 });
  const list = frames(recording('1.20.3-int-dataoff'));
  const third = Math.ceil(list.length / 3);
  for (const part of [0, 1, 2])
    writeFileSync(
      path.join(folder, `ring_0000${part + 1}.pcap`),
      writeFrames(list.slice(part * third, (part + 1) * third)),
    );
  await until('all read', () => heard.wire.status.packets === list.length, 12_000);
  t.match(heard.wire.status, { interfaces: [folder], state: 'running' });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  t.equal(heard.wire.status.packets, list.length);
  await heard.wire.stop();
  const inputs = heard.reports.flatMap((report) => report.inputs);
  t.same(
    inputs.filter(({ packets }) => packets! > 0).map((one) => path.basename(one.path)),
    ['ring_00001.pcap', 'ring_00002.pcap', 'ring_00003.pcap'],
  );
  const failed = new Set(
    heard.reports
      .at(-1)!
      .findings.filter(({ verdict }) => verdict === 'fail')
      .map(({ ruleId, channel }) => `${ruleId} ${channel}`),
  );
  t.ok(failed.has('plaintext-state-transfer taskmanager-data'));
  t.notOk(
    [...failed].some((one) => one.endsWith('jobmanager-rpc')),
    'that channel has TLS in this recording',
  );
});
