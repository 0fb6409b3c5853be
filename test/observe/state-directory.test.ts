import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { FileSighting, Observation } from '../../src/model/report.ts';
import { parseAccounts } from '../../src/observe/accounts.ts';
import { OPEN_GATE, readableBy, through, writableBy } from '../../src/observe/openness.ts';
import { observeStateDirectories, type StateOptions } from '../../src/observe/state-directory.ts';
import { WALK_LIMITS } from '../../src/observe/state-walk.ts';

const vectors = fileURLToPath(new URL('../../../test/vectors/state-at-rest/', import.meta.url));

function folder(t: Test): string {
  const made = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-state-')));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  // What mkdtemp makes lets nobody through.
  chmodSync(made, 0o755);
  return made;
}

/** A checkpoint as Flink lays it out, under umask 022 or 077. */
function checkpoint(top: string, umask: '022' | '077' = '022'): string {
  const job = path.join(top, '35c683cbff648ecdfa627c606d2073f7');
  const modes = umask === '022' ? { directory: 0o755, file: 0o644 } : { directory: 0o700, file: 0o600 };
  const files = {
    'chk-7/_metadata': '1.20.3-job/heap_metadata',
    'chk-7/0bef65af-597b-466e-8cf7-6520b61977f7': '1.20.3-job/keyed-state',
    'chk-7/bf3910ec-089e-4916-81f4-b2b6091c9ff3': '1.20.3-job/snappy-keyed-state',
    'shared/2505e945-1634-4e8f-bbbd-598a7595a57a': '1.20.3-job/table.sst',
    'taskowned/': '',
  };
  for (const [name, vector] of Object.entries(files)) {
    const file = path.join(job, name);
    const directory = name.endsWith('/') ? file : path.dirname(file);
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, modes.directory);
    if (vector === '') continue;
    copyFileSync(path.join(vectors, vector), file);
    chmodSync(file, modes.file);
  }
  chmodSync(job, modes.directory);
  chmodSync(top, modes.directory);
  return job;
}

async function seen(top: string, options: StateOptions = {}): Promise<Record<string, Observation>> {
  const { observations } = await observeStateDirectories([{ path: top }], options);
  return Object.fromEntries(observations.map((one) => [one.file!.content, one]));
}

const modes = process.platform === 'win32' ? { skip: 'Windows has no permission bits' } : {};

t.test('tells each kind of content once, with how many files it stands for', async (t) => {
  const top = folder(t);
  checkpoint(top);
  const found = await seen(top);
  t.strictSame(Object.keys(found).sort(), ['checkpoint-metadata', 'directory', 'keyed-state', 'rocksdb-sst']);
  t.equal(found['keyed-state']!.repeats, 1);
  t.strictSame(found['keyed-state']!.file!.details!.compression, ['none', 'snappy']);
  t.equal(found['rocksdb-sst']!.file!.offset, 1844 - 8);
  t.match(found.directory, {
    vantage: 'disk',
    kind: 'file',
    channel: 'checkpoint-storage',
    channelBasis: 'argument',
    file: { path: top, directory: top, details: { files: 4, directories: 5, opened: 4 } },
  });
  t.notMatch(JSON.stringify(found), 'STATE-CARD', 'no state in what is told');
});

t.test('tells who reads it by modes: all with umask 022, the owner with umask 077', modes, async (t) => {
  for (const [umask, reach, mode] of [
    ['022', 'others', '0644'],
    ['077', 'owner', '0600'],
  ] as const) {
    const top = folder(t);
    checkpoint(top, umask);
    const { file } = (await seen(top))['keyed-state']!;
    t.match(file, { readableBy: reach, writableBy: 'owner', mode });
  }
});

t.test('tells the file that is open to most of its kind, and the other modes', modes, async (t) => {
  const top = folder(t);
  const job = checkpoint(top);
  const closed = path.join(job, 'chk-7/0bef65af-597b-466e-8cf7-6520b61977f7');
  chmodSync(closed, 0o600);
  const { file } = (await seen(top))['keyed-state']!;
  t.match(file, { path: path.join(job, 'chk-7/bf3910ec-089e-4916-81f4-b2b6091c9ff3'), mode: '0644' });
  t.strictSame([...(file!.details!.modes as string[])].sort(), ['0600 (1)', '0644 (1)']);
});

t.test('lets a directory above protect what is below', modes, async (t) => {
  const above = folder(t);
  const top = path.join(above, 'ck');
  mkdirSync(top);
  checkpoint(top);
  chmodSync(above, 0o700);
  t.match((await seen(top))['keyed-state']!.file, { mode: '0644', readableBy: 'owner' });
});

t.test('counts what others can write, and names the first of it', modes, async (t) => {
  const top = folder(t);
  const job = checkpoint(top);
  chmodSync(path.join(job, 'shared'), 0o777);
  const { details } = (await seen(top)).directory!.file!;
  t.match(details, { writableByOthers: 1, writable: '35c683cbff648ecdfa627c606d2073f7/shared' });
  chmodSync(path.join(job, 'shared'), 0o1777);
  t.notOk('writableByOthers' in (await seen(top)).directory!.file!.details!, 'sticky');
});

