import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { checkWritable, readBaseline, saveBaseline } from '../../src/cli/baseline-file.ts';
import { Unusable } from '../../src/cli/failure.ts';
import { cleanReport, sampleReport } from '../support/sample-report.ts';

t.test('what is saved is read back whole', async (t) => {
  const file = path.join(t.testdir(), 'baseline.json');
  for (const report of [cleanReport(), sampleReport()]) {
    saveBaseline(report, file);
    t.strictSame(await readBaseline(file), JSON.parse(JSON.stringify(report)));
  }
});

t.test('it is for its owner alone, and takes the place of another file in one step', async (t) => {
  const folder = t.testdir({ 'baseline.json': 'an older one' });
  const file = path.join(folder, 'baseline.json');
  const before = statSync(file).ino;
  saveBaseline(cleanReport(), file);
  const { mode, ino } = statSync(file);
  if (process.platform !== 'win32') t.equal(mode & 0o777, 0o600);
  t.not(ino, before, 'another file, not the same written over');
  t.strictSame(readdirSync(folder), ['baseline.json'], 'no draft is left');
});

t.test('where it cannot be written, the old one stays and nothing is left beside it', async (t) => {
  const folder = t.testdir({ 'baseline.json': { 'in the way': '' } });
  const file = path.join(folder, 'baseline.json');
  t.throws(() => saveBaseline(cleanReport(), file), /--save-baseline: .*baseline\.json: cannot be written/);
  t.strictSame(readdirSync(folder), ['baseline.json']);
  t.strictSame(readdirSync(file), ['in the way']);
});

t.test(
  'a draft that somebody laid there as a link is not followed',
  { skip: process.platform === 'win32' },
  async (t) => {
    const folder = t.testdir({ victim: 'precious' });
    symlinkSync(path.join(folder, 'victim'), path.join(folder, `.baseline.json.${process.pid}.tmp`));
    t.throws(() => saveBaseline(cleanReport(), path.join(folder, 'baseline.json')), Unusable);
    t.equal(readFileSync(path.join(folder, 'victim'), 'utf8'), 'precious');
  },
);

t.test('a folder that is not there is told before anything is probed', async (t) => {
  const folder = t.testdir();
  t.throws(() => checkWritable('save-baseline', path.join(folder, 'no', 'baseline.json')), /--save-baseline: /);
  t.doesNotThrow(() => checkWritable('save-baseline', path.join(folder, 'baseline.json')));
});

t.test('a baseline of another schema version is refused by its version', async (t) => {
  const file = path.join(t.testdir(), 'baseline.json');
  writeFileSync(file, JSON.stringify({ ...cleanReport(), schemaVersion: 2 }));
  await t.rejects(readBaseline(file), /schemaVersion 2/);
});
