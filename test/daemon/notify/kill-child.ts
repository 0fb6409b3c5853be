import { writeSync } from 'node:fs';
import { Notifier } from '../../../src/daemon/notify/notifier.ts';
import { openStore } from '../../../src/daemon/store/store.ts';
import { accused, runOf } from '../cluster-report.ts';
import { settingsOf, webhook } from './bench.ts';

/**
 * Commits runs until it is killed, each with one finding that no other has, and prints the number of each that was kept.
 * With `finish` it commits one run without findings, delivers what is left, and ends.
 */
const [file, url, what] = process.argv.slice(2);
const store = openStore({ path: file! });
const notifier = new Notifier({
  store,
  log: () => undefined,
  clock: Date.now,
  random: Math.random,
  readSecret: () => '',
  timers: 'none',
});
notifier.apply(settingsOf([webhook(url!, { groupWaitMs: 0, repeatMs: 3_600_000 })]));
await notifier.tick();
writeSync(1, 'ready\n');
let number = Number.parseInt(store.last('prod')?.id ?? '0', 32);
while (what !== 'finish') {
  number += 1;
  const run = runOf(number, { findings: [accused('tm-1', { fingerprint: `only ${number}` })] });
  const { transitions } = store.commit(run, { resolveAfter: 1 });
  writeSync(1, `${number}\n`);
  notifier.committed(run, transitions);
  await notifier.tick();
}
const run = runOf(number + 1);
notifier.committed(run, store.commit(run, { resolveAfter: 1 }).transitions);
while (store.outbox.size() > 0 || number > 0) {
  await notifier.tick();
  number = 0;
}
await notifier.stop();
store.close();