const isRoot = process.getuid?.() === 0;
const other =
  isRoot && spawnSync('setpriv', ['--version']).status === 0 ? {} : { skip: 'needs root and setpriv to be another' };

t.test('agrees with what the system lets another account read', other, async (t) => {
  const canRead = (file: string): boolean =>
    spawnSync('setpriv', ['--reuid=65533', '--regid=65533', '--clear-groups', 'cat', file]).status === 0;
  for (const directory of [0o755, 0o711, 0o750, 0o700]) {
    for (const mode of [0o644, 0o640, 0o604, 0o600]) {
      const top = folder(t);
      const job = checkpoint(top);
      const file = path.join(job, 'chk-7/_metadata');
      chmodSync(file, mode);
      chmodSync(job, directory);
      const told = (await seen(top))['checkpoint-metadata']!.file!.readableBy;
      t.equal(told === 'others', canRead(file), `${directory.toString(8)} ${mode.toString(8)}`);
    }
  }
});

t.test('does not take the group of one account alone for an audience', async (t) => {
  const accounts = parseAccounts(
    'root:x:0:0:root:/root:/bin/sh\nflink:x:1000:1000::/opt/flink:\nops:x:1001:2000::/:\n# comment\nbroken',
    'root:x:0:\nflink:x:1000:\ndata:x:3000:flink,ops\nonly:x:4000:flink\nprimary:x:2000:\n',
  );
  const of = (gid: number): string => readableBy(OPEN_GATE, { mode: 0o640, uid: 1000, gid }, accounts);
  t.equal(of(1000), 'owner', 'own group');
  t.equal(of(4000), 'owner', 'no other member');
  t.equal(of(3000), 'group', 'two members');
  t.equal(of(2000), 'group', 'primary group of another account');
  t.equal(of(5000), 'group', 'a group that no file names');
});

t.test('follows groups through directories: only one that passes all of them gets in', async (t) => {
  const nobody = parseAccounts('', '');
  const open = { mode: 0o755, uid: 0, gid: 0 };
  const ofGroup = (gid: number): { mode: number; uid: number; gid: number } => ({ mode: 0o750, uid: 1, gid });
  const file = { mode: 0o640, uid: 1, gid: 7 };
  t.equal(readableBy(through(through(OPEN_GATE, open), ofGroup(7)), file, nobody), 'group');
  t.equal(readableBy(through(through(OPEN_GATE, ofGroup(8)), ofGroup(7)), file, nobody), 'owner');
  t.equal(readableBy(through(OPEN_GATE, { mode: 0o700, uid: 1, gid: 7 }), { ...file, mode: 0o666 }, nobody), 'owner');
  t.equal(writableBy(OPEN_GATE, { mode: 0o1777, uid: 0, gid: 0 }, nobody), 'owner');
  t.equal(writableBy(OPEN_GATE, { mode: 0o777, uid: 0, gid: 0 }, nobody), 'others');
});

t.test('tells links that lead out and follows none of them', modes, async (t) => {
  const outside = folder(t);
  writeFileSync(path.join(outside, 'secret'), Buffer.from('# This is a RocksDB option file.'));
  const top = folder(t);
  const job = checkpoint(top);
  symlinkSync(outside, path.join(job, 'elsewhere'));
  symlinkSync(path.join(outside, 'secret'), path.join(job, 'file'));
  symlinkSync('nowhere-at-all', path.join(job, 'broken'));
  symlinkSync('chk-7', path.join(job, 'latest'));
  symlinkSync(job, path.join(job, 'circle'));
  const found = await seen(top);
  t.notOk('rocksdb-options' in found);
  const { details } = found.directory!.file!;
  const name = path.basename(job);
  t.equal(details!.links, 3);
  t.strictSame(details!.linksOut, [
    `${name}/broken -> nowhere`,
    `${name}/elsewhere -> ${outside}`,
    `${name}/file -> ${path.join(outside, 'secret')}`,
  ]);
});

t.test('resolves a link that was named itself', modes, async (t) => {
  const top = folder(t);
  checkpoint(top);
  const link = path.join(folder(t), 'ck');
  symlinkSync(top, link);
  const { inputs, observations } = await observeStateDirectories([{ path: link }]);
  t.equal(inputs[0]!.path, `${link} (${top})`);
  t.equal(observations[0]!.file!.path, top);
});

const pipes = spawnSync('mkfifo', ['--version']).status === 0 ? {} : { skip: 'mkfifo not found' };

t.test('opens no pipe, socket or device', pipes, async (t) => {
  const top = folder(t);
  checkpoint(top);
  spawnSync('mkfifo', [path.join(top, 'pipe')]);
  const { details } = (await seen(top)).directory!.file!;
  t.equal(details!.special, 1);
});

