import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { fileFacts } from '../../src/observe/file-facts.ts';
import { type ReadContent, readStores } from '../../src/observe/key-stores.ts';
import { stepsOf } from '../../src/observe/path-steps.ts';

const skip = process.platform === 'win32' ? 'no modes' : false;
const vector = (name: string): string => fileURLToPath(new URL(`../../../test/vectors/ssl/${name}`, import.meta.url));

/** A secret volume as the kubelet lays it: files are links through `..data`, which it swaps by renaming. */
function secretVolume(folder: string): { readonly swap: (generation: string) => void } {
  const swap = (generation: string): void => {
    symlinkSync(generation, path.join(folder, '..data_tmp'));
    renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  };
  const generations = [
    ['..2026_11_22', 'internal'],
    ['..2026_11_23', 'internal-soon'],
  ] as const;
  for (const [generation, name] of generations) {
    mkdirSync(path.join(folder, generation));
    copyFileSync(vector(`${name}.p12`), path.join(folder, generation, 'store.p12'));
    copyFileSync(vector(`${name}-trust.p12`), path.join(folder, generation, 'trust.p12'));
    chmodSync(path.join(folder, generation, 'store.p12'), 0o440);
  }
  swap('..2026_11_22');
  for (const name of ['store.p12', 'trust.p12']) symlinkSync(`..data/${name}`, path.join(folder, name));
  return { swap };
}

t.test('a file behind links is judged by its own mode, and each link is told', { skip }, (t) => {
  const folder = t.testdir({});
  secretVolume(folder);
  t.match(fileFacts(path.join(folder, 'store.p12')), {
    mode: '0440',
    target: path.join(folder, '..2026_11_22/store.p12'),
    links: [`${folder}/store.p12 -> ..data/store.p12`, `${folder}/..data -> ..2026_11_22`],
  });
  t.notOk('links' in fileFacts(path.join(folder, '..2026_11_22/store.p12')), 'none where there is none');
  t.end();
});

t.test('links that lead nowhere or in circles end', { skip }, (t) => {
  const folder = t.testdir({});
  symlinkSync('b', path.join(folder, 'a'));
  symlinkSync('a', path.join(folder, 'b'));
  symlinkSync('gone', path.join(folder, 'c'));
  t.equal(stepsOf(path.join(folder, 'a')), undefined);
  t.equal(stepsOf(path.join(folder, 'c')), undefined);
  t.strictSame(fileFacts(path.join(folder, 'a')), { path: path.join(folder, 'a') });
  t.end();
});

const LINES = ['enabled: true', 'keystore: store.p12', 'truststore: trust.p12']
  .concat(['keystore-password', 'key-password', 'truststore-password'].map((key) => `${key}: flinkpw`))
  .map((line) => `security.ssl.internal.${line}\n`)
  .join('');

function ownerOf(folder: string) {
  const configuration = parseFlinkConfiguration([{ name: 'config.yaml', text: LINES }], { member: 'jm' });
  return { member: 'jm', path: folder, configuration };
}

const NOW = Date.parse('2026-11-22T12:00:00Z');

t.test('a swap of ..data between two stores makes both be read again', { skip }, (t) => {
  const folder = t.testdir({});
  const { swap } = secretVolume(folder);
  let reads = 0;
  const swapping: ReadContent = (file) => {
    const content = readFileSync(file);
    reads += 1;
    // The keystore is of the old generation, the truststore would be of the new one.
    if (reads === 2) swap('..2026_11_23');
    return content;
  };
  const { byOwner } = readStores([ownerOf(folder)], [], NOW, swapping);
  t.ok(reads >= 4, `${reads} reads`);
  t.equal(byOwner[0]?.trust[0]?.verdict, 'anchored', 'both are of one generation');
  t.equal(byOwner[0]?.stores[0]?.store.file?.target, path.join(folder, '..2026_11_23/store.p12'));
  t.end();
});

t.test('a file that changes under every reading is told, and nothing of it is judged', { skip }, (t) => {
  const folder = t.testdir({});
  const { swap } = secretVolume(folder);
  let reads = 0;
  const { subjects } = readStores([ownerOf(folder)], [], NOW, (file) => {
    reads += 1;
    swap(reads % 2 === 0 ? '..2026_11_22' : '..2026_11_23');
    return readFileSync(file);
  });
  t.match(subjects[0]?.store, { state: 'unreadable', problem: /exchanged for another file/, entries: [] });
  t.ok(reads <= 6, 'it ends');
  t.end();
});

t.test('a file that vanishes while it is read is missing', { skip }, (t) => {
  const folder = t.testdir({});
  copyFileSync(vector('internal.p12'), path.join(folder, 'store.p12'));
  copyFileSync(vector('internal-trust.p12'), path.join(folder, 'trust.p12'));
  const { byOwner } = readStores([ownerOf(folder)], [], NOW, (file) => {
    unlinkSync(file);
    return readFileSync(file);
  });
  t.equal(byOwner[0]?.stores[0]?.store.state, 'missing');
  t.end();
});
