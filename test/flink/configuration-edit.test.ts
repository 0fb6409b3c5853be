import fc from 'fast-check';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { type SettingChange, type Syntax, settingEditor } from '../../src/flink/configuration-edit.ts';
import { applyEdits } from '../../src/flink/text-patch.ts';

function changed(text: string, change: SettingChange, syntax: Syntax = 'standard'): string | undefined {
  const edits = settingEditor(text, syntax)(change);
  return edits === undefined ? undefined : applyEdits(text, edits);
}

t.test('a nested value is replaced where it stands, with what is around it', (t) => {
  const text =
    '# top\nsecurity:\n  ssl:   # both\n    protocol: "TLSv1"  # old\n    algorithms:\n      - A\n      - B\n# end\n';
  t.equal(
    changed(text, { change: 'set', key: 'security.ssl.protocol', value: 'TLSv1.2' }),
    text.replace('"TLSv1"', 'TLSv1.2'),
  );
  t.equal(
    changed(text, { change: 'set', key: 'security.ssl.algorithms', value: 'C,D' }),
    text.replace('algorithms:\n      - A\n      - B', 'algorithms: C,D'),
  );
  t.end();
});

t.test('a key is added to the innermost mapping that it belongs to, in its indentation', (t) => {
  const text = 'security:\n    ssl:\n        internal:\n            enabled: true\nrest:\n    port: 8081\n';
  t.equal(
    changed(text, { change: 'set', key: 'security.ssl.internal.keystore', value: '/a/b.p12' }),
    text.replace('enabled: true\n', 'enabled: true\n            keystore: /a/b.p12\n'),
  );
  t.equal(
    changed(text, { change: 'set', key: 'security.ssl.rest.enabled', value: 'true' }),
    text.replace('enabled: true\n', 'enabled: true\n        rest.enabled: true\n'),
  );
  t.equal(changed('', { change: 'set', key: 'a.b', value: '1' }), 'a.b: 1\n');
  t.equal(changed('# only this', { change: 'set', key: 'a.b', value: '1' }), '# only this\na.b: 1');
  t.end();
});

t.test('a removed key takes the mappings with it that it leaves empty, and no more', (t) => {
  const text = 'a:\n  b:\n    c: 1 # gone\n  # stays\n  d: 2\ne: 3\n';
  t.equal(changed(text, { change: 'remove', key: 'a.b.c' }), 'a:\n  # stays\n  d: 2\ne: 3\n');
  t.equal(changed('a:\n  b: 1\ne: 3\n', { change: 'remove', key: 'a.b' }), 'e: 3\n');
  t.equal(changed('a.b: |\n  one\n  two\ne: 3\n', { change: 'remove', key: 'a.b' }), 'e: 3\n');
  t.end();
});

t.test('what cannot be edited line by line is left alone', (t) => {
  for (const text of ['{a: {b: 1, c: 2}}\n', 'x: &one\n  b: 1\na: *one\n', 'a: [1\n', 'a: &other\n  b: &value 1\n']) {
    t.equal(changed(text, { change: 'remove', key: 'a.b' }), undefined, text);
  }
  t.equal(changed('a: 1\n', { change: 'remove', key: 'b' }), undefined, 'not there');
  t.equal(
    changed('a: 1\n', { change: 'set', key: 'b', value: 'x # y' }, 'legacy'),
    undefined,
    'a comment in the old syntax',
  );
  t.end();
});

t.test('the old syntax: every line of a key goes, the last one counts, comments stay', (t) => {
  const text = '# a\nk: 1 # first\nl: 2\nk: 3   # last\r\n';
  t.equal(changed(text, { change: 'remove', key: 'k' }, 'legacy'), '# a\nl: 2\n');
  t.equal(changed(text, { change: 'set', key: 'k', value: '9' }, 'legacy'), text.replace('k: 3 ', 'k: 9 '));
  t.equal(changed('a.b: 1\nc: 2\n', { change: 'set', key: 'a.d', value: 'x' }, 'legacy'), 'a.b: 1\na.d: x\nc: 2\n');
  t.equal(changed('a.b: 1\n', { change: 'rename', key: 'a.b', to: 'a.c' }, 'legacy'), 'a.c: 1\n');
  t.end();
});

t.test('a renamed key keeps its value and its place', (t) => {
  const text = 'security:\n  ssl:\n    internal:\n      enable: true # yes\n';
  t.equal(
    changed(text, { change: 'rename', key: 'security.ssl.internal.enable', to: 'security.ssl.internal.enabled' }),
    text.replace('enable:', 'enabled:'),
  );
  t.equal(changed(text, { change: 'rename', key: 'security.ssl.internal.enable', to: 'other.key' }), undefined);
  t.end();
});

/** A tree of settings, as a YAML library of its own writes it. */
const word = fc.constantFrom('a', 'b', 'c', 'ssl', 'rest', 'enabled');
const value = fc.constantFrom('true', 'x y', '8081', '/opt/a.p12', 'TLS_A,TLS_B', 'a: b', '# no', '', "it's");
const { tree } = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.dictionary(word, fc.oneof({ depthSize: 'small' }, value, tie('tree')), { minKeys: 1, maxKeys: 4 }),
}));

function flat(node: unknown, prefix = ''): [string, string][] {
  if (typeof node !== 'object' || node === null) return [[prefix.slice(0, -1), String(node)]];
  return Object.entries(node).flatMap(([key, child]) => flat(child, `${prefix}${key}.`));
}

t.test('any setting of any tree can be set, added and taken out, and all others stay', (t) => {
  let edited = 0;
  fc.assert(
    fc.property(tree, fc.nat(), value, fc.constantFrom('set', 'add', 'remove'), (settings, pick, wanted, what) => {
      const text = stringify(settings);
      const before = new Map(flat(parse(text)));
      const keys = [...before.keys()];
      if (keys.length === 0) return;
      const key = what === 'add' ? 'ssl.new.key' : keys[pick % keys.length]!;
      if (what === 'add' && keys.some((one) => 'ssl.new.key'.startsWith(`${one}.`) || one === 'ssl')) return;
      const after = changed(
        text,
        what === 'remove' ? { change: 'remove', key } : { change: 'set', key, value: wanted },
      );
      if (after === undefined) return;
      if (what === 'remove') before.delete(key);
      else before.set(key, wanted);
      const got = new Map(flat(parse(after) ?? {}));
      for (const [name, content] of before) {
        if (got.get(name) !== content) throw new Error(`${name}: ${got.get(name)}, not ${content}\n${text}\n${after}`);
      }
      if (got.size !== before.size) throw new Error(`${text}\n${after}`);
      edited += 1;
    }),
    { numRuns: 500, seed: 7 },
  );
  t.ok(edited > 300, `${edited} of 500 trees are edited`);
  t.end();
});
