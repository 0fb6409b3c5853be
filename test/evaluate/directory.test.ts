import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';

function folder(files: Readonly<Record<string, string>>): URL {
  const path = t.testdir();
  mkdirSync(`${path}/units/support`, { recursive: true });
  writeFileSync(`${path}/package.json`, '{"type":"module"}');
  for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/units/${name}`, text);
  return pathToFileURL(`${path}/units/`);
}

const unit = (id: string) => `export const rule = { id: '${id}', evaluate: () => [] };`;

t.test('loads every file of a folder, sorted, and leaves folders, types and maps alone', async (t) => {
  const at = folder({
    'b.js': unit('b'),
    'a.js': unit('a'),
    'support/x.js': 'throw 1',
    'a.d.ts': '',
    'a.js.map': '',
    'README.md': '',
  });
  t.same(
    (await loadRules(at)).map((one) => one.id),
    ['a', 'b'],
  );
});

t.test('refuses by name a file whose id is not its name', async (t) => {
  await t.rejects(loadRules(folder({ 'c.js': unit('other') })), {
    message: "c.js: the rule's id is other, not its file's name",
  });
});

t.test('refuses by name a file that exports no unit', async (t) => {
  await t.rejects(loadRules(folder({ 'd.js': 'export const x = 1;' })), { message: 'd.js: exports no rule' });
  await t.rejects(loadProbes(folder({ 'e.js': unit('e') })), { message: 'e.js: exports no probe' });
});

t.test('finds the rules of the package', async (t) => {
  const ids = (await loadRules()).map((one) => one.id);
  t.ok(ids.includes('plaintext-state-transfer'));
  t.same(ids, [...ids].sort());
});
