import type { Finding, Severity } from '../model/report.ts';
import { settingLines } from './finding-text.ts';
import { codeBlock, inLink, inText } from './markdown-escape.ts';
import { printable } from './printable.ts';
import type { RuleText } from './sarif.ts';
import { rank } from './severity.ts';

/** A `reportingDescriptor` (section 3.49), as far as it is read here. */
export interface Descriptor {
  readonly id: string;
  readonly [property: string]: unknown;
}

/** `level` of SARIF, section 3.27.10; `none` stands where `kind` is not `fail`. */
export const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note' | 'none'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'none',
};

/** `security-severity` of GitHub code scanning: over 9.0 critical, from 7.0 high, from 4.0 medium, else low. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string | undefined>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
  info: undefined,
};

/** The rules that spoke, by id. */
export function sarifRules(findings: readonly Finding[], rules: readonly RuleText[]): Descriptor[] {
  const spoke = [...new Set(findings.map(({ ruleId }) => ruleId))].sort();
  return spoke.map((id) => {
    const said = findings.filter(({ ruleId }) => ruleId === id);
    return descriptor(rules.find((rule) => rule.id === id) ?? textOf(said[0]!), said);
  });
}

/** What a finding tells of its rule. */
function textOf({ ruleId, title, severity, remediation, references }: Finding): RuleText {
  return { id: ruleId, title, severity, rationale: '', decides: '', remediation, references };
}

function descriptor(rule: RuleText, said: readonly Finding[]): Descriptor {
  // Viewers have one severity a rule: of a rule that raises it (expiry within days) the worst that it said.
  const severity = said.reduce<Severity>(
    (worst, one) => (rank(one.severity) < rank(worst) ? one.severity : worst),
    rule.severity,
  );
  const level = LEVELS[severity];
  const rating = SECURITY_SEVERITY[severity];
  const page = rule.references.find((one) => /^https?:\/\/[^\s<>"{}|\\^`]+$/.test(one));
  return {
    id: rule.id,
    ...(pascalCase(rule.id) === rule.id ? {} : { name: pascalCase(rule.id) }),
    shortDescription: { text: printable(rule.title) },
    // GitHub takes no rule without one.
    fullDescription: { text: printable(rule.rationale === '' ? rule.title : rule.rationale) },
    help: help(rule),
    ...(page === undefined ? {} : { helpUri: page }),
    defaultConfiguration: { level },
    properties: {
      tags: ['security', 'flink', 'tls'],
      precision: 'high',
      'problem.severity': level === 'error' ? 'error' : level === 'warning' ? 'warning' : 'recommendation',
      ...(rating === undefined ? {} : { 'security-severity': rating }),
    },
  };
}

function help({ id, rationale, decides, remediation, references }: RuleText): object {
  const settings = settingLines(remediation.settings);
  const sentences: readonly (readonly [string, string])[] = [
    ['Why', rationale],
    ['How it is decided', decides],
    ['Fix', remediation.text],
  ];
  const told = sentences.filter(([, text]) => text !== '');
  const more = `flinkprobe explain ${id}`;
  const pages = references.map(printable);
  return {
    text: [...told.map(([name, text]) => `${name}: ${printable(text)}`), ...settings, ...pages, more].join('\n'),
    markdown: [
      ...told.map(([name, text]) => `**${name}.** ${inText(text)}`),
      ...(settings.length === 0 ? [] : [codeBlock(settings, 'yaml')]),
      references.map((one) => `- ${inLink(one)}`).join('\n'),
      codeBlock([more], 'sh'),
    ]
      .filter((block) => block !== '')
      .join('\n\n'),
  };
}

/** `plaintext-channel` as `PlaintextChannel`, which section 3.49.7 asks for. */
function pascalCase(id: string): string {
  return id.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9]?)/g, (_, first: string) => first.toUpperCase());
}
