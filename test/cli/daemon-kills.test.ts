import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import { openStore } from '../../src/daemon/store/store.ts';
import { missing } from '../support/capture-tools.ts';
import { temporary } from '../support/temporary.ts';
import { askRun, get, placeOf, ready, type Started, start, until } from './daemon-process.ts';

/**
 * The daemon as a process, killed while it makes, keeps and deletes runs, and asked by Python's own SQLite after each
 * kill. `FLINKPROBE_KILLS=200` for the whole of it.
 */

const KILLS = Number(process.env.FLINKPROBE_KILLS ?? 4);
/** Milliseconds behind the first run that was asked for within which the daemon is killed. */
const WITHIN_MS = 600;
const CLUSTERS = 6;

t.setTimeout(60_000 + 10_000 * KILLS);

const settings = Array.from(
  { length: CLUSTERS },
  (_, index) =>
    `  - { name: c${index}, schedule: none, timeout: 200ms, targets: ["rest=127.0.0.1:1", "blob-server=127.0.0.1:2"] }\n`,
).join('');

/** Reads all of a copy: pages, and every run with each piece of its report, against their hashes. */
const CHECK = `
import hashlib, json, sqlite3, sys, zlib
database = sqlite3.connect(sys.argv[1])
faults = [row[0] for row in database.execute('PRAGMA integrity_check') if row[0] != 'ok']
parts = {}
for number, digest, content in database.execute('SELECT id, hash, content FROM parts'):
    text = zlib.decompress(content, -15)
    json.loads(text)
    parts[number] = digest
    if hashlib.sha256(text).digest()[:16] != digest:
        faults.append(f'part {number} is not what its hash says')
shapes = {}
for number, content in database.execute('SELECT id, content FROM shapes'):
    shapes[number] = json.loads(zlib.decompress(content, -15))
    faults += [f'shape {number} lacks part {part}' for part in shapes[number]['parts'] if part not in parts]
runs = []
for name, shape, varying in database.execute('SELECT id, shape, varying FROM runs ORDER BY seq'):
    json.loads(zlib.decompress(varying, -15))
    if shape not in shapes:
        faults.append(f'{name} has no report')
    runs.append(name)
print(json.dumps({'faults': faults, 'runs': runs}))
`;

interface Checked {
  readonly faults: readonly string[];
  readonly runs: readonly string[];
}

/** A copy: what the kill left has to be mended by the next daemon, not by the checker. */
async function checked(file: string): Promise<Checked> {
  const copy = path.join(temporary(), 'copy');
  mkdirSync(copy);
  for (const suffix of ['', '-wal', '-journal'])
    if (existsSync(file + suffix)) copyFileSync(file + suffix, path.join(copy, `history.db${suffix}`));
  const python = spawn('python3', ['-c', CHECK, path.join(copy, 'history.db')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  python.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  await new Promise((resolve) => python.once('close', resolve));
  rmSync(copy, { recursive: true });
  return JSON.parse(said) as Checked;
}

/** Runs that a live reader was told of: the store had taken them. */
function listen({ url }: Started): {
  readonly kept: Set<string>;
  readonly begun: Set<string>;
  readonly open: Promise<void>;
} {
  const [kept, begun] = [new Set<string>(), new Set<string>()];
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`);
  socket.on('message', (data) => {
    const { event, data: run } = JSON.parse(String(data)) as {
      readonly event: string;
      readonly data: { readonly id: string };
    };
    if (event === 'run-finished') kept.add(run.id);
    if (event === 'run-started') begun.add(run.id);
  });
  socket.on('error', () => undefined);
  return {
    kept,
    begun,
    open: new Promise((resolve) => socket.once('open', () => resolve())),
  };
}

/** Asks for runs of all clusters, one after the other of each, until nobody answers. */
async function press(one: Started): Promise<void> {
  const each = Array.from({ length: CLUSTERS }, async (_, index) => {
    while (one.child.exitCode === null && one.child.signalCode === null) {
      await askRun(one, `c${index}`).catch(() => undefined);
      await sleep(1);
    }
  });
  await Promise.all(each);
}

t.test(
  `the daemon is killed ${KILLS} times in the middle of its runs: each that was told is whole`,
  { skip: missing('python3') },
  async (t) => {
    const place = placeOf();
    place.write(settings);
    const told = new Set<string>();
    let inTheMiddle = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const one = await start(t, place);
      const { kept, begun, open } = listen(one);
      await open;
      await askRun(one, 'c0');
      await until(() => (kept.size > 0 ? true : undefined), one.log);
      const pressing = press(one);
      await sleep(Math.random() * WITHIN_MS);
      one.child.kill('SIGKILL');
      await Promise.all([one.ended, pressing]);
      for (const id of kept) told.add(id);
      if ([...begun].some((id) => !kept.has(id))) inTheMiddle += 1;
      const { faults, runs } = await checked(place.store);
      t.strictSame(faults, [], `after kill ${kill}`);
      const there = new Set(runs);
      t.strictSame(
        [...told].filter((id) => !there.has(id)),
        [],
        `after kill ${kill}: of ${told.size} runs none is lost`,
      );
      t.equal(there.size, runs.length, 'and none is kept twice');
    }
    t.ok(inTheMiddle > 0, `${inTheMiddle} kills came while a run went on`);
    const last = await start(t, place);
    await ready(last, 200);
    for (const id of [...told].slice(-20)) {
      const report = await get<{ readonly schemaVersion: number; readonly observations: readonly unknown[] }>(
        `${last.url}/api/v1/runs/${id}/report`,
      );
      t.match(report, { schemaVersion: 1, observations: [{}, {}] });
    }
    last.child.kill('SIGTERM');
    t.equal(await last.ended, 0);
    const store = openStore({ path: place.store });
    t.ok(
      [...told].every((id) => store.run(id)?.report.complete === true),
      'all of them are read back whole',
    );
    store.close();
    t.comment(`${KILLS} kills, ${inTheMiddle} while a run went on, ${told.size} runs told`);
  },
);
