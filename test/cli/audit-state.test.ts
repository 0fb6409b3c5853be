import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { flinkprobe } from '../support/command-line.ts';

const vectors = fileURLToPath(new URL('../../../test/vectors/state-at-rest', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-audit-state-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('audit --state-dir tells what is there, as the schema has it, and shows no state', async (t) => {
  const { stdout } = await flinkprobe(['audit', '--state-dir', vectors, '--format', 'json']);
  const report = JSON.parse(stdout) as Report;
  reportSchema.parse(report);
  const contents = report.observations.map(({ file }) => file!.content);
  for (const kind of ['directory', 'keyed-state', 'rocksdb-sst', 'completed-checkpoint', 'savepoint-metadata'])
    t.ok(contents.includes(kind), kind);
  t.ok(report.observations.every(({ vantage, kind }) => vantage === 'disk' && kind === 'file'));
  t.match(report.inputs[0], { kind: 'directory' });
  // Values and keys of the state of these files.
  t.notMatch(stdout, /STATE-CARD|key-1/);
});

t.test('audit --redact hides the path of state', async (t) => {
  const { stdout } = await flinkprobe(['audit', '--state-dir', vectors, '--format', 'json', '--redact']);
  t.notMatch(stdout, path.basename(vectors));
});

t.test('audit --state-dir of nothing is inconclusive, with the reason', async (t) => {
  const { status, stdout } = await flinkprobe(['audit', '--state-dir', path.join(folder, 'none')]);
  t.equal(status, 2);
  t.match(stdout, 'no such directory on this machine');
});
