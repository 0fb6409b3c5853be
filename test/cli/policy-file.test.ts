import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { Unusable } from '../../src/cli/failure.ts';
import { loadPolicy, parsePolicy } from '../../src/cli/policy-file.ts';
import { codeBlocks } from '../support/markdown.ts';
import { PROFILES } from '../support/policies.ts';
import { read } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();

const readText = (text: string) => parsePolicy(text, 'p.yaml', PROFILES);

/** What is wrong, line by line. */
async function faults(text: string): Promise<readonly string[]> {
  try {
    await readText(text);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return error.message.replace(/^--policy: /, '').split('\n');
  }
  return [];
}

/** Lines of a policy with one requirement. */
const having = (...lines: readonly string[]): string =>
  ['policy: acme', 'requirements:', '  - id: a', ...lines.map((line) => `    ${line}`), ''].join('\n');

t.test('each fault is told with file, line and column, and the nearest word', async (t) => {
  const cases: readonly (readonly [name: string, text: string, expected: readonly RegExp[]])[] = [
    ['unknown key', having('keyy: x', 'required: y'), [/^p\.yaml:4:5: "keyy" is no key of a requirement \(key\?\)$/]],
    [
      'unknown key on top',
      'policy: acme\nextend: pci\n',
      [/^p\.yaml:2:1: "extend" is no key of a policy \(extends\?\)$/],
    ],
    ['no name', 'extends: pci\n', [/^p\.yaml:1:1: policy is missing$/]],
    ['a name with blanks', 'policy: A C\nextends: pci\n', [/^p\.yaml:1:9: policy is no name/]],
    ['a list where a text belongs', 'policy: [a]\nextends: pci\n', [/^p\.yaml:1:9: policy is no text$/]],
    ['a text where a list belongs', 'policy: acme\nrequirements: none\n', [/^p\.yaml:2:15: requirements is no list$/]],
    [
      'a requirement that is a text',
      'policy: acme\nrequirements:\n  - tls\n',
      [/^p\.yaml:3:5: requirements is no map$/],
    ],
    ['no id', 'policy: acme\nrequirements:\n  - key: a\n    required: b\n', [/^p\.yaml:3:5: id is missing$/]],
    ['no subject', having('required: y'), [/^p\.yaml:3:5: has none of key, served, certificate$/]],
    [
      'two subjects',
      having('key: x', 'served: tls', 'required: on'),
      [/^p\.yaml:5:5: key and served: one alone is taken$/],
    ],
    ['no relation', having('key: x'), [/^p\.yaml:3:5: has none of required, forbidden, one-of, at-least, at-most$/]],
    [
      'two relations',
      having('key: x', 'required: y', 'forbidden: z'),
      [/^p\.yaml:6:5: required and forbidden: one alone is taken$/],
    ],
    [
      'unknown aspect',
      having('served: cipher-suites', 'required: x'),
      [/^p\.yaml:4:13: served is none of .* \(cipher-suite\?\)$/],
    ],
    [
      'unknown channel',
      having('served: tls', 'on: [blob-servr]', 'required: on'),
      [/^p\.yaml:5:10: on is none of .* \(blob-server\?\)$/],
    ],
    [
      'scope and channel',
      having('served: tls', 'on: [rest, internal]', 'required: on'),
      [/^p\.yaml:5:9: on takes internal, rest or all alone/],
    ],
    [
      'unknown suite',
      having('served: cipher-suite', 'required: TLS_AES_128_GCM_SHA257'),
      [/^p\.yaml:5:15: "TLS_AES_128_GCM_SHA257" is no cipher-suite \(TLS_AES_128_GCM_SHA256\?\)$/],
    ],
    [
      'unknown protocol',
      having('served: protocol', 'one-of:', '  - TLSv1.2', '  - TLS1.3'),
      [/^p\.yaml:7:9: "TLS1\.3" is no protocol \(TLSv1\.3\?\)$/],
    ],
    [
      'unknown severity',
      having('key: x', 'required: y', 'severity: hihg'),
      [/^p\.yaml:6:15: severity is none of .* \(high\?\)$/],
    ],
    ['no number', having('certificate: rsa-bits', 'at-least: many'), [/^p\.yaml:5:15: at-least is no whole number$/]],
    [
      'words where a number belongs',
      having('certificate: rsa-bits', 'required: 3072'),
      [/^p\.yaml:5:5: rsa-bits is asked for with at-least or at-most$/],
    ],
    [
      'a number where words belong',
      having('served: protocol', 'at-least: 2'),
      [/^p\.yaml:5:5: protocol is asked for with required, forbidden or one-of$/],
    ],
    [
      'no version',
      having('key: x', 'required: y', 'since: latest'),
      [/^p\.yaml:6:12: since is no version of Flink, as 1\.20$/],
    ],
    [
      'aliases of what is no key',
      having('served: tls', 'aliases: x', 'required: on'),
      [/^p\.yaml:5:5: aliases goes with key only$/],
    ],
    [
      'on beside a key',
      having('key: x', 'on: rest', 'required: y'),
      [/^p\.yaml:5:5: on goes with served and certificate only$/],
    ],
    [
      'an id twice',
      having('key: x', 'required: y', '', '').concat('  - id: a\n    key: z\n    required: y\n'),
      [/^p\.yaml:8:9: a is the id of another requirement too$/],
    ],
    [
      'unknown profile',
      'policy: acme\nextends: flink-strickt\n',
      [/^p\.yaml:2:10: flink-strickt is no shipped profile; there are .* \(flink-strict\?\)$/],
    ],
    ['the name of a profile', 'policy: pci\nextends: pci\n', [/^p\.yaml:1:9: pci is the name of a shipped profile/]],
    [
      'without what is not there',
      'policy: acme\nextends: pci\nwithout:\n  - rest-tsl\n',
      [/^p\.yaml:4:5: "rest-tsl" is no requirement of pci \(rest-tls\?\)$/],
    ],
    [
      'without alone',
      'policy: acme\nwithout: [a]\n',
      [/^p\.yaml:2:11: without means nothing without extends$/, /asks for nothing/],
    ],
    ['nothing asked', 'policy: acme\n', [/^p\.yaml:1:1: asks for nothing: give requirements, or extends$/]],
    ['an empty file', '', [/^p\.yaml:1:1: is no map$/]],
    ['a list', '- a\n', [/^p\.yaml:1:1: is no map$/]],
    ['a key twice', 'policy: acme\npolicy: acme\n', [/^p\.yaml:2:1: Map keys must be unique/]],
    ['no YAML', 'policy: [acme\n', [/^p\.yaml:\d+:\d+: /]],
    ['two documents', 'policy: acme\nextends: pci\n---\na: b\n', [/^p\.yaml:3:1: /]],
    [
      'several at once',
      having('keyy: x', 'required: y', 'severity: worst'),
      [/4:5: "keyy"|6:15: severity/, /4:5: "keyy"|6:15: severity/],
    ],
  ];
  for (const [name, text, expected] of cases) {
    const told = await faults(text);
    t.equal(told.length, expected.length, `${name}: ${told.join(' / ')}`);
    for (const [index, pattern] of expected.entries()) t.match(told[index], pattern, name);
  }
});

