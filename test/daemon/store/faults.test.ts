import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { connect } from '../../../src/daemon/store/database.ts';
import { VERSION } from '../../../src/daemon/store/migrations.ts';
import { openStore } from '../../../src/daemon/store/store.ts';
import { missing } from '../../support/capture-tools.ts';
import { root } from '../../support/repository.ts';
import { temporary } from '../../support/temporary.ts';
import { accused, asked, runId, runOf } from '../cluster-report.ts';
import { faultOf } from './fault-of.ts';

const settings = { resolveAfter: 1 };

function place(): string {
  return path.join(temporary(), 'history.db');
}

/** A closed file with some runs. */
function filled(runs = 20): string {
  const file = place();
  const store = openStore({ path: file });
  for (let number = 1; number <= runs; number += 1) {
    const observations = Array.from({ length: 10 }, (_, index) => asked(`tm-${number * 10 + index}`));
    store.commit(runOf(number, { observations, findings: [accused(`tm-${number}`)] }), settings);
  }
  store.close();
  return file;
}

t.test('a file that is no database is refused with what to do, and stays as it is', (t) => {
  const file = place();
  const text = 'this is a letter and no database, whatever its name says\n'.repeat(100);
  writeFileSync(file, text);
  t.match(
    faultOf(() => openStore({ path: file })),
    /^damaged: .*history\.db: file is not a database; stop the daemon/,
  );
  t.equal(readFileSync(file, 'utf8'), text);
  t.match(
    faultOf(() => openStore({ path: file })),
    /^damaged/,
    'and holds no lock',
  );
  t.end();
});

t.test('damage anywhere is a failure by name or harmless, never anything else', (t) => {
  const file = filled();
  const whole = readFileSync(file);
  let refused = 0;
  for (let at = 0; at < 20; at += 1) {
    const bytes = Buffer.from(whole);
    const start = Math.floor((whole.length * at) / 20);
    bytes.fill(at % 2 === 0 ? 0xff : 0, start, start + 512);
    const copy = place();
    writeFileSync(copy, bytes);
    const fault = faultOf(() => {
      const store = openStore({ path: copy });
      try {
        store.commit(runOf(99, { findings: [accused('tm-7')] }), settings);
        for (const { id } of store.runs(undefined, { limit: 99 })) store.report(id);
        store.findings({});
        store.retain({ passingMs: 1, failingMs: 1, bytes: 1 }, '2099-01-01T00:00:00.000Z');
      } finally {
        store.close();
      }
    });
    if (fault === 'no failure') continue;
    refused += 1;
    t.match(fault, /^(?:damaged|foreign|newer|failed): /, `at ${start}`);
  }
  t.ok(refused > 3, `${refused} of 20 were noticed`);
  t.end();
});

t.test('a file of a later version and one of another program are refused by name', (t) => {
  const file = filled(1);
  const later = connect(file);
  later.exec(`PRAGMA user_version = ${VERSION + 1}`);
  later.close();
  t.match(
    faultOf(() => openStore({ path: file })),
    new RegExp(
      `^newer: .*written by a later flinkprobe \\(store version ${VERSION + 1}, this one reads up to ${VERSION}\\)`,
    ),
  );
  const other = place();
  const foreign = connect(other);
  foreign.exec('CREATE TABLE recipes (name TEXT)');
  foreign.close();
  t.match(
    faultOf(() => openStore({ path: other })),
    /^foreign: .*another program/,
  );
  t.strictSame(readdirSync(path.dirname(other)).sort(), ['history.db', 'history.db.lock'], 'and it stays');
  t.end();
});

