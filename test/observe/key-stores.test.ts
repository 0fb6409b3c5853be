import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t from 'tap';
import { readStores } from '../../src/observe/key-stores.ts';
import { configuration } from '../support/configuration.ts';
import { NOW } from '../support/lab.ts';

const vectors = fileURLToPath(new URL('../../../test/vectors/ssl/', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-stores-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const given = (name: string, password = 'flinkpw') => [{ path: path.join(vectors, name), password }];
const owner = (lines: Readonly<Record<string, string>>, base = folder) => [
  { member: 'jm', path: base, configuration: configuration(lines) },
];
const pair = (keystore: string, truststore: string) => ({
  'security.ssl.internal.enabled': 'true',
  'security.ssl.internal.keystore': keystore,
  'security.ssl.internal.keystore-password': 'flinkpw',
  'security.ssl.internal.key-password': 'flinkpw',
  'security.ssl.internal.truststore': truststore,
  'security.ssl.internal.truststore-password': 'flinkpw',
});

const hasKeytool = spawnSync('keytool', ['-help']).error === undefined;

t.test('every store holds what keytool -list says', { skip: hasKeytool ? false : 'keytool not found' }, async (t) => {
  // One of each kind: starting a JVM takes a second.
  const names = ['internal.p12', 'internal.jks', 'internal-trust.p12', 'rest.p12'];
  for (const name of names) {
    const args = ['-list', '-v', '-keystore', path.join(vectors, name), '-storepass', 'flinkpw'];
    const listed = spawnSync('keytool', ['-J-Duser.language=en', ...args], { encoding: 'utf8' }).stdout;
    const told = [...listed.matchAll(/SHA256: ([0-9A-F:]{95})/g)].map(([, hash]) =>
      hash!.replaceAll(':', '').toLowerCase(),
    );
    const { subjects } = readStores([], given(name), NOW);
    const chains = subjects[0]!.store.entries.flatMap(({ chain }) => chain.map(({ sha256 }) => sha256));
    t.strictSame(chains.sort(), told.sort(), name);
    const keys = subjects[0]!.store.entries.filter(({ kind, key }) => kind === 'key' && key === 'opened').length;
    t.equal(keys, [...listed.matchAll(/Entry type: PrivateKeyEntry/g)].length, name);
  }
});

t.test('relative paths are looked for in the folder above conf, and beside the configuration', async (t) => {
  const home = path.join(folder, 'flink');
  mkdirSync(path.join(home, 'conf'), { recursive: true });
  mkdirSync(path.join(home, 'ssl'));
  writeFileSync(path.join(home, 'ssl/a.p12'), readFileSync(path.join(vectors, 'internal.p12')));
  writeFileSync(path.join(home, 'conf/b.p12'), readFileSync(path.join(vectors, 'internal-trust.p12')));
  const { byOwner, subjects } = readStores(owner(pair('ssl/a.p12', 'b.p12'), path.join(home, 'conf')), [], NOW);
  t.strictSame(
    subjects.map(({ store }) => store.state),
    ['read', 'read'],
  );
  t.match(byOwner[0]!.trust, [{ family: 'internal', verdict: 'anchored' }]);
});

t.test('a file that was handed in stands in for the one of its name, and is not told twice', async (t) => {
  const files = ['internal.p12', 'internal-trust.p12'].map((name) => ({ path: path.join(vectors, name) }));
  const { subjects } = readStores(owner(pair('/none/internal.p12', '/none/internal-trust.p12')), files, NOW);
  t.strictSame(
    subjects.map(({ store }) => [store.path, store.state]),
    [
      ['/none/internal.p12', 'read'],
      ['/none/internal-trust.p12', 'read'],
    ],
  );
});

t.test('what three members name alike is one store with three uses', async (t) => {
  const lines = pair(path.join(vectors, 'internal.p12'), path.join(vectors, 'internal-trust.p12'));
  const { subjects } = readStores([...owner(lines), ...owner(lines), ...owner(lines)], [], NOW);
  t.strictSame(
    subjects.map(({ uses }) => uses.length),
    [3, 3],
  );
});

t.test('stores of a family that is off are not opened', async (t) => {
  const lines = { ...pair('/none/a', '/none/b'), 'security.ssl.internal.enabled': 'false' };
  t.strictSame(readStores(owner(lines), [], NOW).subjects, []);
});

const links = { skip: process.platform === 'win32' ? 'links need a right of their own' : false } as const;

t.test('a link that leads nowhere is a missing file', links, async (t) => {
  const link = path.join(folder, 'link.p12');
  symlinkSync(path.join(folder, 'nowhere.p12'), link);
  t.match(readStores([], [{ path: link }], NOW).subjects[0]?.store, { state: 'missing', folder: 'there' });
});

t.test('nothing in the facts is a key or a password', async (t) => {
  const lines = pair(path.join(vectors, 'internal.p12'), path.join(vectors, 'internal-trust.p12'));
  const { subjects, byOwner } = readStores(owner(lines), [], NOW);
  t.notMatch(JSON.stringify(subjects), /flinkpw|PRIVATE/);
  t.notMatch(JSON.stringify(byOwner), /flinkpw|PRIVATE/);
});

t.test('damaged stores of any kind are facts, never an exception', async () => {
  const file = path.join(folder, 'mutated');
  const names = ['internal-trust.p12', 'internal-weak.p12', 'internal.jks', 'internal.jceks'];
  const originals = names.map((name) => readFileSync(path.join(vectors, name)));
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(), { nil: undefined }),
      (original, changes, cut) => {
        const bytes = Buffer.from(original);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        writeFileSync(file, cut === undefined ? bytes : bytes.subarray(0, cut % bytes.length));
        const { subjects } = readStores([], [{ path: file, password: 'flinkpw' }], NOW);
        return (
          subjects.length === 1 && (subjects[0]!.store.state === 'read' || subjects[0]!.store.problem !== undefined)
        );
      },
    ),
    { numRuns: 150 },
  );
});
