import { appendFileSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { CaptureFolder } from '../../src/daemon/wire-folder.ts';

const START = Date.parse('2026-11-22T12:00:00Z');
const BYTES = Buffer.alloc(100);

function watched(t: Test): {
  folder: string;
  at: (seconds: number) => string[];
  write: (name: string, seconds: number) => void;
} {
  const folder = t.testdir();
  let clock = START;
  const captures = new CaptureFolder({
    folder,
    clock: () => clock,
    sinceMs: START - 60_000,
    isOurs: (name) => name.startsWith('ours'),
  });
  return {
    folder,
    at: (seconds) => {
      clock = START + seconds * 1000;
      return captures.complete().map((file) => path.relative(folder, file));
    },
    write: (name, seconds) => {
      const file = path.join(folder, name);
      appendFileSync(file, BYTES);
      utimesSync(file, START / 1000 + seconds, START / 1000 + seconds);
    },
  };
}

t.test('a file is complete when the next one of its row has begun, and is told once', (t) => {
  const { at, write } = watched(t);
  write('x_00001.pcapng', 0);
  t.same(at(1), []);
  write('x_00001.pcapng', 2);
  write('x_00002.pcapng', 3);
  t.same(at(3), ['x_00001.pcapng']);
  t.same(at(4), []);
  write('x_00003.pcapng', 5);
  t.same(at(5), ['x_00002.pcapng']);
  t.end();
});

t.test('files of another row do not complete it', (t) => {
  const { at, write } = watched(t);
  write('jm.pcapng', 0);
  write('tm1_00001.pcapng', 2);
  t.same(at(2), []);
  t.end();
});

t.test('the last file is complete when nobody writes to it any more', (t) => {
  const { at, write } = watched(t);
  write('x_00001.pcapng', 0);
  t.same(at(4), []);
  t.same(at(6), ['x_00001.pcapng']);
  t.same(at(100), []);
  t.end();
});

t.test('one that grows after that is told again, and is given more time', (t) => {
  const { at, write } = watched(t);
  write('x.pcapng', 0);
  t.same(at(6), ['x.pcapng']);
  write('x.pcapng', 20);
  t.same(at(26), []);
  t.same(at(31), ['x.pcapng']);
  t.end();
});

t.test('a file that was moved in is read although its name is new', (t) => {
  const { folder, at } = watched(t);
  const outside = path.join(folder, '.capture');
  writeFileSync(outside, BYTES);
  utimesSync(outside, START / 1000 - 30, START / 1000 - 30);
  t.same(at(0), [], 'hidden names are unfinished');
  renameSync(outside, path.join(folder, 'capture.pcap'));
  t.same(at(1), ['capture.pcap']);
  t.end();
});

t.test('a ring that writes over its oldest file gives it anew', (t) => {
  const { folder, at, write } = watched(t);
  write('r0', 0);
  write('r1', 1);
  t.same(at(2), ['r0']);
  writeFileSync(path.join(folder, 'r0'), Buffer.alloc(50));
  utimesSync(path.join(folder, 'r0'), START / 1000 + 3, START / 1000 + 3);
  t.same(at(3), ['r1'], 'now r0 is the one that is written');
  write('r1', 4);
  t.same(at(4), ['r0']);
  t.end();
});

t.test('history, unfinished names, folders, empty files and evidence of our own are not read', (t) => {
  const { folder, at, write } = watched(t);
  write('old.pcap', -3600);
  write('new.pcap.part', 0);
  write('ours.pcapng', 0);
  mkdirSync(path.join(folder, 'folder'));
  writeFileSync(path.join(folder, 'empty.pcap'), '');
  utimesSync(path.join(folder, 'empty.pcap'), START / 1000, START / 1000);
  t.same(at(100), []);
  t.end();
});

t.test('a folder that is not there is an error, which names it', (t) => {
  const folder = path.join(t.testdir(), 'nowhere');
  const captures = new CaptureFolder({ folder, clock: () => START, sinceMs: 0 });
  t.throws(() => captures.complete(), { code: 'ENOENT', message: /nowhere/ });
  t.end();
});

t.test(
  'in a folder of very many files new ones are found at once, and old ones that were written over a little later',
  (t) => {
    const { folder, at, write } = watched(t);
    for (let file = 1000; file < 1400; file++) write(`x_${file}.pcap`, -30);
    t.equal(at(0).length, 400);
    writeFileSync(path.join(folder, 'x_1000.pcap'), Buffer.alloc(50));
    utimesSync(path.join(folder, 'x_1000.pcap'), START / 1000 + 1, START / 1000 + 1);
    write('x_1400.pcap', 2);
    write('x_1401.pcap', 3);
    t.same(at(3), ['x_1400.pcap']);
    t.same(at(10), ['x_1401.pcap'], 'the newest is looked at each time');
    t.same(at(29), []);
    t.same(at(31), ['x_1000.pcap']);
    t.end();
  },
);
