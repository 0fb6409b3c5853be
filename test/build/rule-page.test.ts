import t from 'tap';
import { rulePage } from '../../src/build/rule-page.ts';
import type { ConfigurationRule } from '../../src/model/rule.ts';
import { anchors, codeBlocks, section, tableOf } from '../support/markdown.ts';

const RULE: ConfigurationRule = {
  id: 'b-rule',
  scope: 'configuration',
  title: 'A value of *.dir | of <path>',
  severity: 'high',
  rationale: 'Keys such as metrics.reporter.<name>.port and env_java_opts matter.',
  decides: 'Looks at *.dir.',
  verdicts: { pass: 'no value | none', 'not-applicable': 'nothing is set' },
  remediation: { text: 'Set it.', settings: { 'a.key': '<password>' }, command: 'chmod 0600 FILE' },
  references: [
    'https://www.rfc-editor.org/rfc/rfc9325#section-4.1',
    'https://www.rfc-editor.org/rfc/rfc8446#appendix-E.1',
    'https://www.rfc-editor.org/rfc/rfc7919',
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/',
    'FLINK-1',
  ],
  appliesTo: () => true,
  evaluate: () => [],
};
const OTHER: ConfigurationRule = { ...RULE, id: 'a-rule', severity: 'low', title: 'Another', toldBy: ['b-rule'] };

t.test('the page is the same whatever the order of the rules, and the worst come first', async (t) => {
  t.equal(rulePage([RULE, OTHER]), rulePage([OTHER, RULE]));
  t.strictSame(
    anchors(rulePage([OTHER, RULE])).filter((one) => /^[ab]-rule$/.test(one)),
    ['b-rule', 'a-rule'],
  );
});

t.test('what Markdown would take for marks stands as it is', async (t) => {
  const page = rulePage([RULE]);
  t.match(page, 'metrics.reporter.\\<name\\>.port and env\\_java\\_opts');
  t.match(page, 'How it is decided: looks at \\*.dir.');
  t.match(section(page, 'Index: high'), 'A value of \\*.dir \\| of \\<path\\>');
  t.strictSame(
    tableOf(page, 'verdict', 'means').map(({ verdict }) => verdict),
    ['pass', 'not-applicable'],
  );
});

t.test('settings and commands are copied from fenced blocks', async (t) => {
  t.strictSame(codeBlocks(rulePage([RULE])), [
    { language: 'yaml', lines: ['a.key: <password>'] },
    { language: 'sh', lines: ['chmod 0600 FILE'] },
  ]);
});

t.test('references are links by the name of what they lead to', async (t) => {
  const page = rulePage([RULE]);
  for (const link of [
    '[RFC 9325 section 4.1](https://www.rfc-editor.org/rfc/rfc9325#section-4.1)',
    '[RFC 8446 appendix E.1](https://www.rfc-editor.org/rfc/rfc8446#appendix-E.1)',
    '[RFC 7919](https://www.rfc-editor.org/rfc/rfc7919)',
    '[Flink documentation: deployment/config](https://nightlies',
    ', FLINK-1.',
  ])
    t.ok(page.includes(link), link);
});

t.test('who keeps silent for whom is told, with a link', async (t) => {
  t.match(rulePage([RULE, OTHER]), 'Silent where one of these tells it: [b-rule](#b-rule).');
  t.notMatch(rulePage([RULE]), 'Silent where');
});
