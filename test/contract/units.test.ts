import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { CHANNEL_IDS } from '../../src/model/channel.ts';
import type { Expected } from '../support/expected.ts';
import { tableOf, tables } from '../support/markdown.ts';
import { names, read, root } from '../support/repository.ts';

/** One file a unit: what has to stand beside it. */
const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);
const units = (folder: string, ending: string): string[] =>
  names(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length));

t.test('every probe file is a channel of the contract, and every channel has its file', async (t) => {
  const files = units('probes', '.ts');
  t.strictSame(files, [...CHANNEL_IDS].sort());
  t.strictSame(
    probes.map(({ id }) => id),
    files,
    'the id is the file name',
  );
});

t.test('every rule file is a rule of its name', async (t) => {
  t.strictSame(rules.map(({ id }) => id).sort(), units('src/rules', '.ts'));
});

t.test('every probe and every rule has a test of its name that tests it', async (t) => {
  const tested = [
    ...probes.map(({ id }) => ['probes', `../../probes/${id}.ts`, id] as const),
    ...rules.map(({ id }) => ['rules', `../../src/rules/${id}.ts`, id] as const),
  ];
  for (const [folder, source, id] of tested) {
    const file = `test/${folder}/${id}.test.ts`;
    if (t.ok(existsSync(path.join(root, file)), `${file} exists`))
      t.match(read(file), `'${source}'`, `${file} imports it`);
  }
});

t.test('every test of a probe has its probe', async (t) => {
  for (const id of units('test/probes', '.test.ts')) t.ok((CHANNEL_IDS as readonly string[]).includes(id), id);
});

t.test('every rule and every channel can be explained', async (t) => {
  for (const { id, title, carries, remedy } of probes) {
    t.match(title, /^[A-Z].+[^.]$/, `${id} has a title`);
    t.match(carries, /^[A-Z].{40,}\.$/, `${id} says what it carries`);
    t.match(remedy.text, /^[A-Z].{20,}\.$/, `${id} says what mends it`);
  }
  for (const { id, rationale } of rules) t.match(rationale, /\.$/, `${id} has a rationale`);
});

interface Recording {
  readonly folder: string;
  readonly name: string;
  readonly expected: Expected;
}

const recordings: readonly Recording[] = ['captures', 'test/captures'].flatMap((folder) =>
  units(folder, '.pcap.gz').map((name) => ({
    folder,
    name,
    expected: JSON.parse(read(`${folder}/${name}.expected.json`)) as Expected,
  })),
);

t.test('every recording has its facts, its provenance and the configuration of every member', async (t) => {
  t.ok(recordings.length >= 30);
  const provenance = tables(read('captures/README.md'))
    .flat()
    .filter((row) => 'case' in row);
  for (const { folder, name, expected } of recordings) {
    t.equal(expected.case, name, `${name}: its facts are its own`);
    const row = provenance.find((one) => one.case === name);
    t.equal(row?.['sha256 of the decompressed pcap'], expected.file.sha256, `${name} has a row with its hash`);
    t.equal(row?.Flink, expected.flinkVersion);
    const members = Object.keys(expected.configured).sort();
    t.strictSame(names(`${folder}/${name}.conf`), members, `${name} has the configuration of every member`);
    for (const member of members) {
      const files = names(`${folder}/${name}.conf/${member}`);
      t.ok(
        files.some((file) => file === 'config.yaml' || file === 'flink-conf.yaml'),
        `${name}/${member} has a Flink configuration`,
      );
    }
  }
  t.strictSame(
    provenance.map((row) => row.case!).sort(),
    recordings.map(({ name }) => name).sort(),
    'and every row a recording',
  );
});

t.test('every file in the folders of recordings belongs to a recording', async (t) => {
  const loose = ['captures', 'test/captures'].flatMap((folder) =>
    names(folder)
      .filter((file) => !/^(?:README\.md|cases\.json|facts\.py|hosts\.txt)$/.test(file))
      .filter(
        (file) =>
          !recordings.some(
            (one) => one.folder === folder && file.replace(/\.(pcap\.gz|expected\.json|conf)$/, '') === one.name,
          ),
      ),
  );
  t.strictSame(loose, []);
});

t.test('probes/README.md says which recording shows each channel, and which have none', async (t) => {
  for (const row of tableOf(read('probes/README.md'), 'channel', 'recording')) {
    const showing = recordings.flatMap(({ name, expected }) =>
      expected.servers
        .filter(({ channel, kind }) => channel === row.channel && kind !== 'none')
        .map((server) => ({ name, clear: server.clear !== undefined })),
    );
    const inClear = showing.filter(({ clear }) => clear).map(({ name }) => name);
    if (row.recording === 'none') {
      t.strictSame(showing, [], `${row.channel} has no recording`);
      continue;
    }
    const shown = row['in clear there'] === 'yes' ? inClear : showing.map(({ name }) => name);
    t.ok(shown.includes(row.recording!), `${row.recording} shows ${row.channel}`);
    t.equal(
      row['in clear there'] === 'yes',
      inClear.length > 0,
      `${row.channel}: whether a recording shows it in clear`,
    );
  }
  t.strictSame(
    tableOf(read('probes/README.md'), 'channel', 'recording').map(({ channel }) => channel),
    [...CHANNEL_IDS],
  );
});