t.test('a policy of its own, with what is left out filled in', async (t) => {
  const read = await readText(having('key: rest.port', 'default: 8081', "required: ['8082', 8083]", 'since: 1.20'));
  t.strictSame(read, {
    policy: 'acme',
    title: 'acme',
    about: '',
    requirements: [
      {
        severity: 'medium',
        source: ['policy acme'],
        reason: 'The policy acme asks for it.',
        id: 'a',
        key: 'rest.port',
        default: '8081',
        required: ['8082', '8083'],
        since: '1.20',
      },
    ],
  });
});

t.test(
  'what is extended is there but for what is left out, and single requirements change what they name',
  async (t) => {
    const own = await readText(
      'policy: acme\nextends: flink-strict\nwithout: [web-submit]\nrequirements:\n  - id: rsa-key\n    at-least: 4096\n  - id: protocol\n    served: protocol\n    on: rest\n    required: TLSv1.3\n',
    );
    const strict = PROFILES.find(({ policy }) => policy === 'flink-strict')!;
    t.strictSame(
      own.requirements.map(({ id }) => id).sort(),
      strict.requirements
        .map(({ id }) => id)
        .filter((id) => id !== 'web-submit')
        .sort(),
    );
    const inherited = strict.requirements.find(({ id }) => id === 'rsa-key')!;
    t.strictSame(
      own.requirements.find(({ id }) => id === 'rsa-key'),
      { ...inherited, 'at-least': 4096 },
    );
    const protocol = own.requirements.find(({ id }) => id === 'protocol');
    t.match(protocol, { served: 'protocol', on: 'rest', required: ['TLSv1.3'], severity: 'high' });
    t.notOk('one-of' in protocol!, 'its relation takes the whole place');
    t.strictSame(
      strict.requirements.find(({ id }) => id === 'rsa-key'),
      inherited,
      'the profile stays what it is',
    );
  },
);

t.test('a family of channels, one channel, and a list of channels', async (t) => {
  for (const [written, expected] of [
    ['rest', 'rest'],
    ['[rest]', ['rest']],
    ['all', 'all'],
    ['blob-server', ['blob-server']],
    ['[blob-server, jobmanager-rpc]', ['blob-server', 'jobmanager-rpc']],
  ] as const) {
    const { requirements } = await readText(having('served: tls', `on: ${written}`, 'required: on'));
    t.match(requirements[0], { on: expected }, written);
  }
});

