import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { missing } from '../support/capture-tools.ts';
import { temporary } from '../support/temporary.ts';
import {
  askedRun,
  type Place,
  placeOf,
  QUICK,
  ran,
  ready,
  run,
  runIds,
  type Surroundings,
  startIn,
} from './daemon-process.ts';

/** The daemon as a process, its history on a small disk of its own. */

t.setTimeout(120_000);

/** A disk that this process sees below `/proc/PID/root` only, and that ends with the daemon. */
const MOUNTED = 'mount -t tmpfs -o "$2" none "$1" && eval "$3" && shift 3 && exec "$@"';

function onDisk(folder: string, options: string, before: string): Surroundings {
  return { within: ['unshare', '--mount', 'sh', '-c', MOUNTED, 'sh', folder, options, before] };
}

function withoutDisks(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const lacking = missing('unshare', 'mount');
  if (lacking !== false) return lacking;
  const tried = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return tried.status === 0 ? false : 'no tmpfs may be mounted';
}

/** Settings whose history is on another disk than they are. */
function apart(): Place & { readonly disk: string } {
  const place = placeOf();
  const disk = temporary();
  place.write(QUICK);
  return { ...place, disk, store: path.join(disk, 'history.db') };
}

const skip = { skip: withoutDisks() };

for (const { what, options, before, said } of [
  {
    what: 'a full disk',
    options: 'size=64k',
    before: 'head -c 1000000 /dev/zero > "$1/ballast" 2>/dev/null; true',
    said: /^flinkprobe: state: .*history\.db\S*: .*free some space/m,
  },
  {
    what: 'a disk that may not be written',
    options: 'ro',
    before: 'true',
    said: /^flinkprobe: state: .*history\.db: .*must be able to write the file and its folder/m,
  },
]) {
  t.test(`${what} at the start gives exit 3, with what to do`, skip, async (t: Test) => {
    const { settings, store, folder, disk } = apart();
    const args = ['--config', settings, '--web.listen', '127.0.0.1:0', '--state.path', store];
    const daemon = run(t, args, folder, onDisk(disk, options, before));
    t.equal(await daemon.ended, 3, daemon.log());
    t.match(daemon.log(), said);
    t.equal(daemon.out(), '', 'nothing listens');
  });
}

t.test('a disk that fills: not ready, runs go on, and all of them are kept when there is room', skip, async (t) => {
  const { store, disk, ...place } = apart();
  const one = await startIn(onDisk(disk, 'size=1m', 'true'), t, { ...place, store }, '--state.path', store);
  await ran(one, 1);
  t.strictSame([...(await runIds(one))].length, 1);
  const ballast = path.join(`/proc/${one.child.pid}/root`, disk, 'ballast');
  fill(ballast);
  const asked: string[] = [];
  for (let count = 0; count < 40; count++) {
    asked.push(await askedRun(one));
    if ((await fetch(`${one.url}/-/ready`)).status === 503) break;
  }
  await ready(one, 503, /the store fails: .*history\.db: .*free some space/);
  t.match(await (await fetch(`${one.url}/metrics`)).text(), /^flinkprobe_store_up 0$/m);
  for (let count = 0; count < 3; count++) asked.push(await askedRun(one));
  const kept = await runIds(one);
  t.ok(
    asked.slice(-3).every((id) => !kept.has(id)),
    'they wait',
  );
  t.equal((await fetch(`${one.url}/`)).status, 200, 'the page is there meanwhile');
  rmSync(ballast);
  await ready(one, 200);
  const after = await runIds(one);
  t.strictSame(
    asked.filter((id) => !after.has(id)),
    [],
    'none is lost',
  );
  t.equal(asked.length, new Set(asked).size);
  t.match(await (await fetch(`${one.url}/metrics`)).text(), /^flinkprobe_store_up 1$/m);
  one.child.kill('SIGTERM');
  t.equal(await one.ended, 0);
});

/** To the last byte. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  for (let size = 65_536; size >= 1; ) {
    try {
      writeSync(descriptor, Buffer.alloc(size, 1));
    } catch {
      size = Math.floor(size / 2);
    }
  }
  closeSync(descriptor);
}
