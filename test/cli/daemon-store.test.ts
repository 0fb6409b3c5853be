import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t from 'tap';
import { connect } from '../../src/daemon/store/database.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import { runOf } from '../daemon/cluster-report.ts';
import { missing } from '../support/capture-tools.ts';
import { askedRun, hasSignals, placeOf, QUICK, ran, ready, run, runIds, start } from './daemon-process.ts';

/** The daemon as a process: what happens to its history while it runs. */

t.setTimeout(120_000);

/** Where a table or an index of a file begins. */
function rootOf(file: string, name: string): { readonly at: number; readonly bytes: number } {
  const database = connect(file);
  const bytes = database.number('PRAGMA page_size');
  const at = (database.number('SELECT rootpage FROM sqlite_schema WHERE name = ?', [name]) - 1) * bytes;
  database.close();
  return { at, bytes };
}

t.test(
  'damage inside the history: the daemon works on, says so, and leaves the file to a person',
  hasSignals,
  async (t) => {
    const place = placeOf();
    place.write(QUICK);
    const store = openStore({ path: place.store });
    for (let number = 1; number <= 30; number += 1)
      store.commit(runOf(number, { cluster: 'prod' }), { resolveAfter: 1 });
    store.close();
    const { at, bytes } = rootOf(place.store, 'runs');
    const file = openSync(place.store, 'r+');
    writeSync(file, Buffer.alloc(bytes, 0x55), 0, bytes, at);
    closeSync(file);
    const one = await start(t, place);
    await ready(one, 503, /the store fails: .*history\.db: .*malformed.*put a copy back or move the file away/);
    t.match(await (await fetch(`${one.url}/metrics`)).text(), /^flinkprobe_store_up 0$/m);
    t.equal((await fetch(`${one.url}/-/healthy`)).status, 200);
    const list = await fetch(`${one.url}/api/v1/runs`);
    t.equal(list.status, 503);
    t.match(await list.text(), /damaged/);
    t.equal((await fetch(`${one.url}/`)).status, 200, 'the page is there');
    one.child.kill('SIGTERM');
    t.equal(await one.ended, 0);
    t.match(one.log(), /run \S+ of prod is lost: the daemon ends/);
    const page = readFileSync(place.store).subarray(at, at + bytes);
    t.ok(page.equals(Buffer.alloc(bytes, 0x55)), 'the damage is as it was');
  },
);

const HOLD = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.readline()
database.execute('ROLLBACK')
`;

t.test(
  'another program that writes for long: runs wait, and are kept when it has ended',
  { skip: missing('python3') },
  async (t) => {
    const place = placeOf();
    place.write(QUICK);
    const one = await start(t, place);
    await ran(one, 1);
    const other = spawn('python3', ['-c', HOLD, place.store], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.teardown(() => void other.kill());
    await createInterface({ input: other.stdout })[Symbol.asyncIterator]().next();
    const waiting = [await askedRun(one), await askedRun(one)];
    await ready(one, 503, /the store fails: .*history\.db: .*another program has the file open for writing/);
    t.equal((await runIds(one)).size, 1, 'what is there can be read');
    other.stdin.end('\n');
    await ready(one, 200);
    const kept = await runIds(one);
    t.ok(
      waiting.every((id) => kept.has(id)),
      'both are kept',
    );
    one.child.kill('SIGTERM');
    t.equal(await one.ended, 0);
  },
);

t.test('a second daemon is refused by name, and the first one works on', hasSignals, async (t) => {
  const place = placeOf();
  place.write(QUICK);
  const one = await start(t, place);
  await ran(one, 1);
  const second = run(t, ['--config', place.settings, '--web.listen', '127.0.0.1:0'], place.folder);
  t.equal(await second.ended, 3);
  const who = existsSync('/proc/locks') ? ` \\(process ${one.child.pid}\\)` : '';
  t.match(second.log(), new RegExp(`^flinkprobe: state: .*another flinkprobe daemon${who}`, 'm'));
  const id = await askedRun(one);
  t.ok((await runIds(one)).has(id));
  one.child.kill('SIGTERM');
  t.equal(await one.ended, 0);
});
