import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { LogSync } from '../../../src/daemon/store/log-sync.ts';
import { openStore } from '../../../src/daemon/store/store.ts';
import { temporary } from '../../support/temporary.ts';
import { runOf } from '../cluster-report.ts';

t.test('one write goes on at a time, and one more covers all that was committed meanwhile', (t) => {
  const running: { readonly file: string; readonly done: () => void }[] = [];
  const log = new LogSync('history.db', (file, done) => running.push({ file, done }));
  log.touch();
  log.touch();
  log.touch();
  t.strictSame(
    running.map(({ file }) => file),
    ['history.db-wal'],
  );
  running[0]!.done();
  t.equal(running.length, 2, 'what came while it ran');
  running[1]!.done();
  t.equal(running.length, 2, 'and no more');
  log.touch();
  t.equal(running.length, 3);
  t.end();
});

t.test('a log that is not there ends the write', async (t) => {
  const folder = temporary();
  const log = new LogSync(path.join(folder, 'nothing'));
  log.touch();
  await new Promise((resolve) => setTimeout(resolve, 50));
  writeFileSync(path.join(folder, 'nothing-wal'), 'now');
  log.touch();
  t.notOk(existsSync(path.join(folder, 'nothing')));
});

t.test('the lock of a store outlives the writes of its log', async (t) => {
  const file = path.join(temporary(), 'history.db');
  const store = openStore({ path: file });
  for (let number = 1; number < 5; number += 1) {
    store.commit(runOf(number), { resolveAfter: 1 });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  t.throws(() => openStore({ path: file }), /another flinkprobe daemon/);
  store.close();
});