t.test('a profile by its name, a file by its path, and what is neither', async (t) => {
  t.equal((await loadPolicy('pci')).name, 'pci');
  const file = path.join(folder, 'own.yaml');
  writeFileSync(file, having('served: tls', 'required: on'));
  const own = await loadPolicy(file);
  t.equal(own.name, 'acme');
  t.ok(own.requirements[0]!.channels.has('sql-gateway') && own.requirements[0]!.channels.has('blob-server'));
  t.notOk(own.requirements[0]!.channels.has('prometheus'), 'all: what Flink can protect');
  await t.rejects(loadPolicy('flink-strct'), {
    name: 'Unusable',
    message: /no such file, and no shipped profile \(flink-strict\?\); there are bsi-tr-02102, /,
  });
  mkdirSync(path.join(folder, 'dir'));
  await t.rejects(loadPolicy(path.join(folder, 'dir')), { name: 'Unusable', message: /is a folder/ });
  const large = path.join(folder, 'large.yaml');
  writeFileSync(large, `# ${'x'.repeat(1_048_576)}\n`);
  await t.rejects(loadPolicy(large), { name: 'Unusable', message: /larger than 1 MiB/ });
});

t.test('the example of docs/policies.md is one', async (t) => {
  const [example] = codeBlocks(read('docs/policies.md')).filter(({ language }) => language === 'yaml');
  t.equal((await readText(example!.lines.join('\n'))).policy, 'acme-baseline');
});

t.test('hostile YAML is told and never crashes: nesting, aliases, odd keys', async (t) => {
  const aliases = [
    'a: &a [x, x]',
    ...'bcdefghijk'
      .split('')
      .map((one, index) => `${one}: &${one} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`),
  ];
  const texts = [
    '['.repeat(20_000),
    `policy: acme\nrequirements: ${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    `${'{a: '.repeat(3_000)}b${'}'.repeat(3_000)}`,
    aliases.join('\n'),
    '__proto__: x\nconstructor: y\npolicy: acme\nextends: pci\n',
    '? [a, b]\n: c\npolicy: acme\n',
    '? {a: b}\n: c\n',
    'policy: !!binary aGVsbG8=\nextends: pci\n',
    '!!js/function x',
    '\0\0\0',
    '\ufeffpolicy: acme\nextends: [pci]\n',
    '&a policy: *a',
    '*a',
    '%YAML 9.9\n---\npolicy: acme',
  ];
  for (const text of texts) {
    const told = await faults(text);
    t.ok(told.length > 0, text.slice(0, 40));
    for (const one of told.filter((line) => !/^and \d+ more$/.test(line))) t.match(one, /^p\.yaml:\d+:\d+: ./);
  }
});

t.test('random documents: a policy, or what is wrong with file, line and column', async (t) => {
  const word = fc.oneof(
    fc.constantFrom(
      'policy',
      'requirements',
      'id',
      'key',
      'served',
      'certificate',
      'on',
      'required',
      'one-of',
      'at-least',
      'extends',
      'without',
      'tls',
      'rest',
      'pci',
      'a',
      '',
      '*',
      '1.20',
    ),
    fc.string({ maxLength: 8 }),
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(word, tie('node'), { maxKeys: 5 }),
    ),
  }));
  // Most of these are policies: a subject of its own in each requirement, and a relation.
  const requirement = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    key: fc.constantFrom('x', 'y', 'z'),
    required: fc.constantFrom('on', 'off', '1'),
  });
  const policy = fc.record({
    policy: fc.constantFrom('acme', 'b1'),
    requirements: fc.uniqueArray(requirement, { minLength: 1, maxLength: 3, selector: ({ id }) => id }),
  });
  const text = fc.oneof(
    node.map((value) => JSON.stringify(value)),
    policy.map((value) => JSON.stringify(value)),
    fc.string({ maxLength: 80 }),
  );
  let [refused, taken] = [0, 0];
  await fc.assert(
    fc.asyncProperty(text, async (one) => {
      const told = await faults(one);
      if (told.length > 0) refused += 1;
      if (told.length === 0) {
        taken += 1;
        const content = parse(one, { schema: 'failsafe' }) as {
          readonly policy: string;
          readonly requirements: readonly { readonly id: string }[];
        };
        const read = await readText(one);
        t.equal(read.policy, content.policy);
        t.strictSame(
          read.requirements?.map(({ id }) => id),
          content.requirements.map(({ id }) => id),
        );
        return true;
      }
      return told.every((line) => /^(?:p\.yaml:[1-9]\d*:[1-9]\d*: .|and \d+ more$)/.test(line));
    }),
    { numRuns: 1000 },
  );
  t.ok(refused > 400, `${refused} of 1000 are refused with a place`);
  t.ok(taken > 100, `${taken} of 1000 are policies`);
});