t.test('the time line of one cluster is one walk in an index, however much happens to the others', (t) => {
  const file = filled(1);
  const database = connect(file);
  t.teardown(() => database.close());
  for (const table of ['transitions', 'happenings']) {
    const plan = database.all<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT at FROM ${table} WHERE at < ? AND cluster = ? ORDER BY at DESC, seq DESC LIMIT 9`,
      [1, 1],
    );
    t.match(
      plan.map(({ detail }) => detail),
      [new RegExp(`^SEARCH ${table} USING .*INDEX ${table}_of_cluster \\(cluster=\\? AND at<\\?\\)$`)],
    );
    t.equal(plan.length, 1, 'and nothing is sorted');
  }
  t.end();
});

t.test('a file that others could read is closed to them', (t) => {
  const file = filled(1);
  chmodSync(file, 0o644);
  const store = openStore({ path: file });
  t.teardown(() => store.close());
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.end();
});

t.test('a folder that cannot be made is a failure by name', (t) => {
  const file = place();
  writeFileSync(file, '');
  t.match(
    faultOf(() => openStore({ path: path.join(file, 'below', 'history.db') })),
    /^(?:failed|gone|read-only): /,
  );
  t.end();
});

const VERSIONS = path.join(root, 'test/vectors/store');
for (const name of readdirSync(VERSIONS).filter((one) => one.endsWith('.db.gz'))) {
  t.test(`${name} is brought to this version with all that it holds`, (t) => {
    const file = place();
    writeFileSync(file, gunzipSync(readFileSync(path.join(VERSIONS, name))));
    const store = openStore({ path: file });
    t.teardown(() => store.close());
    const facts = JSON.parse(readFileSync(path.join(VERSIONS, name.replace('.db.gz', '.json')), 'utf8')) as {
      readonly runs: readonly { readonly id: string; readonly findings: number; readonly observations: number }[];
      readonly open: readonly string[];
      readonly resolved: readonly string[];
      readonly certificates: readonly string[];
      readonly happenings: readonly string[];
      readonly outbox: number;
      readonly memory: Readonly<Record<string, string>>;
    };
    t.strictSame(
      store.runs(undefined, { limit: 99 }).map(({ id }) => {
        const report = store.report(id)!;
        return { id, findings: report.findings.length, observations: report.observations.length };
      }),
      facts.runs,
    );
    const prints = (state: 'open' | 'resolved'): string[] =>
      store
        .findings({ state })
        .map(({ finding }) => finding.fingerprint)
        .sort();
    t.strictSame(prints('open'), facts.open);
    t.strictSame(prints('resolved'), facts.resolved);
    t.strictSame(
      [...new Set(store.certificates(undefined).map(({ certificate }) => certificate.subject))].sort(),
      facts.certificates,
    );
    t.strictSame(
      store.happenings(undefined, { limit: 99 }).map(({ text }) => text),
      facts.happenings,
    );
    t.equal(store.outbox.size(), facts.outbox);
    for (const [key, value] of Object.entries(facts.memory)) t.equal(store.memory.recall(key), value);
    store.commit(runOf(1000, { findings: [accused('tm-1')] }), settings);
    t.equal(store.last('prod')?.id, runId(1000));
    t.end();
  });
}

/** A program that has printed a line. */
async function started(command: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

t.test('another process that has the store is named, and its end, however it comes, frees the store', async (t) => {
  const file = place();
  const daemon = await started(process.execPath, [fileURLToPath(new URL('../store-child.js', import.meta.url)), file]);
  const fault = faultOf(() => openStore({ path: file }));
  const who = existsSync('/proc/locks') ? ` \\(process ${daemon.pid}\\)` : '.*';
  t.match(fault, new RegExp(`^locked: .*another flinkprobe daemon${who} uses it; stop that one`));
  daemon.kill('SIGKILL');
  await ended(daemon);
  const store = openStore({ path: file });
  store.commit(runOf(1_000_000), settings);
  store.close();
});

const HOLD = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
print(database.execute('SELECT count(*) FROM runs').fetchone()[0], flush=True)
sys.stdin.readline()
database.execute('BEGIN IMMEDIATE')
print('written', flush=True)
sys.stdin.readline()
database.execute('ROLLBACK')
`;

t.test(
  'others may read meanwhile, and one that writes is a failure that passes',
  { skip: missing('python3') },
  async (t) => {
    const store = openStore({ path: filled(3) });
    t.teardown(() => store.close());
    const other = spawn('python3', ['-c', HOLD, store.path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: other.stdout })[Symbol.asyncIterator]();
    const said = async (): Promise<unknown> => (await lines.next()).value;
    t.equal(await said(), '3');
    other.stdin.write('\n');
    t.equal(await said(), 'written');
    const begun = performance.now();
    t.match(
      faultOf(() => store.commit(runOf(50), settings)),
      /^locked: .*open for writing/,
    );
    t.ok(performance.now() - begun < 2000, 'it waits for a moment only');
    t.equal(store.runs(undefined, { limit: 9 }).length, 3, 'what is there can be read');
    other.stdin.end('\n');
    await ended(other);
    store.commit(runOf(50), settings);
    t.equal(store.last('prod')?.id, runId(50));
  },
);

function withoutNamespaces(): string | false {
  const lacking = missing('unshare', 'mount');
  if (lacking !== false) return lacking;
  const tried = spawnSync('unshare', [...unshared(), 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return tried.status === 0 ? false : 'no tmpfs may be mounted';
}

function unshared(): string[] {
  return process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--map-root-user'];
}

t.test(
  'a full disk refuses the run, and the next one is kept when there is room again',
  { skip: withoutNamespaces() },
  (t) => {
    const folder = temporary();
    const child = fileURLToPath(new URL('../store-full-child.js', import.meta.url));
    const script = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" "$1"';
    const done = spawnSync('unshare', [...unshared(), 'sh', '-c', script, 'sh', folder, process.execPath, child], {
      encoding: 'utf8',
    });
    t.equal(done.stderr, '');
    const said = JSON.parse(done.stdout) as Readonly<Record<string, unknown>> & { kept: number };
    t.match(said.first, /^full: .*history\.db: .*free some space/);
    t.match(said.again, /^full: /);
    t.ok(said.kept > 3, `${said.kept} runs had room`);
    t.equal(said.number, said.kept, 'and no later one');
    t.equal(said.wholeWhileFull, true, 'what is there can be read meanwhile');
    t.strictSame(said.after, { runs: said.kept + 1, told: said.expected, last: said.expected });
    t.equal(said.atLast, said.kept + 1);
    t.notOk(existsSync(path.join(folder, 'history.db')), 'all of it in a disk of its own');
    t.end();
  },
);
