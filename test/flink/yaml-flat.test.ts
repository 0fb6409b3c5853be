import fc from 'fast-check';
import t from 'tap';
import { parseLegacyYaml, parseStandardYaml } from '../../src/flink/yaml-flat.ts';

function values(entries: readonly { readonly key: string; readonly value: string }[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

// The lines and outcomes of Flink's own test of its legacy parser (GlobalConfigurationTest, 1.13 to 1.20).
t.test("reads the lines of Flink's own legacy parser test as Flink does", (t) => {
  const text = [
    '###########################',
    '# Some : comments : to skip',
    '###########################',
    'mykey1: myvalue1',
    'mykey2:   myvalue2',
    'mykey3:myvalue3',
    ' some nonsense without colon and whitespace separator',
    ' :  ',
    '   ',
    ' ',
    'mykey4: myvalue4# some comments',
    '   mykey5    :    myvalue5    ',
    'mykey6: my: value6',
    'mykey7: ',
    ': myvalue8',
    '',
    'mykey9: myvalue9',
    'mykey9: myvalue10',
  ].join('\n');
  const { entries, problems } = parseLegacyYaml(text);
  t.same(values(entries), {
    mykey1: 'myvalue1',
    mykey2: 'myvalue2',
    mykey4: 'myvalue4',
    mykey5: 'myvalue5',
    mykey6: 'my: value6',
    mykey9: 'myvalue10',
  });
  t.same(
    problems.map((problem) => problem.line),
    [6, 7, 8, 14, 15],
  );
  t.equal(entries.find((entry) => entry.key === 'mykey5')?.line, 12);
  t.end();
});

t.test('keeps quotes and nothing behind a number sign in legacy lines, whatever the line ends', (t) => {
  const { entries } = parseLegacyYaml('a: "x"\r\nb: pass#word\rc: 3\n');
  t.same(entries, [
    { key: 'a', value: '"x"', line: 1 },
    { key: 'b', value: 'pass', line: 2 },
    { key: 'c', value: '3', line: 3 },
  ]);
  t.end();
});

t.test('does not read nested keys by the legacy rules', (t) => {
  const { entries, problems } = parseLegacyYaml('security:\n  ssl:\n    internal:\n      enabled: true\n');
  t.same(values(entries), { enabled: 'true' });
  t.equal(problems.length, 3);
  t.end();
});

t.test('joins nested keys of standard YAML with dots, each with its own line', (t) => {
  const { entries, problems } = parseStandardYaml(
    [
      'security:',
      '  ssl:',
      '    internal:',
      '      enabled: true # with a comment',
      '    rest.enabled: "true"',
      'rest.port: 8081',
      "s3.endpoint: 'http://s3:9000'",
    ].join('\n'),
  );
  t.same(entries, [
    { key: 'security.ssl.internal.enabled', value: 'true', line: 4 },
    { key: 'security.ssl.rest.enabled', value: 'true', line: 5 },
    { key: 'rest.port', value: '8081', line: 6 },
    { key: 's3.endpoint', value: 'http://s3:9000', line: 7 },
  ]);
  t.same(problems, []);
  t.end();
});

t.test('prints values as Java prints what YAML 1.2 makes of them', (t) => {
  const text = 'a: TRUE\nb: yes\nc: 0x1F\nd: 1.50\ne: [x, 2, true]\nf:\n  - p\n  - q\ng: 1_000\nh: pass#word\n';
  t.same(values(parseStandardYaml(text).entries), {
    a: 'true',
    b: 'yes',
    c: '31',
    d: '1.50',
    e: '[x, 2, true]',
    f: '[p, q]',
    g: '1_000',
    h: 'pass#word',
  });
  t.end();
});

t.test('reports duplicate keys, missing values and broken YAML with their lines, and never a value', (t) => {
  const duplicate = parseStandardYaml('a: CANARY1\nb: 2\na: CANARY3\n');
  t.match(duplicate.problems, [{ line: 3, message: /duplicate key a/ }]);
  t.equal(duplicate.entries.length, 3);
  t.match(parseStandardYaml('a:\nb: 1\n').problems, [{ line: 1, message: /a has no value/ }]);
  const broken = parseStandardYaml('a: 1\nb: "CANARY\nc: [CANARY');
  t.ok(broken.problems.length > 0);
  t.notMatch(JSON.stringify([broken.problems, duplicate.problems]), /CANARY/);
  t.match(parseStandardYaml('just text').problems, [{ line: 1 }]);
  t.same(parseStandardYaml('# nothing\n'), { entries: [], problems: [] });
  t.end();
});

t.test('expands aliases a bounded number of times', (t) => {
  const levels = ['a: &l0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i <= 9; i++) {
    levels.push(`b${i}: &l${i} [${Array.from({ length: 10 }, () => `*l${i - 1}`).join(', ')}]`);
  }
  const started = Date.now();
  const { entries } = parseStandardYaml(levels.join('\n'));
  t.ok(Date.now() - started < 3000);
  t.ok(entries.reduce((sum, entry) => sum + entry.value.length, 0) < 10_000_000);
  t.end();
});

t.test('reads any text without throwing', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ab:\n -#&*!|>{}[],"\'\t%@?'.split('')), maxLength: 60 }),
      (text) => {
        parseStandardYaml(text);
        parseLegacyYaml(text);
      },
    ),
    { numRuns: 2000 },
  );
  t.end();
});
