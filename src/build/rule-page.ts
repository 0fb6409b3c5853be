import { SCOPE_WORDS, verdictTexts, WITNESS_WORDS, witnessesOf } from '../evaluate/rule-facts.ts';
import { SEVERITIES, type Severity } from '../model/report.ts';
import type { Rule } from '../model/rule.ts';
import { cell, escaped, reference } from './markdown.ts';

/** What severities mean: the least that a cluster has to have wrong for a finding of this kind. */
const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  critical: 'a channel or state in clear where TLS is expected, credentials in clear, REST open to all, no encryption',
  high: 'somebody can get in, or members are locked out, now or after the next restart',
  medium: 'weak, or not as configured; somebody has to do something before it is worse',
  low: 'weak in itself, with nothing near that uses it',
  info: 'worth knowing, or not seen and so not passed',
};

/** The catalogue of rules as Markdown: the whole text of `docs/rules.md`, the same for the same rules. */
export function rulePage(rules: readonly Rule[]): string {
  const inOrder = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1));
  const bySeverity = SEVERITIES.map((severity) => ({
    severity,
    own: inOrder.filter((rule) => rule.severity === severity),
  })).filter(({ own }) => own.length > 0);
  const parts = [
    head(inOrder.length),
    ...bySeverity.map(({ severity, own }) => index(severity, own)),
    ...bySeverity.flatMap(({ severity, own }) => [
      `## Rules of severity ${severity}\n\n${sentence(SEVERITY_WORDS[severity])}`,
      ...own.map(entry),
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function head(count: number): string {
  return [
    '# The rules',
    '<!-- Generated from src/rules by `npm run docs`. A change here is lost: change the rule. -->',
    `All ${count} rules, by severity. \`flinkprobe explain RULE\` prints the same in a terminal, \`flinkprobe list rules
--format json\` for programs.`,
    `A rule looks at ${words(Object.values(SCOPE_WORDS), 'or')}, and hears some of four witnesses:
${Object.entries(WITNESS_WORDS)
  .map(([witness, text]) => `${witness} (${text})`)
  .join(', ')}.
It answers pass, fail, inconclusive (what had to be seen was not) or not-applicable (there was nothing to judge). A fail
becomes a finding, as does an inconclusive that has something to say. The severity of a finding may differ from that of
its rule where the case is better or worse than usual; the rule says when. A rule that throws is told with verdict error,
and the run ends with 4.`,
  ].join('\n\n');
}

function words(all: readonly string[], last: 'and' | 'or'): string {
  return `${all.slice(0, -1).join(', ')} ${last} ${all.at(-1)}`;
}

function index(severity: Severity, rules: readonly Rule[]): string {
  const rows = rules.map((rule) => {
    const witnesses = witnessesOf(rule).join(', ');
    return `| [\`${rule.id}\`](#${rule.id}) | ${cell(rule.title)} | ${rule.scope} | ${witnesses} |`;
  });
  return [`## Index: ${severity}`, '', '| rule | title | looks at | hears |', '|---|---|---|---|', ...rows].join('\n');
}

function entry(rule: Rule): string {
  const verdicts = verdictTexts(rule).map(([verdict, text]) => `| ${verdict} | ${cell(text)} |`);
  return [
    `### ${rule.id}`,
    `**${escaped(rule.title)}.** ${sentence(rule.severity)} Looks at ${SCOPE_WORDS[rule.scope]}; hears ${witnessesOf(rule).join(', ')}.${silence(rule)}`,
    escaped(rule.rationale),
    `How it is decided: ${escaped(lowerFirst(rule.decides))}`,
    ['| verdict | means |', '|---|---|', ...verdicts].join('\n'),
    `What mends it: ${escaped(rule.remediation.text)}`,
    ...settings(rule),
    ...(rule.remediation.command === null ? [] : [`\`\`\`sh\n${rule.remediation.command}\n\`\`\``]),
    `References: ${rule.references.map(reference).join(', ')}.`,
  ].join('\n\n');
}

/** Other rules that tell the same of what was seen. */
function silence({ toldBy = [] }: Rule): string {
  const links = toldBy.map((id) => `[${id}](#${id})`);
  return links.length === 0 ? '' : ` Silent where one of these tells it: ${links.join(', ')}.`;
}

function settings({ remediation }: Rule): readonly string[] {
  const lines = Object.entries(remediation.settings).map(([key, value]) => `${key}: ${value}`);
  return lines.length === 0 ? [] : [`\`\`\`yaml\n${lines.join('\n')}\n\`\`\``];
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

/** The first word of a sentence, where it is an English word and no name. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? `${text[0]!.toLowerCase()}${text.slice(1)}` : text;
}
