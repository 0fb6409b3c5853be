import { copyFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { type Recording, recording } from '../support/expected.ts';
import { frames } from '../support/transform.ts';
import { until } from '../support/until.ts';
import { watching } from './watching.ts';

/** Puts a recording where it is read at once, since nobody has written to it for a minute. */
function put({ path: from, name }: Recording, folder: string): void {
  const file = path.join(folder, `${name}.pcap.gz`);
  copyFileSync(from, file);
  const before = Date.now() / 1000 - 60;
  utimesSync(file, before, before);
}

t.test('what is seen once is judged once, and told no more when nothing was heard of it for long', async (t) => {
  const folder = t.testdir();
  let skippedMs = 0;
  const monotonic = (): number => performance.now() + skippedMs;
  const heard = await watching(t, { folder, everyMs: 200 }, { monotonic });
  const clear = recording('1.20.3-int-dataoff');
  put(clear, folder);
  await until('judged', () => heard.reports.some(({ verdict }) => verdict === 'fail'), 15_000);
  await until('all read', () => heard.wire.status.packets === clear.expected.file.packets, 15_000);
  await pause(500);
  const told = heard.reports.length;
  await pause(1000);
  t.equal(heard.reports.length, told, 'no packet since then, no run');
  skippedMs = 6 * 60_000;
  // Most of its connections never ended: of none of them anything is heard in this one.
  const tls = recording('1.20.3-int-gcm');
  put(tls, folder);
  await until('judged again', () => heard.reports.length > told, 15_000);
  await until('all read', () => heard.wire.status.packets > clear.expected.file.packets, 15_000);
  const { observations } = heard.reports.at(-1)!;
  const since = frames(clear)[0]!.seconds * 1000;
  t.ok(observations.length > 0);
  t.same(
    observations.filter(({ lastSeenAt }) => Date.parse(lastSeenAt) >= since),
    [],
    'the recording of the other was made later',
  );
});