t.test('stays within its limits with 10,000 files, and says what was sampled', async (t) => {
  const top = folder(t);
  const shared = path.join(top, 'shared');
  mkdirSync(shared);
  writeFileSync(path.join(shared, 'file-0'), 'x');
  for (let index = 1; index < 10_000; index++)
    linkSync(path.join(shared, 'file-0'), path.join(shared, `file-${index}`));
  copyFileSync(path.join(vectors, '1.20.3/CURRENT'), path.join(shared, 'CURRENT'));
  const found = await seen(top);
  t.strictSame(found.directory!.quality!.limits, ['sampled']);
  t.match(found.directory!.file!.details, { files: 10_001, opened: WALK_LIMITS.filesInDirectory });
  t.ok('rocksdb-current' in found, 'well-known names are opened first');
  const few = await observeStateDirectories([{ path: top }], { limits: { ...WALK_LIMITS, entries: 100 } });
  t.equal(few.extent, 'partial');
  t.match(few.inputs[0]!.problems![0]!.message, 'more than 100 entries');
});

t.test('names each limit that it hits', async (t) => {
  const top = folder(t);
  checkpoint(top);
  const hit = async (change: Partial<typeof WALK_LIMITS>, clock?: () => number): Promise<string> => {
    const limits = { ...WALK_LIMITS, ...change };
    const { inputs, extent } = await observeStateDirectories([{ path: top }], { limits, ...(clock ? { clock } : {}) });
    t.equal(extent, 'partial');
    return inputs[0]!.problems!.map(({ message }) => message).join();
  };
  t.match(await hit({ depth: 1 }), 'deeper than 1 levels');
  t.match(await hit({ bytes: 1 }), 'more than 1 bytes read');
  let now = 0;
  t.match(await hit({ milliseconds: 5 }, () => (now += 2)), 'took longer than 0.005 s');
});

t.test('reads each directory once, whoever names it', async (t) => {
  const top = folder(t);
  const job = checkpoint(top);
  const { observations } = await observeStateDirectories([
    { path: top, member: 'jm' },
    { path: job, member: 'jm' },
    { path: `${top}/`, member: 'tm1' },
  ]);
  const directories = observations.filter(({ file }) => file!.content === 'directory');
  t.equal(directories.length, 1);
  t.notOk('member' in directories[0]!.server, 'several members name it');
});

t.test('looks only at what is Flink’s in a directory that everybody shares', async (t) => {
  const top = folder(t);
  const job = path.join(top, 'tm_127.0.0.1-1234');
  mkdirSync(job);
  copyFileSync(path.join(vectors, '1.20.3/table.sst'), path.join(job, '000009.sst'));
  mkdirSync(path.join(top, 'private'));
  copyFileSync(path.join(vectors, '1.20.3/MANIFEST'), path.join(top, 'private/MANIFEST-000004'));
  const { observations } = await observeStateDirectories([{ path: top, purpose: 'temporary', only: /^tm_/ }]);
  t.strictSame(observations.map(({ file }) => file!.content).sort(), ['directory', 'rocksdb-sst']);
});

t.test('tells what is missing: a shortfall where the user named it, not where a configuration did', async (t) => {
  const file = path.join(folder(t), 'file');
  writeFileSync(file, '');
  const setting = { key: 'execution.checkpointing.dir', value: 'file:///no/such/place' };
  const byConfiguration = await observeStateDirectories([{ path: '/no/such/place', setting }]);
  t.equal(byConfiguration.extent, 'whole');
  t.match(byConfiguration.inputs[0]!.problems![0]!.message, 'execution.checkpointing.dir: no such directory');
  const byUser = await observeStateDirectories([{ path: '/no/such/place' }, { path: file }]);
  t.equal(byUser.extent, 'partial');
  t.match(byUser.inputs[1]!.problems![0]!.message, 'is no directory');
});

const refused = isRoot || process.platform === 'win32' ? { skip: 'root may read everything' } : {};

t.test('tells what it may not read', refused, async (t) => {
  const top = folder(t);
  const job = checkpoint(top);
  chmodSync(path.join(job, 'shared'), 0o000);
  const { observations, extent } = await observeStateDirectories([{ path: top }]);
  chmodSync(path.join(job, 'shared'), 0o755);
  t.equal(extent, 'partial');
  t.match((observations[0]!.file as FileSighting).details, { unreadable: 1 });
});

t.test('ends when it is told to, with what it has', async (t) => {
  const top = folder(t);
  checkpoint(top);
  const { observations } = await observeStateDirectories([{ path: top }], { signal: AbortSignal.abort() });
  t.strictSame(observations, []);
});

t.test('names owners by the accounts of the machine', modes, async (t) => {
  const top = folder(t);
  checkpoint(top);
  const root = folder(t);
  mkdirSync(path.join(root, 'etc'));
  const { uid, gid } = lstatSync(top);
  writeFileSync(path.join(root, 'etc/passwd'), `flinky:x:${uid}:${gid}::/:\n`);
  const found = await seen(top, { machine: { root, platform: 'linux' } });
  t.equal(found['keyed-state']!.file!.owner, 'flinky');
  t.equal(found.directory!.file!.volume!.protection, 'hidden', 'no mountinfo there');
});
